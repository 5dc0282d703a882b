"""A story as a newspaper prints it, and which of it is head, body and aside: kicker, headline,
subtitle, byline, dateline, section headings, table, caption, end mark.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from eval.habits import (
    AGENCIES,
    ANY,
    HEADINGS,
    House,
    byline,
    closing,
    english_byline,
    heading,
    name_of,
    opening,
)
from eval.stories import CLAUSE, Story, headline, is_english


class Part(NamedTuple):
    """A piece of an article as it was written, clean."""

    kind: str  # kicker, title, subtitle, byline, body, heading, caption
    text: str


class TrueArticle(NamedTuple):
    """An article as it was written: its parts in the order of reading."""

    parts: tuple[Part, ...]
    published: str | None  # where the article prints it
    day: str | None = None  # of the paper: no mistake to tell it

    def text(self, kind: str) -> str | None:
        """Return the texts of a kind, one after another, or None where there is none."""
        found = [part.text for part in self.parts if part.kind == kind]
        return " ".join(found) if found else None


class Printed(NamedTuple):
    """A story's parts, and which of them are of the head, the lede, the rest and aside."""

    article: TrueArticle
    head: list[int]
    body: list[int]
    aside: list[int]


_CUT_OFF = 0.02  # of the stories end in the middle of a sentence, as where a file does


def printed(story: Story, rng: Random, house: House = ANY) -> Printed:
    """Return a story as a paper of these habits prints it."""
    parts = _head(story, rng, house)
    head = list(range(len(parts)))
    told = _day(story, rng)
    body, dated = _framed(story, told, rng, house)
    parts += _with_headings(story, body, rng, house)
    rest = list(range(len(head), len(parts)))
    aside = _caption(body, told, rng) if rng.random() < house.captioned else []
    aside = [] if is_english(story.body[0]) else aside
    # years are resolved from the text: the printed day alone is no mistake
    article = TrueArticle((*parts, *aside), story.day if dated else None, story.day)
    return Printed(article, head, rest, list(range(len(parts), len(parts) + len(aside))))


def _head(story: Story, rng: Random, house: House) -> list[Part]:
    """Return kicker, headline, subtitle and byline, whichever are printed."""
    parts: list[Part] = []
    english, text = is_english(story.body[0]), "".join(story.body)
    titled = rng.random() < house.titled
    if titled:
        if not english and rng.random() < house.kicked:
            parts.append(Part("kicker", headline(text, rng)))
        parts.append(Part("title", story.title))
        for _ in range(rng.choice((1, 1, 2)) if rng.random() < house.subtitled else 0):
            dash = "——" if rng.random() < 0.5 and not english else ""
            parts.append(Part("subtitle", dash + headline(text, rng)))
    if rng.random() < (house.signed if titled else house.unsigned_signed):
        parts.append(Part("byline", english_byline(rng) if english else byline(rng)))
    return parts


def _day(story: Story, rng: Random) -> str:
    year, month, day = (int(x) for x in story.day.split("-"))
    return f"{month}月{day}日" if rng.random() < 0.9 else f"{year}年{month}月{day}日"


def _framed(story: Story, told: str, rng: Random, house: House) -> tuple[list[str], bool]:
    """Return a story's paragraphs with dateline and end mark, and whether they tell the day."""
    body, dated = list(story.body), False
    if not is_english(body[0]):
        if rng.random() < house.dated:
            body[0], dated = opening(told, rng) + body[0], True
        elif rng.random() < house.marked:
            end = closing(told, rng)
            dated = told in end
            if rng.random() < 0.2:  # in a line of its own
                body.append(end.strip("（）") if dated and rng.random() < 0.3 else end)
            else:
                body[-1] += end
    if rng.random() < _CUT_OFF and len(body[-1]) > 40:
        body[-1] = body[-1][: rng.randint(20, len(body[-1]) - 6)]
    return body, dated


def _with_headings(story: Story, body: list[str], rng: Random, house: House) -> list[Part]:
    """Return the paragraphs with section headings, and a table, among them."""
    share = house.headed * (1.0 if len(story.body) > 7 else 0.3)
    headed = len(story.body) >= 4 and rng.random() < share
    sections = _sections(len(story.body), rng) if headed else set(story.sections)
    form = house.form or rng.choice(HEADINGS)
    parts: list[Part] = []
    for i, paragraph in enumerate(body):
        if i in sections:
            text = "".join(body[i : i + 3])
            parts.append(Part("heading", heading(text, rng, form, sorted(sections).index(i))))
        parts.append(Part("body", paragraph))
    if rng.random() < house.tabled and not is_english(body[0]):
        at = rng.randint(1, len(parts))
        parts[at:at] = [Part("body", row) for row in _table(CLAUSE.findall("".join(body)), rng)]
    return parts


def _sections(paragraphs: int, rng: Random) -> set[int]:
    """Return the paragraphs that begin a section: sections of a story are of like length."""
    many = rng.randint(2, 3) if paragraphs < 8 else rng.randint(3, 9)
    out, at = set[int](), rng.randint(1, many)
    while at < paragraphs:
        out.add(at)
        at += max(1, many + rng.randint(-1, 1))
    return out


def _table(clauses: list[str], rng: Random) -> list[str]:
    columns, names = rng.randint(2, 4), clauses or ["合计", "其他"]
    rows = [" ".join(rng.choice(names)[: rng.randint(2, 5)] for _ in range(columns))]
    for _ in range(rng.randint(2, 6)):
        cells = [str(rng.randint(1, 9999)) for _ in range(columns - 1)]
        rows.append(" ".join([rng.choice(names)[: rng.randint(2, 4)], *cells]))
    return rows


def _caption(body: list[str], told: str, rng: Random) -> list[Part]:
    """Return a picture's caption and who took it, in one line or in two."""
    clause = rng.choice(CLAUSE.findall("".join(body)) or [body[0][:12]])
    agency = rng.choice(AGENCIES)
    who = rng.choice((f"{agency}记者 {name_of(rng)}", f"{name_of(rng)}", f"记者{name_of(rng)}"))
    credit = f"{who}{rng.choice((' ', ''))}摄"
    mark = rng.choice(("", "", "▲", "◀ ", "图①："))
    text = f"{mark}{rng.choice((told + '，', '图为', ''))}{clause}。"
    if rng.random() < 0.3:
        return [Part("caption", text), Part("caption", credit)]
    return [Part("caption", text + credit)]
