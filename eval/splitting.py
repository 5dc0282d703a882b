"""How well a page becomes its articles, against pages whose articles are known.

page    one text; of every character which article it is of, and which part of that
parts   title, subtitle, byline, body paragraphs, headings, caption, in the order of reading

python -m eval.splitting [--pages NN …] [--wrong]    the pages we wrote (odd ones unless named)
python -m eval.splitting --pdf N [--data FOLDER]      N pages printed as PDFs, of those or of news
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.press import pressed_pages
from eval.printed import Part, TrueArticle
from eval.simulate import NONE, TruePage, pages
from eval.stories import Story, mixed_stories, written_stories
from rag.articles import split_articles
from rag.types import Article, Source, Span, essence, is_ignorable

PAGES = Path(__file__).parent / "pages"
_MARKS = re.compile("[■◎●□▲▼◆◇ ]")  # set beside a byline, no part of it


# ---- the pages we wrote ---------------------------------------------------------------------


def written_page(number: str) -> TruePage:
    """Return a page of `eval/pages`, its parts found in the printed text by their words."""
    raw = (PAGES / "text" / f"{number}.txt").read_bytes().decode("utf-8")
    record = json.loads((PAGES / "truth" / f"{number}.json").read_text(encoding="utf-8"))
    articles = tuple(_true_article(one, record["day"]) for one in record["articles"])
    places = _Places(raw)
    owners = np.full((3, len(raw)), NONE, np.int64)
    jobs = [(a, p, part.text) for a, one in enumerate(articles) for p, part in enumerate(one.parts)]
    # the longest first, for short words stand in others' sentences too
    for a, p, text in sorted(jobs, key=lambda job: -len(job[2])):
        for i, place in places.take(text):
            owners[:, i] = a, p, place
    _own_marks(raw, owners)
    return TruePage(f"{number}.txt", raw, articles, *owners)


def _true_article(record: Mapping[str, Any], day: str) -> TrueArticle:
    headings: dict[int, list[str]] = {}
    for at, text in record.get("headings", []):
        headings.setdefault(at, []).append(text)
    parts = [Part(kind, record[kind]) for kind in ("title", "subtitle", "byline") if kind in record]
    for at, paragraph in enumerate(record["body"]):
        parts += [Part("heading", text) for text in headings.get(at, [])]
        parts.append(Part("body", paragraph))
    if "caption" in record:
        parts.append(Part("caption", record["caption"]))
    printed = record.get("dated", day if "place" in record else None)
    return TrueArticle(tuple(parts), printed, day)


class _Places:
    """The characters of a page that carry text, each to be taken once."""

    def __init__(self, raw: str) -> None:
        self.at = [i for i, c in enumerate(raw) for _ in essence(c)]
        self.text = "".join(essence(c) for c in raw)
        self.free = np.ones(len(self.text), np.bool_)

    def take(self, wanted: str) -> list[tuple[int, int]]:
        """Return [(place in the page, place in `wanted`), …] of its free occurrence nearest to a
        line's start, hyphens put in at line ends passed over."""
        letters = [(c, k) for k, one in enumerate(wanted) for c in essence(one)]
        pattern = "-?".join(re.escape(c) for c, _ in letters)
        for match in re.finditer(pattern, self.text):
            if self.free[match.start() : match.end()].all():
                return self._pairs(match.start(), match.end(), letters)
        return []

    def _pairs(
        self, start: int, end: int, letters: Sequence[tuple[str, int]]
    ) -> list[tuple[int, int]]:
        pairs, k = [], 0
        for i in range(start, end):
            self.free[i] = False
            if k < len(letters) and self.text[i] == letters[k][0]:
                pairs.append((self.at[i], letters[k][1]))
                k += 1
        return pairs


_DATELINE = re.compile(
    "[（(]?本报[\u4e00-\u9fff ]{1,6}[\\d ]+月[\\d ]+日 ?[电讯][）)]?|[A-Z ]{4,30}, \\w+ \\d+ —"
)


def _own_marks(raw: str, owners: npt.NDArray[np.int64]) -> None:
    """Give datelines and end marks to the article of the text they stand at."""
    flat = re.sub(r"\s", " ", raw)
    for match in _DATELINE.finditer(flat):
        inside = [i for i in range(match.start(), match.end()) if not is_ignorable(raw[i])]
        if (owners[0, inside] != NONE).any():
            continue
        near = [*range(match.end(), len(raw)), *range(match.start())]
        if flat[match.start()] in "（(":
            near = list(range(match.start() - 1, -1, -1))
        host = next(i for i in near if owners[0, i] != NONE)
        owners[:2, inside] = owners[:2, host][:, None]
        owners[2, inside] = owners[2, host]


# ---- measures -------------------------------------------------------------------------------


class Tally:
    """Counts over pages."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.wrong: list[tuple[str, str, str]] = []  # (page, what, details)

    def add(self, page: TruePage, got: Sequence[Article]) -> None:
        """Compare the articles of one page with the true ones."""
        owner = _owners(page, got)
        count = self.counts
        count["pages"] += 1
        count["articles"] += len(page.articles)
        count["found"] += len(got)
        count["pages with the right number"] += len(got) == len(page.articles)
        self._add_boundaries(page, owner)
        count["mapped wrongly"] += sum(not _is_mapped(a, page.text) for a in got)
        for number in range(len(page.articles)):
            self._add_article(page, number, got, owner)

    def _add_boundaries(self, page: TruePage, owner: npt.NDArray[np.int64]) -> None:
        true, mine = _borders(page.article, page.article), _borders(owner, page.article)
        self.counts["borders"] += len(true)
        self.counts["borders found"] += len(mine)
        self.counts["borders right"] += len(true & mine)
        for at in sorted(true ^ mine):
            what = "border missed" if at in true else "border too many"
            around = f"{page.text[max(0, at - 30) : at]!r} ‖ {page.text[at : at + 30]!r}"
            self.wrong.append((page.name, what, around))

    def _add_article(
        self, page: TruePage, number: int, got: Sequence[Article], owner: npt.NDArray[np.int64]
    ) -> None:
        true, count = page.articles[number], self.counts
        inside = owner[(page.article == number) & (owner != NONE)]
        if not len(inside):
            self.wrong.append((page.name, "lost", str(true.text("title"))))
            return
        mine = int(np.bincount(inside).argmax())
        article = got[mine]
        for what, right in (
            ("whole", _is_whole(page, number, mine, owner)),
            ("in order", _is_whole(page, number, mine, owner) and _in_order(page, number, article)),
            ("title", _same_title(true, article)),
            ("byline", _same(true.text("byline"), article.byline)),
            ("published", article.published in {true.published, true.published or true.day}),
        ):
            count[what] += right
            if not right:
                told = {"title": article.title, "byline": article.byline}.get(what, "")
                told = article.published if what == "published" else told
                wanted = true.published if what == "published" else true.text(what)
                name = str(true.text("title") or true.parts[0].text[:20])
                self.wrong.append((page.name, what, f"{name}: {wanted!r} → {told!r}"))
        errors, size = _errors(page, number, article)
        count["characters"] += size
        count["character errors"] += errors

    def measures(self) -> dict[str, float]:
        """Return every measure by name."""
        count = self.counts
        found, true, right = count["borders found"], count["borders"], count["borders right"]
        whole = max(1, count["articles"])
        return {
            "pages": count["pages"],
            "articles": count["articles"],
            "articles found": count["found"],
            "pages with the right number": count["pages with the right number"]
            / max(1, count["pages"]),
            "boundary precision": right / max(1, found),
            "boundary recall": right / max(1, true),
            "boundary F1": 2 * right / max(1, found + true),
            "whole": count["whole"] / whole,
            "whole and in order": count["in order"] / whole,
            "title right": count["title"] / whole,
            "byline right": count["byline"] / whole,
            "published right": count["published"] / whole,
            "character error rate": count["character errors"] / max(1, count["characters"]),
            "articles mapped wrongly": count["mapped wrongly"],
        }


def _owners(page: TruePage, got: Sequence[Article]) -> npt.NDArray[np.int64]:
    """Return of each character of the page the number of the article found that holds it."""
    owner = np.full(len(page.text), NONE, np.int64)
    for number, article in enumerate(got):
        for run in article.runs:
            owner[run.in_source : run.in_source + run.length] = number
    # a hyphen put in at a line's end is left out by repair: it is of the word before it
    for i in np.flatnonzero(owner[1:] == NONE) + 1:
        if page.text[i] == "-" and page.article[i] != NONE:
            owner[i] = owner[i - 1]
    return owner


def _borders(owner: npt.NDArray[np.int64], article: npt.NDArray[np.int64]) -> set[int]:
    """Return where on the page, furniture passed over, one article's text follows another's."""
    at = np.flatnonzero(article != NONE)
    mine = owner[at]
    return set(at[1:][mine[1:] != mine[:-1]].tolist())


def _is_whole(page: TruePage, number: int, mine: int, owner: npt.NDArray[np.int64]) -> bool:
    """Tell whether an article holds all of a true one and nothing of another."""
    of_page = page.article != NONE
    return bool(((owner == mine)[of_page] == (page.article == number)[of_page]).all())


def _in_order(page: TruePage, number: int, article: Article) -> bool:
    """Tell whether the characters come in the order they were written, a caption anywhere."""
    free = {k for k, part in enumerate(page.articles[number].parts) if part.kind == "caption"}
    last = (NONE, NONE)
    for run in article.runs:
        for i in range(run.in_source, run.in_source + run.length):
            part, place = int(page.part[i]), int(page.place[i])
            if page.article[i] != number or part in free:
                continue
            if (part, place) < last:
                return False
            last = (part, place)
    return True


def _same(true: str | None, mine: str | None) -> bool:
    return _squeezed(true) == _squeezed(mine)


def _squeezed(text: str | None) -> str:
    return _MARKS.sub("", essence(text or ""))


def _same_title(true: TrueArticle, article: Article) -> bool:
    """Tell whether the title is the true one, with kicker and subtitle or without."""
    title, kicker = true.text("title") or "", true.text("kicker") or ""
    forms = {title, title + (true.text("subtitle") or "")}
    forms |= {kicker + form for form in forms}
    return _squeezed(article.title) in set(map(_squeezed, forms))


def _errors(page: TruePage, number: int, article: Article) -> tuple[int, int]:
    """Return how many characters are too many or too few in the true article's parts as `article`
    prints them, white space above all, and how many there are."""
    errors = size = 0
    places = [i for run in article.runs for i in range(run.in_source, run.in_source + run.length)]
    at = {raw: k for k, raw in enumerate(places)}
    for k, part in enumerate(page.articles[number].parts):
        where = np.flatnonzero((page.article == number) & (page.part == k))
        found = [(int(page.place[i]), at[i]) for i in where.tolist() if i in at]
        size += len(part.text)
        for (a, i), (b, j) in pairwise(found):
            if b <= a or j <= i:
                continue
            true, mine = part.text[a + 1 : b], article.text[i + 1 : j]
            if not any(page.article[places[x]] != NONE for x in range(i + 1, j)):
                mine = "".join(c for c in mine if c.isspace())  # furniture is not counted here
            if b - a <= 3 and j - i <= 3:
                errors += true != mine
    return errors, size


def _is_mapped(article: Article, raw: str) -> bool:
    """Tell whether the article's text and what it came from are the same words."""
    spans = article.to_source(Span(0, len(article.text)), raw)
    return essence("".join(raw[a:b] for a, b in spans)) == essence(article.text)


def measure(pages: Iterable[TruePage]) -> Tally:
    """Split every page and count."""
    tally = Tally()
    for page in pages:
        tally.add(page, split_articles(Source(page.name, page.text)))
    return tally


def written_pages(numbers: Iterable[str] | None = None) -> list[TruePage]:
    """Return the pages we wrote; the odd ones, of the dev half, unless others are named."""
    return [written_page(number) for number in numbers or [f"{n:02}" for n in range(1, 41, 2)]]


def written_articles(folder: str, numbers: Iterable[int]) -> list[list[TrueArticle]]:
    """Return the articles of pages we wrote, of `eval/pages/truth` or `eval/pages/stories`."""
    out = []
    for number in numbers:
        path = PAGES / folder / f"{number:02}.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        out.append([_true_article(one, record["day"]) for one in record["articles"]])
    return out


def bench_pages(count: int = 40) -> dict[str, float]:
    """Return the measures over simulated pages, made of the articles of the odd pages we wrote, and
    with "PDF: " before their names over such pages printed as PDFs, where reportlab is there."""
    measures = measure(pages(_stories(), count)).measures()
    if find_spec("reportlab") is None:
        return measures
    pressed = measure(pressed_pages(_stories(), count)).measures()
    return measures | {f"PDF: {name}": value for name, value in pressed.items()}


def _stories() -> list[Story]:
    return written_stories(PAGES / "truth" / f"{n:02}.json" for n in range(1, 41, 2))


def main() -> None:
    """Print the measures."""
    parser = argparse.ArgumentParser(description="measure rag.articles")
    parser.add_argument("--pages", nargs="*", help="numbers of pages in eval/pages")
    parser.add_argument("--wrong", action="store_true", help="print what is wrong")
    parser.add_argument("--pdf", type=int, metavar="N", help="pages to print as PDFs")
    parser.add_argument("--data", type=Path, help="the folder of training data, to print news of")
    arguments = parser.parse_args()
    if arguments.pdf:
        news = mixed_stories(arguments.data, Random(0)) if arguments.data else _stories()
        tally = measure(pressed_pages(news, arguments.pdf))
    else:
        tally = measure(written_pages(arguments.pages))
    for name, value in tally.measures().items():
        print(f"{name:32}{value:10.4f}")  # noqa: T201
    if arguments.wrong:
        for line in tally.wrong:
            print(*line, sep="  ")  # noqa: T201


if __name__ == "__main__":
    main()
