"""The articles behind the page: listed, opened, added and removed while questions go on.

Every call opens its own store and closes it: SQLite lets readers go on while one writer works, and
the bot sees each new revision by itself.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from rag.duplicates import differences, duplicates
from rag.errors import SourceError, StoreError, YoujuError
from rag.ingest import IngestReport, index_sources, remove_sources
from rag.settings import Settings
from rag.sources import read_sources
from rag.store import Store
from rag.types import Article, Source, Span, essence

ROWS = 20
"""Articles on one page of the list: about two screens of a phone."""

SAMPLE = 60
"""Articles that example questions are drawn from, at even distances through the index."""

_TOLD = 0.7
"""Share of a sentence that must stand in a common passage for the other to report the same."""

_LONGEST_DIFFERENCE = 40  # characters; a longer one is another sentence, not another word


class Step(NamedTuple):
    """How far an indexing run is: `done` of `total` files, and the one being read ("": comparing
    articles)."""

    done: int
    total: int
    name: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one file: `state` is added, changed_file, unchanged or skipped."""

    name: str
    state: str
    articles: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list of articles: number `first` (from 0) and following, of `total`."""

    articles: tuple[Article, ...]
    first: int
    total: int


@dataclass
class _Run:
    """What an indexing run learns of its files while it goes."""

    sources: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    problems: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


class Shelf:
    """The articles of one index. Safe to share between threads; one writer at a time."""

    def __init__(self, folder: Path, settings: Settings = Settings()) -> None:
        self.folder = folder
        self._settings = settings
        self._writing = threading.Lock()

    @contextlib.contextmanager
    def _store(self) -> Iterator[Store]:
        store = Store.open(self.folder)
        try:
            yield store
        finally:
            store.close()

    # -- reading

    def counts(self) -> dict[str, int]:
        """Return how many sources, articles and chunks there are."""
        with self._store() as store:
            return store.counts()

    def revision(self) -> int:
        """Return a number that every change raises."""
        with self._store() as store:
            return store.revision

    def sample(self) -> list[Article]:
        """Return some articles from all over the index."""
        with self._store() as store:
            heads = store.heads()
            chosen = heads[:: max(1, len(heads) // SAMPLE)][:SAMPLE]
            found = store.articles_by_id({identity for identity, *_ in chosen})
            return [found[identity] for identity, *_ in chosen if identity in found]

    def listed(self, query: str = "", first: int = 0) -> Listing:
        """Return a page of the articles whose title, file or date holds all words of `query`."""
        words = query.casefold().split()
        with self._store() as store:
            heads = [
                identity
                for identity, *facts in store.heads()
                if all(word in " ".join(filter(None, facts)).casefold() for word in words)
            ]
            first = max(0, min(first, (len(heads) - 1) // ROWS * ROWS)) if heads else 0
            shown = heads[first : first + ROWS]
            found = store.articles_by_id(shown)
        return Listing(tuple(found[i] for i in shown if i in found), first, len(heads))

    def article(self, identity: str) -> tuple[Article, Source] | None:
        """Return an article with its source, None when it is not there."""
        with self._store() as store:
            try:
                article = store.article(identity)
                return article, store.source(article.source)
            except KeyError:
                return None

    def texts(self, names: Collection[str]) -> dict[str, str]:
        """Return the raw texts of sources by their names; those that are not there are left out."""
        with self._store() as store:
            return {name: text for one in sorted(names) for name, text in store.raw([one]).items()}

    def reports(self, article_id: str, span: Span) -> list[tuple[Article, Span]]:
        """Return the other articles in which the words of `span` stand too, and where."""
        found: list[tuple[Article, Span]] = []
        with self._store() as store:
            for other in duplicates(store, article_id, least_score=0.0):
                for passage in other.passages:
                    start = max(passage.span.start, span.start)
                    shared = min(passage.span.end, span.end) - start
                    if shared >= _TOLD * (span.end - span.start):
                        at = passage.other.start + start - passage.span.start
                        end = min(at + shared, passage.other.end)
                        found.append((store.article(other.article_id), Span(min(at, end), end)))
                        break
        return found

    def differences(self, article_id: str, span: Span) -> list[tuple[str, Article, Span]]:
        """Return what other articles have otherwise in the words of `span`: the words here, the
        other article, and its words."""
        found: dict[tuple[str, str], tuple[str, Article, Span]] = {}
        with self._store() as store:
            for one in differences(store, article_id, span):
                here = store.article(article_id).text[slice(*one.span)]
                other = store.article(one.other_id)
                there = other.text[slice(*one.other)]
                short = 0 < max(len(here), len(there)) <= _LONGEST_DIFFERENCE
                if short and essence(here) and essence(there) and essence(here) != essence(there):
                    found.setdefault((essence(here), essence(there)), (here, other, one.other))
        return list(found.values())

    # -- writing

    def remove(self, source: str) -> bool:
        """Take a source out; tell whether it was there."""
        with self._alone():
            removed, _ = remove_sources(self.folder, [source])
        return bool(removed)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._writing.acquire(blocking=False):
            raise StoreError("other files are being indexed; try again in a moment")
        try:
            yield
        finally:
            self._writing.release()

    def take_in(self, files: Sequence[tuple[Path, str]]) -> Iterator[Step | list[Taken]]:
        """Index files under the names given with them; yield how far it is, at the end what came
        of each file.

        Raises YoujuError when nothing can be written, StoreError when a run is going on.
        """
        with self._alone():
            run = _Run()
            before, _ = self._digests()
            steps: queue.Queue[Step | BaseException | None] = queue.Queue()

            def work() -> None:
                try:
                    report = self._index(files, run, steps)
                    _attribute(report, run)
                    steps.put(None)
                except BaseException as error:  # handed on to the caller's thread
                    steps.put(error)

            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            while (step := steps.get()) is not None:
                if isinstance(step, BaseException):
                    raise step
                yield step
            thread.join()
            yield [self._taken(name, run, before) for _, name in files]

    def _index(
        self,
        files: Sequence[tuple[Path, str]],
        run: _Run,
        steps: queue.Queue[Step | BaseException | None],
    ) -> IngestReport:
        with self._store() as store:
            embedder = store.setting("embedder")
        return index_sources(
            self.folder,
            _read(files, run, steps),
            settings=replace(self._settings, embedder=embedder),
            embedder=embedder,
        )

    def _digests(self) -> tuple[dict[str, str], Counter[str]]:
        with self._store() as store:
            return store.digests(), Counter(source for _, source, _, _ in store.heads())

    def _taken(self, name: str, run: _Run, before: dict[str, str]) -> Taken:
        after, articles = self._digests()
        there = [source for source in run.sources[name] if source in after]
        problems = tuple(run.problems[name])
        if not there:
            return Taken(name, "skipped", 0, problems)
        new = [source for source in there if source not in before]
        changed = [source for source in there if before.get(source, "") != after[source]]
        state = "added" if new else "changed_file" if changed else "unchanged"
        return Taken(name, state, sum(articles[source] for source in there), problems)


def _read(
    files: Sequence[tuple[Path, str]],
    run: _Run,
    steps: queue.Queue[Step | BaseException | None],
) -> Iterator[Source]:
    """Yield the sources of all files under their given names; note what cannot be read."""
    for number, (path, name) in enumerate(files):
        steps.put(Step(number, len(files), name))
        try:
            for source in read_sources(path):
                if isinstance(source, SourceError):
                    run.problems[name].append(_told(source, path, name))
                    continue
                renamed = replace(source, name=name + source.name.removeprefix(path.name))
                run.sources[name].append(renamed.name)
                yield renamed
        except SourceError as error:
            run.problems[name].append(_told(error, path, name))
    steps.put(Step(len(files), len(files), ""))


def _told(error: YoujuError, path: Path, name: str) -> str:
    """Return the message without the folder that uploads lie in, and without repeating the file."""
    told = str(error).replace(str(path), name)
    return told.removeprefix(f"{name}: ")


def _attribute(report: IngestReport, run: _Run) -> None:
    """Give each problem of the index to the file whose source it names."""
    for problem in report.problems:
        for name, sources in run.sources.items():
            if any(str(problem).startswith(f"{source}: ") for source in sources):
                run.problems[name].append(str(problem))
                break
