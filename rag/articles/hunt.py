"""The best labelling of a page: hill climbing from several starts, one for each way in which pages
are commonly printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from rag.articles.board import UNTITLED, Board, Labels
from rag.articles.features import PLACES
from rag.articles.segments import CLEAR


def _starts(board: Board) -> list[Labels]:
    """Return a labelling for each common way of print."""
    heads, n = board.heads, len(board.ranges)
    places = list(board.ranges)
    strong = [h for h, head in enumerate(heads) if board.kinds[h] not in ("block", "lone")]
    out: list[Labels] = []
    for chosen in (list(range(len(heads))), strong):
        above = [[h for h in chosen if heads[h].before <= a] for a, _ in places]
        below = [[h for h in chosen if heads[h].before >= b] for _, b in places]
        out.append(tuple(x[-1] if x else UNTITLED for x in above))
        out.append(
            tuple(
                y[0] if y else (x[-1] if x else UNTITLED) for x, y in zip(above, below, strict=True)
            )
        )
        out.append(
            tuple(
                x[-1]
                if x and heads[x[-1]].before == a
                else (y[0] if y else (x[-1] if x else UNTITLED))
                for x, y, (a, _) in zip(above, below, places, strict=True)
            )
        )
        if len(chosen) > 1:
            out += [_path(board, chosen, any_order=True), _path(board, chosen, any_order=False)]
    untitled, label = [], UNTITLED
    for s in range(n):
        if s and board.going[s - 1] < 0:
            label -= 1
        untitled.append(label)
    return list(dict.fromkeys([*out, tuple(untitled), (UNTITLED,) * n]))


def _path(board: Board, chosen: Sequence[int], *, any_order: bool) -> Labels:
    """Return the segments' heads by what the heads tell alone: the best path, in any order or in
    the order of the heads from the first to the last of them."""
    n = len(board.ranges)
    told, named = board.table.of("told"), board.table.of("named")
    places = [board.table.of(f"only {place}") for place in PLACES]
    own = np.array(
        [
            [
                board.weight[s] * (told * board.told[h][s] + named * board.named[h][s])
                + (places[board.beside[h][s]] if any_order else 0.0)
                for h in chosen
            ]
            for s in range(n)
        ]
    )
    return best_path(own, board.going, chosen, any_order=any_order)


def best_path(
    own: npt.NDArray[np.float64], going: Sequence[float], chosen: Sequence[int], *, any_order: bool
) -> Labels:
    """Return the head of each segment on the best path: `own` (segments, chosen heads) is what each
    tells, `going` what speaks for staying with a head."""
    n, m = own.shape
    step = np.where(np.eye(m, k=0, dtype=bool), 0.0, 0.0 if any_order else -np.inf)
    if not any_order:
        step[np.eye(m, k=1, dtype=bool)] = 0.0
    best = own[0].copy()
    if not any_order:
        best[1:] = -np.inf
    back = []
    for s in range(1, n):
        ways = best[:, None] + step + np.eye(m) * going[s - 1]
        back.append(ways.argmax(axis=0))
        best = ways.max(axis=0) + own[s]
    at = int(best.argmax()) if any_order or not np.isfinite(best[-1]) else m - 1
    path = [at]
    for row in reversed(back):
        at = int(row[at])
        path.append(at)
    return tuple(chosen[k] for k in reversed(path))


def moves(labels: Labels, heads: int) -> Sequence[Labels]:
    """Return the labellings one step away: a segment, or all of a run from one on, given to another
    story; two stories joined; two heads exchanged."""
    out: list[Labels] = []
    used = sorted(set(labels))
    targets = [*range(heads), *(x for x in used if x < 0), min([0, *used]) - 1]
    for s, label in enumerate(labels):
        end = s
        while end < len(labels) and labels[end] == label:
            end += 1
        for to in targets:
            if to != label:
                out.append((*labels[:s], to, *labels[s + 1 :]))
                if end > s + 1:
                    out.append((*labels[:s], *(to,) * (end - s), *labels[end:]))
    for a in used:
        for b in targets:
            if a != b:
                out.append(tuple(b if x == a else x for x in labels))
                if b in used and a < b:
                    out.append(tuple(b if x == a else a if x == b else x for x in labels))
    return list(dict.fromkeys(out))


_MOST_STARTS = 3


def plain_labels(board: Board) -> Labels | None:
    """Return the labelling of a page printed in order, each story under its head, where no gap
    speaks against it: nothing needs to be searched for."""
    labels = _starts(board)[0]
    heads = set(range(len(board.heads)))
    if board.unsure or set(labels) != heads or any(board.is_heading):
        return None
    for going, a, b in zip(board.going, labels, labels[1:], strict=False):
        if (a == b and going < CLEAR) or (a != b and going > -CLEAR):
            return None
    return labels


def best_labels(board: Board) -> tuple[float, Labels]:
    """Return the best labelling found and its score."""
    return climbed(_starts(board), board.score, len(board.heads))


def climbed(
    starts: Sequence[Labels], score_of: Callable[[Labels], float], heads: int
) -> tuple[float, Labels]:
    """Return the best labelling that steps lead to from the best starts, and its score."""
    ranked = sorted(((score_of(x), x) for x in starts), reverse=True)[:_MOST_STARTS]
    best = ranked[0]
    for score, labels in ranked:
        better = True
        while better:
            better = False
            for near in moves(labels, heads):
                reached = score_of(near)
                if reached > score + 1e-9:
                    score, labels, better = reached, near, True
                    break
        best = max(best, (score, labels))
    return best
