"""The orders in which the pieces of a page's stories are printed, or read off it by extraction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from eval.printed import Printed

Block = tuple[int, list[int], str]
"""What is printed in one piece: number of the article, its parts, and what they are."""

Blocks = list[Block]


def _in_order(stories: Sequence[Printed], rng: Random) -> Blocks:
    return [b for n, s in enumerate(stories) for b in ((n, s.head, "head"), (n, s.body, "body"))]


def _head_behind(stories: Sequence[Printed], rng: Random) -> Blocks:
    return [b for n, s in enumerate(stories) for b in ((n, s.body, "body"), (n, s.head, "head"))]


def _lede_behind(stories: Sequence[Printed], rng: Random) -> Blocks:
    """The rest of each story first, then its head and its lede, as where a lede has its own box."""
    out: Blocks = []
    for n, s in enumerate(stories):
        lede, rest = _lede(s, rng)
        out += [(n, rest, "body"), (n, s.head, "head"), (n, lede, "lede")]
    return out


def _heads_apart(stories: Sequence[Printed], rng: Random) -> Blocks:
    heads: Blocks = [(n, s.head, "head") for n, s in enumerate(stories)]
    bodies: Blocks = [(n, s.body, "body") for n, s in enumerate(stories)]
    return [*heads, *bodies] if rng.random() < 0.5 else [*bodies, *heads]


def _heads_partly_apart(stories: Sequence[Printed], rng: Random) -> Blocks:
    """Heads of some stories in a row above or below all, the other stories in order between."""
    apart = {n for n in range(len(stories)) if rng.random() < 0.5}
    heads: Blocks = [(n, s.head, "head") for n, s in enumerate(stories) if n in apart]
    rest: Blocks = []
    for n, s in enumerate(stories):
        rest += [(n, s.body, "body")] if n in apart else _in_order_of(n, s)
    return [*heads, *rest] if rng.random() < 0.5 else [*rest, *heads]


def _in_order_of(number: int, story: Printed) -> Blocks:
    return [(number, story.head, "head"), (number, story.body, "body")]


def _ledes_first(stories: Sequence[Printed], rng: Random) -> Blocks:
    """Heads and ledes of some stories, then the bodies, as where heads span several columns."""
    early: Blocks = []
    late: list[Blocks] = []
    for n, s in enumerate(stories):
        lede, rest = _lede(s, rng)
        if rng.random() < 0.5 and rest:
            early += [(n, s.head, "head"), (n, lede, "lede")]
            late.append([(n, rest, "body")])
        else:
            late.append(_in_order_of(n, s))
    if rng.random() < 0.3:
        rng.shuffle(late)
    told = [block for blocks in late for block in blocks]
    return early + told if rng.random() < 0.8 else told + early


def _heads_last(stories: Sequence[Printed], rng: Random) -> Blocks:
    """Bodies first, all heads behind them, some with their ledes: what spans several columns is
    read off a page last."""
    bodies: Blocks = []
    heads: list[Blocks] = []
    for n, s in enumerate(stories):
        lede, rest = _lede(s, rng)
        if rng.random() < 0.5 and rest:
            heads.append([(n, s.head, "head"), (n, lede, "lede")])
        else:
            heads.append([(n, s.head, "head")])
            rest = s.body
        bodies.append((n, rest, "body"))
    if rng.random() < 0.5:
        rng.shuffle(heads)
    return [*bodies, *(block for blocks in heads for block in blocks)]


def _byline_behind(stories: Sequence[Printed], rng: Random) -> Blocks:
    """Headlines above, bylines below the text."""
    out: Blocks = []
    for n, s in enumerate(stories):
        signed = [k for k in s.head if s.article.parts[k].kind == "byline"]
        titles = [k for k in s.head if k not in signed]
        out += [(n, titles, "head"), (n, s.body, "body"), (n, signed, "head")]
    return out


def _sidebar(stories: Sequence[Printed], rng: Random) -> Blocks:
    """Stories in order, a short one set into the midst of another."""
    out: Blocks = []
    waiting = list(enumerate(stories))
    while waiting:
        n, s = waiting.pop(0)
        if waiting and len(s.body) >= 4 and rng.random() < 0.6:
            cut = rng.randint(1, len(s.body) - 1)
            inner = _in_order_of(*waiting.pop(0))
            out += [(n, s.head, "head"), (n, s.body[:cut], "body"), *inner]
            out.append((n, s.body[cut:], "body"))
        else:
            out += _in_order_of(n, s)
    return out


def _mixed(stories: Sequence[Printed], rng: Random) -> Blocks:
    """Each story in an order of its own."""
    out: Blocks = []
    for n, s in enumerate(stories):
        order = rng.choice((_in_order, _in_order, _head_behind, _lede_behind, _tail_first))
        out += [(n, parts, kind) for _, parts, kind in order([s], rng)]
    return out


def _tail_first(stories: Sequence[Printed], rng: Random) -> Blocks:
    """The last paragraphs of each story before its head, as where columns are read wrongly."""
    out: Blocks = []
    for n, s in enumerate(stories):
        at = max(1, len(s.body) - rng.randint(1, 2))
        out += [(n, s.body[at:], "body"), (n, s.head, "head"), (n, s.body[:at], "body")]
    return out


def _in_columns(stories: Sequence[Printed], rng: Random) -> Blocks:
    """Stories in pieces, those of neighbours in turns: columns side by side, read across."""
    heads_apart = rng.random() < 0.4
    out: Blocks = [(n, s.head, "head") for n, s in enumerate(stories) if heads_apart]
    waiting = []
    for n, s in enumerate(stories):
        pieces = _cut(s.body, rng.randint(2, 3), rng)
        if not heads_apart:
            out.append((n, s.head, "head"))
            out.append((n, pieces.pop(0), "body"))
        waiting.append([(n, piece, "body") for piece in pieces])
    while any(waiting):
        for pieces_of_one in waiting:
            if pieces_of_one:
                out.append(pieces_of_one.pop(0))
    return out


def _sections_astray(stories: Sequence[Printed], rng: Random) -> Blocks:
    """Heads above, the pieces of one story in another order, as where columns are read wrongly."""
    out: Blocks = []
    astray = rng.randrange(len(stories))
    for n, s in enumerate(stories):
        pieces = _cut(s.body, rng.randint(2, 3), rng) if n == astray else [s.body]
        blocks: Blocks = [(n, s.head, "head"), *((n, piece, "body") for piece in pieces)]
        if n == astray:
            rng.shuffle(blocks)
        out += blocks
    return out


def _tails_later(stories: Sequence[Printed], rng: Random) -> Blocks:
    """In order, but the rest of some stories, from a paragraph in the midst on, stands behind
    another story or at the end of the page, as where a column goes on beside a picture."""
    late: list[tuple[int, Blocks]] = []
    out: list[Blocks] = []
    for n, s in enumerate(stories):
        parted = len(s.body) > 1 and rng.random() < 0.6
        cut = rng.randint(1, len(s.body) - 1) if parted else len(s.body)
        out.append([(n, s.head, "head"), (n, s.body[:cut], "body")])
        if parted:
            far = len(stories) if rng.random() < 0.3 else n + rng.choice((1, 1, 2))
            late.append((min(far, len(stories) - 1), [(n, s.body[cut:], "body")]))
    for at, tail in late:
        out[at] += tail
    return [block for blocks in out for block in blocks]


def _one_lede_last(stories: Sequence[Printed], rng: Random) -> Blocks:
    """In order, but head and lede of one story stand at the end of the page, or the lede alone."""
    out: Blocks = []
    late = rng.randrange(len(stories))
    end: Blocks = []
    for n, s in enumerate(stories):
        if n != late:
            out += _in_order_of(n, s)
            continue
        lede, rest = _lede(s, rng)
        above = rng.random() < 0.3
        out += [*([(n, s.head, "head")] if above else []), (n, rest, "body")]
        end = [*([] if above else [(n, s.head, "head")]), (n, lede, "lede")]
    return [*out, *end]


def _cut(body: Sequence[int], many: int, rng: Random) -> list[list[int]]:
    """Return a body in so many pieces, fewer where it is short."""
    places = sorted(rng.sample(range(1, len(body)), min(many, len(body)) - 1))
    return [list(body[a:b]) for a, b in zip([0, *places], [*places, len(body)], strict=True)]


def _lede(story: Printed, rng: Random) -> tuple[list[int], list[int]]:
    many = min(rng.choice((1, 1, 1, 2)), len(story.body))
    return story.body[:many], story.body[many:]


ORDERS: dict[Callable[[Sequence[Printed], Random], Blocks], float] = {
    _in_order: 0.26,
    _head_behind: 0.07,
    _lede_behind: 0.09,
    _heads_apart: 0.08,
    _heads_partly_apart: 0.06,
    _ledes_first: 0.09,
    _heads_last: 0.04,
    _byline_behind: 0.02,
    _sidebar: 0.03,
    _mixed: 0.09,
    _tail_first: 0.04,
    _in_columns: 0.04,
    _sections_astray: 0.03,
    _one_lede_last: 0.04,
    _tails_later: 0.09,
}
"""How often each order is drawn: most pages are read in order, the others are what goes wrong."""
