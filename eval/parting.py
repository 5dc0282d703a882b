"""Fit the trees of gaps and the weights by which a page is parted into stories
(`rag.articles.trees`, `rag.articles.board`), on simulated pages.

A page's true labelling is to score higher than what the search finds: the log-likelihood of the
truth among all labellings found so far, each with a bonus for its mistakes (softmax margin), by
L-BFGS, in rounds of search and fit.

The weights that come with Youju are four parts of earlier ones (3,074 pages; "untitled alone" up
by 1.5 by hand: of 184 held-out stories without headlines 7 were parted, then none) and one part of
a fit begun from them on 916 pages of `eval.papers`. Boundary F1 and whole, before and so mixed: 99
fresh pages of another kind .885, .781 and .894, .803; 102 of this kind .782, .662 and .795, .669;
twelve we wrote .891, .750 and .911, .750; twenty others the same. With one part in three two short
stories with end marks become one, the fit alone cuts articles of the seeds in two. Trees of gaps
grown with these pages too are no better (log loss .0714 for .0716).

Since then three weights of stories, which had overwritten weights of gaps of the same name in the
file, have names of their own, and the weights are six parts of those before and four of a fit for
few expected mistakes on 230 held-out news pages and 170 printings of pages we wrote (`reprinted`),
with the trees as they were. Boundary F1, whole and in order, title, before and so mixed: eight
pages never looked at, six printings each, .601, .289, .544 and .650, .344, .578, in other orders
.727, .448, .684 and .747, .491, .712; odd pages 41 to 63 .911, .750, .917 and .902, .750, .917; 100
pages of news .771, .556, .685 and .769, .552, .692. More of it splits short pages wrongly, a fit on
the printings alone (.798, .522, .717 on the eight) cuts the seeds.

python -m eval.parting --data FOLDER [--pages N]
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize  # type: ignore[import-untyped]

from eval.growing import Gaps, answers_of_others, grown, write_trees
from eval.papers import by_language, papers
from eval.reprinted import reprinted
from eval.simulate import NONE, TruePage
from eval.splitting import written_articles
from eval.stories import Story, mixed_stories
from rag.articles import quotations
from rag.articles.board import CAPPED, UNTITLED, Board, Counts, Labels
from rag.articles.evidence import SUREST, Page
from rag.articles.features import FEATURES, Weights
from rag.articles.hunt import best_labels, moves
from rag.articles.lines import Head, find_heads, find_lines
from rag.articles.stories import WEIGHTS, search, splits, weights
from rag.articles.trees import TREES
from rag.repair import repair

Floats = npt.NDArray[np.float64]

_OF_HEADS = ("kicker", "title", "byline")
_HELD_OUT = 5  # of so many stories one is never fitted on
_NEAR = 24  # labellings one step from the truth that are looked at in a round
_ROUNDS = 5
_RIDGE = 4.0
_MISTAKES, _TRUTHS = 3.0, 0.2  # what mistakes to be expected count for, and unlikely truths
_BY_HAND = ("title inner, long page", "title set apart")  # see `features`
_TO_ONE = 70  # pages of news to one of each page we wrote
_FIXED = 1e5  # ridge of a weight that stays as it is
_COST = 0.5  # log-odds for each segment that is wrong, as margin
_MOST_COST = 2.0


class Example(NamedTuple):
    """A page as the search sees it, and whose each of its lines is."""

    page: Page
    owner: list[int]  # article of each line
    titled: dict[int, set[int]]  # article → its lines of title and byline


def stories_of(folder: Path, *, held_out: bool) -> Iterator[Story]:
    """Yield the stories to fit by, or those that are held out."""
    mixed = mixed_stories(folder, Random(0))
    yield from (s for n, s in enumerate(mixed) if (n % _HELD_OUT == 0) is held_out)


def example_of(true: TruePage) -> Example | None:
    """Return what there is to learn from a page, None where its lines mix stories."""
    repaired = repair(true.text)
    lines = find_lines(true.text, repaired)
    quoted = quotations(lines, range(len(lines)))
    lines = [line for i, line in enumerate(lines) if i not in quoted]
    owner, titled = [], dict[int, set[int]]()
    for i, line in enumerate(lines):
        places = repaired.origin[line.span.start : line.span.end]
        mine = true.article[places]
        held = Counter(mine[mine != NONE].tolist())
        if len(held) > 1 and line.kind == "body":
            return None
        owner.append(held.most_common(1)[0][0] if held else NONE)
        parts = set(true.part[places][mine == owner[i]].tolist()) - {NONE}
        if any(true.articles[owner[i]].parts[k].kind in _OF_HEADS for k in parts):
            titled.setdefault(owner[i], set()).add(i)
    page = Page(lines, find_heads(lines))
    return Example(page, owner, titled) if page.body else None


def truth_of(example: Example, table: Weights) -> tuple[Board, Labels] | None:
    """Return the true labelling, heads of two stories taken apart; None where there is none."""
    page, owner = example.page, example.owner
    heads, cuts = page.heads, tuple[tuple[int, int], ...]()
    while len(cuts) < 3:
        mixed = [n for n, h in enumerate(heads) if len(_owners(h, owner)) > 1]
        ways = [
            (cut, two)
            for h, cut, two in splits(page.lines, heads, len(page.body), most=99)
            if h in mixed and not _owners(two[h], owner) & _owners(two[h + 1], owner)
        ]
        if not ways:
            break
        heads, cuts = ways[0][1], (*cuts, ways[0][0])
    board = Board(page, heads, table, cuts)
    labels: dict[int, int] = {}
    for n, head in enumerate(heads):
        for i in (*head.titles, *((head.byline,) if head.byline is not None else ())):
            if i in example.titled.get(owner[i], ()):
                labels.setdefault(owner[i], n)
    if len(set(labels.values())) < len(labels):
        return None
    out = []
    for a, b in board.ranges:
        held = Counter(owner[page.body[k]] for k in range(a, b))
        if len(held) > 1:
            return None
        mine = next(iter(held))
        out.append(labels.setdefault(mine, min([0, *labels.values()]) - 1))
    return board, _named(out)


def _owners(head: Head, owner: Sequence[int]) -> set[int]:
    lines = [*head.titles, *([head.byline] if head.byline is not None else [])]
    return {owner[i] for i in lines} - {NONE}


def _named(labels: Sequence[int]) -> Labels:
    """Return the labelling with its stories without a head counted -1, -2, … in order."""
    fresh: dict[int, int] = {}
    return tuple(x if x >= 0 else fresh.setdefault(x, UNTITLED - len(fresh)) for x in labels)


def wrong_lines(example: Example, board: Board, labels: Labels, true: Sequence[int]) -> float:
    """Return how many lines of text, long ones counted as such, are not with the others of their
    story, and how many stories lack their own head."""
    mine = [x for (a, b), x in zip(board.ranges, labels, strict=True) for _ in range(a, b)]
    best = Counter(zip(mine, true, strict=True))
    taken: dict[int, int] = {}
    for (x, t), _ in best.most_common():
        if x not in taken and t not in taken.values():
            taken[x] = t
    wrong = sum(taken.get(x) != t for x, t in zip(mine, true, strict=True))
    for x, t in taken.items():
        lines = example.titled.get(t, set())
        held = {*board.heads[x].titles, board.heads[x].byline} if x >= 0 else set()
        wrong += bool(lines) != bool(held & lines)
    return min(_COST * wrong, _MOST_COST)


class Found(NamedTuple):
    """The labellings of one page that are known: what each scores by, and what it has wrong."""

    features: list[Counts]  # the first is the truth
    costs: list[float]
    right: bool  # whether the search found the truth


def look(job: tuple[Example, Floats, int]) -> Found | None:
    """Search one page with some weights; return the truth and its rivals."""
    example, values, seed = job
    table, rng = Weights(values), Random(seed)
    truth = truth_of(example, table)
    if truth is None:
        return None
    board, labels = truth
    owner = [example.owner[i] for i in example.page.body]
    other, found = search(example.page, table)
    near = list(moves(labels, len(board.heads)))
    near = rng.sample(near, min(len(near), _NEAR))
    rivals = [(other, found), *((board, _named(x)) for x in near)]
    if other.heads != board.heads:
        rivals.append((board, best_labels(board)[1]))
    judged = [(b, x, wrong_lines(example, b, x, owner)) for b, x in rivals]
    wrong = [one for one in judged if one[2] > 0]
    right = wrong_lines(example, other, found, owner) == 0
    return Found(
        [board.features(labels), *(b.features(x) for b, x, _ in wrong)],
        [0.0, *(cost for _, _, cost in wrong)],
        right,
    )


def fitted(known: Sequence[Found], start: Floats, centre: Floats) -> Floats:
    """Return weights under which few mistakes are to be expected, and the truths are likely."""
    rows = [row for found in known for row in found.features]
    table = np.zeros((len(rows), len(FEATURES)), np.float64)
    base = np.zeros(len(rows))
    for i, row in enumerate(rows):
        for k, value in row.items():
            if k == CAPPED:
                base[i] = value
            else:
                table[i, k] = value
    costs = np.concatenate([found.costs for found in known])
    first = np.cumsum([0, *(len(found.features) for found in known)])[:-1]
    group = np.repeat(np.arange(len(known)), [len(found.features) for found in known])
    ridge = np.full(len(FEATURES), _RIDGE)
    ridge[[FEATURES.index(name) for name in _BY_HAND]] = _FIXED

    def shares(scores: Floats) -> tuple[Floats, Floats]:
        """Return each labelling's share of its page, and the log of the sum over the page."""
        top = np.maximum.reduceat(scores, first)
        odds = np.exp(scores - top[group])
        sums = np.add.reduceat(odds, first)
        return odds / sums[group], np.log(sums) + top

    def loss(values: Floats) -> tuple[float, Floats]:
        scores = table @ values + base
        likely, _ = shares(scores)
        mistakes = np.add.reduceat(likely * costs, first)
        slope = _MISTAKES * likely * (costs - mistakes[group])
        rivals, total = shares(scores + costs)
        lost = float((total - scores[first]).sum())
        rivals[first] -= 1.0
        apart = values - centre
        sum_of = _MISTAKES * float(mistakes.sum()) + _TRUTHS * lost
        slope += _TRUTHS * rivals
        return sum_of + float(ridge * apart @ apart) / 2, table.T @ slope + ridge * apart

    done = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 400})
    scores = table @ done.x + base
    won = float((np.maximum.reduceat(scores, first) <= scores[first]).mean())
    print(f"  loss {done.fun:.1f} over {len(known)} pages, {won:.3f} won")  # noqa: T201
    return np.asarray(done.x, np.float64)


def fit(examples: Sequence[Example], start: Floats, rounds: int = _ROUNDS) -> Floats:
    """Return weights fitted in rounds of search, on two processes, and fit."""
    values, all_known = start, dict[int, Found]()
    with get_context("fork").Pool(2) as pool:
        for number in range(rounds):
            jobs = ((example, values, number * 10**6 + n) for n, example in enumerate(examples))
            found = pool.map(look, jobs, chunksize=20)
            right = sum(one.right for one in found if one)
            print(f"round {number}: {right} of {sum(one is not None for one in found)} pages right")  # noqa: T201
            for n, one in enumerate(found):
                if one:
                    old = all_known.get(n)
                    more = (old.features[1:], old.costs[1:]) if old else ([], [])
                    all_known[n] = Found(one.features + more[0], one.costs + more[1], one.right)
            values = fitted(list(all_known.values()), values, start)
    return values


def grow(examples: Sequence[Example]) -> None:
    """Write trees grown on the gaps of all pages; give each page the answers of trees that never
    saw it."""
    several = [one for one in examples if len(one.page.body) > 1]
    gaps = []
    for one in several:
        owner = np.array([one.owner[i] for i in one.page.body])
        gaps.append(Gaps(one.page.context, owner[1:] == owner[:-1]))
    write_trees(grown(gaps), TREES)
    for one, told in zip(several, answers_of_others(gaps), strict=True):
        one.page.gaps[:, -1] = np.clip(told, -SUREST, SUREST)


def main() -> None:
    """Fit, and write the trees and the weights."""
    parser = argparse.ArgumentParser(description="fit rag.articles")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=2800)
    arguments = parser.parse_args()
    stories = by_language(stories_of(arguments.data, held_out=False))
    news = islice(papers(*stories, Random(5)), arguments.pages)
    pages = [
        *written_articles("truth", (*range(1, 40, 2), *range(41, 64, 2))),
        *written_articles("stories", range(1, 16, 2)),
    ]
    anew = reprinted(pages, max(1, arguments.pages // _TO_ONE), Random(5))
    examples = [one for one in map(example_of, chain(news, anew)) if one]
    grow(examples)
    values = fit(examples, weights().values)
    written = {name: round(float(v), 3) for name, v in zip(FEATURES, values, strict=True)}
    WEIGHTS.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
