"""A question of one language → groups of weighted terms of the other.

"How many drones did Songyan ship in July?" → drones: 无人机 1, 架 .6 · songyan: 松延 .6, 宋岩 .6
· ship: 船舶, 运送 … · july: 7月

Measured on the odd half of 200 English questions about 194,285 Chinese passages: see README.md
beside the weights.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rag.lexicon import numbers
from rag.lexicon.groups import SINGLE, Group, searchable
from rag.lexicon.names import (
    FAMILY_NAMES,
    family_names,
    in_characters,
    in_letters,
    spellings,
)
from rag.lexicon.words import (
    ASKING,
    FUNCTION_WORDS,
    PARTICLES,
    cut,
    listed,
    translations,
    trusted,
)
from rag.terms import fold, terms

Frequency: TypeAlias = Callable[[Sequence[str]], Mapping[str, int]]

# Chosen on the even half of the 200 English questions; recall@10 moved by .01 or .02 around them.
KEPT, LEAST = 6, 0.3  # alternatives of a group, and the least share of the best one's weight
CONTEXT = 2.0  # a translation's weight rises by e with each half of cosine to the question
KNOWN_NAME, NAME, LONGER = 1.0, 0.6, 0.4  # weight of a name found by its sound: one that the
# lexicon knows, any, and one of more syllables than another (Liyuan: 力源, not 力与安)
FAMILIES = 2  # characters that a family name alone may be: Li is 李, less often 黎
INFLECTED = 0.9  # weight of a regular form of an English translation
COMMON = 1.0  # power of a translation's share of the commonest one's log count
LONGEST_PHRASE = 4  # English words

ENGLISH_WORD = re.compile(r"[a-z\u00df-\u024f]+(?:'[a-z]+)?")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_MONTH_BEFORE = listed(
    """
    in of on by since until last this next early late mid
    """
)


class QueryEmbedder(Protocol):
    """What translation needs of an embedding model."""

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, d) unit rows."""


@dataclass
class _Draft:
    """A word with its candidates before the corpus has been asked."""

    word: str
    candidates: dict[str, float] = field(default_factory=dict)
    fixed: bool = False  # exact spellings (numbers, names): the context has no say
    share: float = 1.0
    trusted: bool = False  # a name, whatever else the word means


def translate(
    question: str,
    *,
    frequency: Frequency,
    passages: int,
    vector: NDArray[np.float32] | None = None,
    embedder: QueryEmbedder | None = None,
) -> tuple[Group, ...]:
    """Return the question's content words in the other language of Chinese and English.

    `frequency` tells in how many of the `passages` each term of rag.terms stands; it may leave out
    those that stand in none. It is called twice. With `vector`, the question's own, and `embedder`
    translations near the question count more. Words the corpus knows as they are (Tesla, SUV) and
    numbers keep their place. A question of neither language gives ().
    """
    drafts = _drafts(question)
    if not drafts:
        return ()
    known = _known(frequency, drafts)
    _add_names(drafts, known, frequency, question)
    if vector is not None and embedder is not None and vector.any():
        _weigh_by_context(drafts, known, vector, embedder)
    groups = (_group(draft, known, passages) for draft in drafts)
    return tuple(group for group in groups if group is not None)


def held(question: str, texts: Iterable[str]) -> Iterator[dict[str, dict[str, float]]]:
    """Yield of each folded text what it holds of the question in the other language: folded words
    of the question with what stands for them there, weighted, 0 < w <= 1.

    >>> next(held("Who heads Songyan?", ["松延动力由姜哲源领导"]))["songyan"]
    {'松延': 0.6}
    """
    for text in texts:
        yield _held_in(question, text)


@lru_cache(maxsize=64)  # a passage is read, and then what was read in it is weighed
def _held_in(question: str, text: str) -> dict[str, dict[str, float]]:
    counts = partial(_in_text, set(terms(text)))
    mine = [replace(draft, candidates=dict(draft.candidates)) for draft in _drafted(question)]
    known = _known(counts, mine)
    _add_names(mine, known, counts, question)
    found = {d.word: {z: w for z, w in d.candidates.items() if known.get(z)} for d in mine}
    return {word: others for word, others in found.items() if others}


def content_words(question: str) -> dict[str, float]:
    """Return the words and phrases of a question that are looked for in the other language, folded,
    and how far each tells one passage from another, 0 to 1."""
    return {draft.word: draft.share * trusted(draft.word) for draft in _drafted(question)}


@lru_cache(maxsize=4)  # asked once a passage
def _drafted(question: str) -> tuple[_Draft, ...]:
    return tuple(_drafts(question))


def _in_text(standing: Set[str], asked: Sequence[str]) -> dict[str, int]:
    return {term: 1 for term in asked if term in standing}


def _drafts(question: str) -> list[_Draft]:
    folded = fold(question)
    han = sum(map(len, _HAN.findall(folded)))
    latin = len(ENGLISH_WORD.findall(folded))
    if not han and not latin and not any(map(str.isdigit, folded)):
        return []
    return list(_from_chinese(folded) if han > latin else _from_english(question, folded))


# ---- English → Chinese


def _from_english(question: str, folded: str) -> Iterator[_Draft]:
    words = list(ENGLISH_WORD.finditer(folded))
    by_start = {word.start(): k for k, word in enumerate(words)}
    amounts = [m for m in numbers.ENGLISH.finditer(folded) if not _is_modal_may(m, folded)]
    taken = {k for m in amounts for k in range(m.start(), m.end())}
    for match in amounts:
        spelled = numbers.in_chinese(match)
        yield _Draft(match.group(), spelled, fixed=True)
    for run in _HAN.findall(folded):
        yield _Draft(run, {run: 1.0}, fixed=True)
    seen: set[str] = set()
    for start, k in by_start.items():
        if start in taken:
            continue
        phrase = _phrase(words, k)
        if phrase is not None:
            yield phrase
        word = words[k].group()
        acronym = _acronym(question, words[k])
        if (word.removesuffix("'s") in FUNCTION_WORDS and not acronym) or len(word) < 2:
            continue
        if word in seen:
            continue
        seen.add(word)
        draft = _Draft(word, acronym or _english_word(word))
        if not draft.candidates or _is_name(question, words[k]):
            draft.candidates.setdefault(word.removesuffix("'s"), 1.0)
        if _is_name(question, words[k]) and (family := family_names(word.removesuffix("'s"))):
            draft.candidates |= dict.fromkeys(family[:FAMILIES], 1.0)
            draft.trusted = True
        yield draft


def _is_name(question: str, word: re.Match[str]) -> bool:
    """Tell whether a word is capitalised where it need not be: not the first of the question."""
    return word.start() > 0 and question[word.start()].isupper()


def _acronym(question: str, word: re.Match[str]) -> dict[str, float]:
    """Return what a word written in capitals stands for, SAFE or WHO; {} where it is not known, or
    where all the question is written so."""
    bare = word.group().removesuffix("'s")
    written = question[word.start() : word.start() + len(bare)]
    is_one = len(bare) > 1 and written.isupper() and not question.isupper()
    return translations("english", written) if is_one else {}


def _is_modal_may(match: re.Match[str], folded: str) -> bool:
    """Tell whether "may" is a verb: no day after it, and no preposition before."""
    before = folded[: match.start()].split()
    return match.group() == "may" and (not before or before[-1] not in _MONTH_BEFORE)


def _phrase(words: Sequence[re.Match[str]], first: int) -> _Draft | None:
    """Return the longest phrase of the lexicon that starts at a word."""
    if words[first].group() in FUNCTION_WORDS:
        return None
    for length in range(min(LONGEST_PHRASE, len(words) - first), 1, -1):
        parts = [word.group() for word in words[first : first + length]]
        if parts[-1] in FUNCTION_WORDS:
            continue
        for last in base_forms(parts[-1]):
            phrase = " ".join([*parts[:-1], last])
            found = translations("english", phrase)
            if found:
                return _Draft(phrase, {z: w for z, w in found.items() if len(z) > 1})
    return None


def _english_word(word: str) -> dict[str, float]:
    bare = word.removesuffix("'s")
    for form in (*base_forms(bare), bare.upper()):  # imf is IMF
        found = translations("english", form)
        if found:
            return found
    return {}


def base_forms(word: str) -> Iterator[str]:
    """Yield a word, then what it may be an inflected form of."""
    yield word
    for ending, replacements in (
        ("'s", ("",)),
        ("ies", ("y",)),
        ("es", ("",)),
        ("s", ("",)),
        ("ied", ("y",)),
        ("ed", ("", "e")),
        ("ing", ("", "e")),
        ("ly", ("",)),
        ("ise", ("ize",)),
        ("ised", ("ize",)),
        ("ising", ("ize",)),
        ("isation", ("ization",)),
    ):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word.removesuffix(ending)
            yield from (stem + replacement for replacement in replacements)
            if ending in ("ed", "ing") and stem[-1] == stem[-2:-1]:
                yield stem[:-1]  # planned → plan


# ---- Chinese → English


def _from_chinese(folded: str) -> Iterator[_Draft]:
    for match in ENGLISH_WORD.finditer(folded):
        if match.group() not in FUNCTION_WORDS:
            yield _Draft(match.group(), {match.group(): 1.0}, fixed=True)
    amounts = list(numbers.CHINESE.finditer(folded))
    for match in amounts:
        yield _Draft(match.group(), numbers.in_english(match), fixed=True)
    rest = numbers.CHINESE.sub(lambda m: " " * len(m.group()), ASKING.sub(" ", folded))
    for run in _HAN.findall(rest):
        yield from _chinese_run(run)


def _chinese_run(run: str) -> Iterator[_Draft]:
    unknown = ""
    cuts = cut(run)
    for place, family in enumerate(run):
        for name in (run[place : place + 3], run[place : place + 2]):
            if family in FAMILY_NAMES and len(name) > 1 and len(cut(name)) > 1:
                full = [x for x in in_letters(name) if " " in x]
                yield _Draft(name, dict.fromkeys(full, 1.0), fixed=True)
    for word in [*cuts, ""]:
        if len(word) == 1 and word not in PARTICLES:
            unknown += word
        elif unknown:
            if len(unknown) > 1:
                yield _Draft(unknown, dict.fromkeys(in_letters(unknown), 1.0), fixed=True)
            unknown = ""
        if not word or word in PARTICLES:
            continue
        found = translations("chinese", word)
        wide = {form: w * INFLECTED for en, w in found.items() for form in _inflections(en)}
        yield _Draft(word, wide | found, share=1.0 if len(word) > 1 else SINGLE)


def _inflections(word: str) -> Iterator[str]:
    """Yield the regular forms of an English word; the corpus tells which exist."""
    if " " in word or len(word) < 3:
        return
    stem = word.removesuffix("e")
    yield word + "s"
    yield stem + "ed"
    yield stem + "ing"
    if word[-1] in "sxzh":
        yield word + "es"
    if word[-1] == "y":
        yield word[:-1] + "ies"


# ---- both ways


def _known(frequency: Frequency, drafts: Iterable[_Draft]) -> dict[str, int]:
    """Return how many passages hold each alternative at most: the least of its terms' counts."""
    parts = {z: searchable(z) for draft in drafts for z in draft.candidates}
    counts = frequency(list(dict.fromkeys(t for found in parts.values() for t in found)))
    return {z: min((counts.get(t, 0) for t in found), default=0) for z, found in parts.items()}


def _add_names(
    drafts: list[_Draft], known: dict[str, int], frequency: Frequency, question: str
) -> None:
    """Give words that no dictionary knows, and capitalised ones, the characters they may sound
    as."""
    unknown = {
        d.word
        for d in drafts
        if not d.fixed and d.word.isascii() and not any(known[z] for z in d.candidates)
    }
    phrases = {d.word for d in drafts if " " in d.word}
    for name in spellings(question, unknown):
        found = in_characters(name, frequency)
        if not found or name.text in phrases:
            continue
        known.update(found)
        parts = name.text.split()
        if len(parts) > 1:
            drafts[:] = [d for d in drafts if d.word.removesuffix("'s") not in parts]
        draft = next((d for d in drafts if d.word == name.text), None)
        if draft is None:
            draft = _Draft(name.text)
            drafts.append(draft)
        draft.fixed = True
        bare = name.text.removesuffix("'s")
        for spelling in found:  # 咸阳 is a place that the lexicon knows, 县阳 is not
            known_name = bare in translations("chinese", spelling)
            fewest = len(spelling) == min(map(len, found))
            weight = KNOWN_NAME if known_name else NAME if fewest else LONGER
            draft.candidates[spelling] = max(weight, draft.candidates.get(spelling, 0.0))


def _weigh_by_context(
    drafts: Iterable[_Draft],
    known: Mapping[str, int],
    vector: NDArray[np.float32],
    embedder: QueryEmbedder,
) -> None:
    open_ = [d for d in drafts if not d.fixed and sum(known[z] > 0 for z in d.candidates) > 1]
    words = list({z for d in open_ for z in d.candidates if known[z]})
    if not words:
        return
    cosines = dict(zip(words, embedder.encode_queries(words) @ vector, strict=True))
    for draft in open_:
        for word in draft.candidates:
            if word in cosines:
                draft.candidates[word] *= math.exp(CONTEXT * float(cosines[word]))


def _group(draft: _Draft, known: Mapping[str, int], passages: int) -> Group | None:
    present = {z: w for z, w in draft.candidates.items() if known.get(z) and w > 0}
    if not present:
        return None
    kept = present
    if not draft.fixed:
        most = max(known[z] for z in present)
        for z in present:
            present[z] *= (math.log1p(known[z]) / math.log1p(most)) ** COMMON
        best = max(present.values())
        ranked = sorted(present.items(), key=lambda item: (-item[1], item[0]))[:KEPT]
        kept = {z: w / best for z, w in ranked if w > LEAST * best}
    rare = {z: _rarity(known[z], passages) for z in kept}
    top = rare[max(kept, key=lambda z: kept[z])]
    worth = [(z, w * min(1.0, rare[z] / top)) for z, w in kept.items()]
    ranked_worth = sorted(worth, key=lambda item: (-item[1], item[0]))
    trust = 1.0 if draft.fixed or draft.trusted else trusted(draft.word)
    weight = draft.share * trust * top / _rarity(0, passages)
    return Group(draft.word, kept, min(1.0, weight), tuple(ranked_worth), trust)


def _rarity(count: int, passages: int) -> float:
    """Return BM25's weight of a term that stands in `count` of the passages."""
    count = min(count, passages)
    return math.log(1 + (passages - count + 0.5) / (count + 0.5))
