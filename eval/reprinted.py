"""The articles of pages we wrote, printed anew in other orders, beside others: what was written as
a paper's page, close in matter and in time, tells more of pages to come than news of an archive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from eval.habits import House, closing, house_of, opening
from eval.printed import Part, Printed, TrueArticle
from eval.simulate import TruePage, laid_out
from eval.stories import is_english

_HEAD = ("kicker", "title", "subtitle", "byline")
_MOST = (2, 3, 4, 4, 4)  # stories of a page
_GUEST = 0.3  # of the pages hold a story of another


def reprinted(
    written: Sequence[Sequence[TrueArticle]], each: int, rng: Random
) -> Iterator[TruePage]:
    """Yield every page `each` times, its articles in other orders, one now and then exchanged for
    one of another page of the same language."""
    for number, page in enumerate(written):
        others = [a for other in written if other is not page for a in other if _alike(a, page[0])]
        for time in range(each):
            chosen = rng.sample(page, min(rng.choice(_MOST), len(page)))
            if others and rng.random() < _GUEST:
                chosen[0] = rng.choice(others)
            house = house_of(rng)
            stands = [_printed(article, rng, house) for article in rng.sample(chosen, len(chosen))]
            yield laid_out(stands, rng, f"reprint-{number:02}-{time:02}.txt")


def _alike(one: TrueArticle, other: TrueArticle) -> bool:
    return is_english(one.parts[0].text) == is_english(other.parts[0].text)


def _printed(article: TrueArticle, rng: Random, house: House) -> Printed:
    """Return an article as a paper of these habits prints it: its own headline and byline or none,
    a dateline, an end mark."""
    left_out = set[str]()
    if rng.random() >= house.titled:
        left_out |= {"kicker", "title", "subtitle"}
    if rng.random() >= house.signed:
        left_out.add("byline")
    parts = [part for part in article.parts if part.kind not in left_out]
    text = [k for k, part in enumerate(parts) if part.kind == "body"]
    if not is_english(parts[text[0]].text):
        first, last = text[0], text[-1]
        if rng.random() < house.dated:
            parts[first] = Part("body", opening(_DAY, rng) + parts[first].text)
        elif rng.random() < house.marked:
            parts[last] = Part("body", parts[last].text + closing(_DAY, rng))
    head = [k for k, part in enumerate(parts) if part.kind in _HEAD]
    body = [k for k, part in enumerate(parts) if part.kind in ("body", "heading")]
    aside = [k for k, part in enumerate(parts) if part.kind == "caption"]
    return Printed(TrueArticle(tuple(parts), None, article.day), head, body, aside)


_DAY = "8月16日"
