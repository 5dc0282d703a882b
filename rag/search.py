"""A question → passages, best first; every hit says why it is there.

Two legs bring candidates: BM25 over characters, pairs, words and numbers, and the nearest vectors.
One order is made of them by `rag.ranking`, learned apart for passages in the question's language
and in the other one. Reciprocal-rank fusion, the usual choice, made every Chinese set worse than
BM25 alone (CMRC 2018 recall@1 .96 → .90), because the dense leg is the weaker.

Of passages that say the same in other articles one is ranked; the others stand behind it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

import embeddings
from embeddings import Embedder
from rag import lexicon
from rag.codes import cosines
from rag.duplicates import twins
from rag.errors import WrongEmbedder
from rag.filters import Filter, named
from rag.lexicon.spelling import respellings
from rag.lexicon.words import FUNCTION_WORDS
from rag.protocol import PassageStore, Vectors, Words
from rag.ranking import (
    FEATURES,
    MEANT,
    OTHER_LANGUAGE,
    SAME_LANGUAGE,
    Candidate,
    Floats,
    Group,
    features,
    matched,
    meant,
)
from rag.refusal import missing_words
from rag.settings import Settings
from rag.store import ChunkText, Store
from rag.terms import ASKING_CHARACTERS, fold, is_chinese, subject_terms, terms
from rag.types import Article, Hit
from rag.vectors import Ids, VectorIndex

_WORDS_BEFORE_VECTORS = 2  # candidates of BM25 for each of the vectors; more bring nothing
_MISSED = 0.8  # BM25 of a passage the lexical leg did not bring, of the last one it brought
_PLAIN = 0.3  # weight of the cosine beside BM25 where the learned order is switched off
_BEGIN = 2  # characters of a name that it is looked up by
_MOST_TWINS = 4  # passages listed behind the one that says the same
_FOREIGN = 0.001  # share of passages in a language that makes it one of the corpus's
_CLOSER = 24  # passages whose words are compared with the question's; 12 lose what that brings
_SPARE = 10  # nearest vectors beyond those wanted: their order is by exact cosines
_EMPTY = ASKING_CHARACTERS | FUNCTION_WORDS
_CHINESE_WORDS, _ENGLISH_WORDS = ("的", "是", "在"), ("the", "of", "and")


Rerank = Callable[[str, Sequence[str]], Sequence[float]]
"""A question and passages → how well each fits; higher is better."""


@dataclass(frozen=True, slots=True)
class _Query:
    """What is looked for: weighted search terms, and groups in each language of the corpus."""

    chinese: bool  # the question's language
    weights: Mapping[str, float]
    own: Sequence[Group]
    other: Sequence[Group]


@dataclass(slots=True)
class _Found:
    """What the legs say of a passage."""

    lexical_rank: int | None = None
    lexical: float = 0.0
    dense_rank: int | None = None
    dense: float = 0.0
    own: bool = True  # in the question's language
    row: Floats | None = None  # its rag.ranking.FEATURES
    fit: float = 0.0
    groups: Sequence[Group] = ()  # what its place was computed from
    reranker: float | None = None  # what a cross-encoder says, where one is set


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate and what its place was computed from: what `eval.ranking` fits weights on."""

    source: str
    text: str
    own: bool  # in the question's language
    features: tuple[float, ...]


class Looked(NamedTuple):
    """What was found, and what was looked for in the corpus's other language."""

    hits: tuple[Hit, ...]
    translated: Sequence[Group]


class _Aliases(NamedTuple):
    """Other names that the articles give, as folded pairs."""

    revision: int  # of the store
    pairs: Sequence[tuple[str, str]]
    begun: Mapping[str, Sequence[int]]  # two characters → the pairs of which a name begins so

    @classmethod
    def of(cls, revision: int, pairs: Sequence[tuple[str, str]]) -> _Aliases:
        """Return what is found again by how it begins: of many pairs few are looked at."""
        folded = [(fold(name), fold(alias)) for name, alias in pairs]
        begun: dict[str, list[int]] = {}
        for number, pair in enumerate(folded):
            for begin in {name[:_BEGIN] for name in pair}:
                begun.setdefault(begin, []).append(number)
        return cls(revision, folded, begun)

    def in_text(self, folded: str) -> list[tuple[str, str]]:
        """Return the pairs of which one name stands in a folded text, in order."""
        begins = {folded[n : n + k] for n in range(len(folded)) for k in range(1, _BEGIN + 1)}
        numbers = {number for begin in begins for number in self.begun.get(begin, ())}
        pairs = [self.pairs[number] for number in sorted(numbers)]
        return [pair for pair in pairs if any(name in folded for name in pair)]


class Search:
    """Finds passages. Safe to share between threads: each gets its own store, the indexes are
    replaced as a whole."""

    def __init__(
        self,
        open_store: Callable[[], PassageStore],
        lexical: Words,
        embedder: Embedder,
        settings: Settings,
        rerank: Rerank | None = None,
        vectors: Callable[[Any], Vectors] | None = None,
    ) -> None:
        """Search what `open_store` opens; `vectors` stands for a store's, None for FAISS."""
        self._rerank = rerank
        self._vectors_of = vectors
        self._open_store = open_store
        self._local = threading.local()
        self._lexical = lexical
        self._embedder = embedder
        self._settings = settings
        self._parts = frozenset(settings.search.split())
        self._lock = threading.Lock()
        self._revision = -1
        self._vectors: VectorIndex | None = None
        self._aliases: _Aliases | None = None

    @property
    def store(self) -> PassageStore:
        """This thread's store."""
        if not hasattr(self._local, "store"):
            self._local.store = self._open_store()
        store: PassageStore = self._local.store
        return store

    def find(self, question: str, limit: int, within: Filter = Filter()) -> tuple[Hit, ...]:
        """Return the hits of `look`."""
        return self.look(question, limit, within).hits

    def look(self, question: str, limit: int, within: Filter = Filter()) -> Looked:
        """Return up to `limit` passages for the question, best first, each followed by those that
        say the same in other articles.

        Only passages of the articles in `within`, and of those the question itself names.
        """
        found, _, query = self._found(question, within)
        order = sorted(found, key=lambda n: (-found[n].fit, n))
        order = self._reranked(question, order, found)
        return Looked(self._hits(order, found, limit, within), query.other)

    def _reranked(self, question: str, order: list[int], found: Mapping[int, _Found]) -> list[int]:
        """Return the order with the first ones as a reranker has them.

        How well they fit is dealt out anew in that order, so that readers see the scale they know.
        """
        if self._rerank is None:
            return order
        chunks = self.store.chunks(list(order[: self._settings.reranked]))
        articles = self.store.articles_by_id({c.article_id for c in chunks.values()})
        first = [number for number in order[: self._settings.reranked] if number in chunks]
        texts = []
        for number in first:
            article = articles[chunks[number].article_id]
            body = article.text[slice(*chunks[number].span)]
            texts.append(f"{article.title}\n{body}" if article.title else body)
        for number, score in zip(first, self._rerank(question, texts), strict=True):
            found[number].reranker = score
        best = sorted(first, key=lambda n: -(found[n].reranker or 0.0))
        for number, fit in zip(best, [found[n].fit for n in first], strict=True):
            found[number].fit = fit
        return [*best, *(number for number in order if number not in set(first))]

    def missing(self, question: str) -> tuple[str, ...]:
        """Return the question's names, years and longer words that stand in no passage."""
        return missing_words(question, self._lexical.frequencies)

    def weigh(self, question: str) -> list[Weighed]:
        """Return every candidate with what its place is computed from, best first."""
        found, texts, _ = self._found(question, Filter())
        self._look_closer(question, list(found), found, texts)
        return [
            Weighed(texts[n].source, texts[n].text, one.own, tuple(map(float, one.row)))
            for n, one in sorted(found.items(), key=lambda item: -item[1].fit)
            if one.row is not None
        ]

    def _found(
        self, question: str, within: Filter
    ) -> tuple[dict[int, _Found], dict[int, ChunkText], _Query]:
        self._lexical.refresh(self.store)
        vectors = self.vectors()
        among = self._among(question, within)
        vector = self._embedder.encode_queries([question])[0]
        query = self._query(question, vector)
        found = self._candidates(query, vectors, vector, among)
        texts = self.store.texts(list(found))
        found = {number: one for number, one in found.items() if number in texts}
        self._rank(question, query, found, texts)
        return found, texts, query

    def _among(self, question: str, within: Filter) -> list[int] | None:
        """Return the chunks to look in, None for all: what the user wants, and of that what the
        question names, if there is any."""
        meant = named(question, self.store)
        for filter_ in dict.fromkeys([within.narrowed(meant), within]):
            if not filter_:
                return None
            articles = [identity for identity, *_ in self.store.heads(filter_)]
            if articles or filter_ == within:
                return self.store.chunks_of(articles)
        return None

    def _query(self, question: str, vector: Floats) -> _Query:
        chinese = is_chinese(question)
        plain = [term for term in terms(question) if term not in _EMPTY]
        weights = dict.fromkeys(plain, 1.0)
        told = [term for term in subject_terms(question) if term not in _EMPTY]
        meant = (
            respellings(question, self._lexical.frequencies) if "spelling" in self._parts else {}
        )
        known = self._lexical.frequencies([*told, *meant])
        # what is misspelt stands nowhere: it is not asked of the passages as well
        sure = {term: 1.0 for term in told if known.get(term) or not meant} | meant
        own = [Group({t: 1.0}, w * self._rarity(known.get(t, 0))) for t, w in sorted(sure.items())]
        for group in self._also_called(question):
            own.append(Group(dict(group.worth), sum(g.weight for g in own) / max(1, len(own))))
            for term, weight in lexicon.bm25_terms([group]).items():
                meant[term] = max(meant.get(term, 0.0), weight)
        weights |= {term: max(weights.get(term, 0.0), w) for term, w in meant.items()}
        other: Sequence[Group] = ()
        if "translation" in self._parts and self._holds(
            _ENGLISH_WORDS if chinese else _CHINESE_WORDS
        ):
            translated = lexicon.translate(
                question,
                frequency=self._lexical.frequencies,
                passages=self._lexical.count,
                vector=vector,
                embedder=self._embedder,
            )
            other = [Group(dict(group.worth), group.weight) for group in translated]
            for term, weight in lexicon.bm25_terms(translated).items():
                weights[term] = max(weights.get(term, 0.0), weight)
        return _Query(chinese, weights, own, other)

    def _also_called(self, question: str) -> Sequence[lexicon.Group]:
        """Return the other names that the articles give to what the question names."""
        if "aliases" not in self._parts:
            return ()
        revision = self.store.revision
        if self._aliases is None or self._aliases.revision != revision:
            self._aliases = _Aliases.of(revision, self.store.aliases())
        return lexicon.expand(question, self._aliases.in_text(fold(question)))

    def _rarity(self, passages: int) -> float:
        """Return the inverse document frequency, as BM25 has it."""
        return math.log(1 + (self._lexical.count - passages + 0.5) / (passages + 0.5))

    def _holds(self, words: Sequence[str]) -> bool:
        """Tell whether some of the corpus is in the language of these words."""
        known = self._lexical.frequencies(words)
        return max(known.values(), default=0) > _FOREIGN * self._lexical.count

    def _candidates(
        self,
        query: _Query,
        vectors: Vectors,
        vector: Floats,
        among: Sequence[int] | None,
    ) -> dict[int, _Found]:
        limit = self._settings.candidates
        found: dict[int, _Found] = {}
        use = self._parts.__contains__
        lexical = self._lexical.search(query.weights, limit, among) if use("lexical") else []
        for rank, (number, score) in enumerate(lexical, 1):
            found[number] = _Found(lexical_rank=rank, lexical=score)
        if use("dense"):
            limit = -(-limit // _WORDS_BEFORE_VECTORS)
            near = [number for number, _ in vectors.search(vector, limit + _SPARE, among)]
            exact = self._cosines(vector, {*near, *found})
            nearest = sorted(exact.keys() & set(near), key=lambda n: (-exact[n], n))[:limit]
            for rank, number in enumerate(nearest, 1):
                found.setdefault(number, _Found()).dense_rank = rank
            for number in found.keys() & exact.keys():
                found[number].dense = exact[number]
        return found

    def _cosines(self, vector: Floats, numbers: Collection[int]) -> dict[int, float]:
        """Return the cosines of the passages that are there, as every store has them."""
        there, rows = self.store.vectors_there(list(numbers))
        return dict(zip(there, cosines(rows, vector), strict=True))

    def _rank(
        self,
        question: str,
        query: _Query,
        found: Mapping[int, _Found],
        passages: Mapping[int, ChunkText],
    ) -> None:
        """Say of each candidate how well it fits."""
        least = min((f.lexical for f in found.values() if f.lexical_rank), default=0.0) * _MISSED
        top = max((f.lexical for f in found.values()), default=0.0)
        nearest = max((f.dense for f in found.values()), default=0.0)
        folded = {number: fold(passage.text) for number, passage in passages.items()}
        chinese = {number: is_chinese(text) for number, text in folded.items()}
        own = [number for number in folded if chinese[number] == query.chinese]
        other = [number for number in folded if chinese[number] != query.chinese]
        for numbers, groups in ((own, query.own), (other, query.other or query.own)):
            candidates = [
                Candidate(
                    found[n].lexical if found[n].lexical_rank else least,
                    found[n].dense,
                    folded[n],
                    passages[n].opens,
                    passages[n].article,
                )
                for n in numbers
            ]
            rows = features(groups, candidates, top=top, nearest=nearest)
            for number, row in zip(numbers, rows, strict=True):
                one = found[number]
                one.own, one.row, one.groups = numbers is own, row, groups
        if "order" not in self._parts:
            for one in found.values():
                assert one.row is not None
                one.fit = max(0.0, float(one.row[FEATURES.index("lexical")]) + _PLAIN * one.dense)
            return
        _fit(found.values())
        first = sorted(found, key=lambda n: (-found[n].fit, n))[:_CLOSER]
        self._look_closer(question, first, found, passages)
        _fit(found.values())

    def _look_closer(
        self,
        question: str,
        first: Sequence[int],
        found: Mapping[int, _Found],
        passages: Mapping[int, ChunkText],
    ) -> None:
        """Say of the first candidates how well their words stand for the question's; of the others,
        as well as the worst of these."""
        if not first:
            return
        words = embeddings.of_words(self._embedder)
        near = meant(*words.nearest(question, [passages[n].text for n in first]))
        told = dict(zip(first, near, strict=True))
        for number, one in found.items():
            assert one.row is not None
            one.row[MEANT] = told.get(number, near.min())

    def vectors(self) -> Vectors:
        """Return the vector index of the last committed state: the one at hand, brought up to date;
        what was kept on disk; or one built now."""
        store = self.store
        if self._vectors_of is not None:
            return self._vectors_of(store)
        assert isinstance(store, Store)
        with self._lock:
            revision = store.revision
            if self._vectors is not None and revision == self._revision:
                return self._vectors
            self._follow_embedder(store)
            numbers = self._chunk_numbers(store)
            state = f"{store.setting('identity')} {store.setting('fingerprint')}"
            vectors = self._vectors.updated(numbers, store.vectors) if self._vectors else None
            fetch = store.vectors
            vectors = vectors or VectorIndex.load(store.folder, state, numbers, fetch)
            if vectors is None:
                vectors = VectorIndex(numbers, fetch)
                vectors.save(store.folder, state)
            self._vectors, self._revision = vectors, revision
            return vectors

    def _chunk_numbers(self, store: Store) -> Ids:
        """Return the numbers of all chunks; where none is gone, only the new ones are read."""
        if self._vectors is None or not len(self._vectors):
            return np.array(store.chunk_numbers(), np.int64)
        known = self._vectors.ids
        new = np.array(store.chunk_numbers(after=int(known[-1])), np.int64)
        if store.counts()["chunk"] != len(known) + len(new):
            return np.array(store.chunk_numbers(), np.int64)
        return np.concatenate([known, new])

    def _follow_embedder(self, store: Store) -> None:
        """Take the embedder that the index is made by now, if it was embedded anew meanwhile.
        Raises WrongEmbedder when that cannot be loaded."""
        name, made_by = store.setting("embedder"), store.setting("fingerprint")
        if made_by == self._embedder.fingerprint:
            return
        try:
            self._embedder = embeddings.load(name)
        except embeddings.EmbedderError as error:
            raise WrongEmbedder(f"the index is now made by embedder {name!r}: {error}") from error
        store.check_embedder(self._embedder.name, self._embedder.fingerprint)
        self._vectors = None

    def _hits(
        self, order: Sequence[int], found: Mapping[int, _Found], limit: int, within: Filter
    ) -> tuple[Hit, ...]:
        groups = [[n] for n in order[:limit]]
        if "twins" in self._parts and isinstance(self.store, Store):
            groups = twins(self.store, order[: 3 * limit])[:limit]
        numbers = [number for group in groups for number in group[: 1 + _MOST_TWINS]]
        chunks = self.store.chunks(numbers)
        articles = self._under_all_names({c.article_id for c in chunks.values()}, within)
        raw = self.store.raw({a.source for some in articles.values() for a in some})
        hits: list[Hit] = []
        for group in groups:
            leader: int | None = None
            for number in group[: 1 + _MOST_TWINS]:
                if number not in chunks:  # removed since the vectors were read
                    continue
                one, span = found[number], chunks[number].span
                for article in articles.get(chunks[number].article_id, ()):
                    hit = Hit(
                        len(hits) + 1,
                        article,
                        span,
                        article.to_source(span, raw[article.source]),
                        one.fit,
                        one.lexical_rank,
                        one.lexical,
                        one.dense_rank,
                        one.dense,
                        matched(one.groups, fold(article.text[slice(*span)])),
                        reranker=one.reranker,
                    )
                    hits.append(replace(hit, same_as=leader) if leader else hit)
                    leader = leader or hit.rank
        return tuple(hits)

    def _under_all_names(
        self, identities: Collection[str], within: Filter
    ) -> dict[str, list[Article]]:
        """Return articles, each followed by those that are the same under another name, of those
        that are looked for."""
        same = self.store.same_articles(identities)
        found = {}
        for identity, article in self.store.articles_by_id(identities).items():
            every = [article, *same.get(identity, ())][: 1 + _MOST_TWINS]
            meant = [a for a in every if within.holds(a.source, a.title, a.published)]
            found[identity] = meant or every
        return found


def _fit(found: Iterable[_Found]) -> None:
    """Weigh the features of candidates, apart for those in the question's language and in the other
    one."""
    for own, weights in ((True, SAME_LANGUAGE), (False, OTHER_LANGUAGE)):
        some = [(one, one.row) for one in found if one.own is own and one.row is not None]
        if some:
            fits = weights.fit(np.stack([row for _, row in some]))
            for (one, _), fit in zip(some, fits, strict=True):
                one.fit = max(0.0, float(fit))
