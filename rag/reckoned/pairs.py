"""Two values told apart → how much they differ: 截至10日 29 houses, in another report, 11日 34.

The two are found by the times, or names, that the question sets against each other; each must be
told once, in the unit asked for, among what the reader found first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.reckoned.amounts import Amount, shared_unit, written
from rag.reckoned.differences import tells_difference
from rag.reckoned.scene import Asked, Scene, is_amount_asked
from rag.reckoned.times import agree, times

_UP = "多|增加|增|涨|上涨|升|上升|提高|高|贵|长|重|大"
_DOWN = "少|减少|减|降|下降|跌|降低|低|便宜|短|轻|小"
_ENDS = rf"(?:(?P<up>{_UP})|(?P<down>{_DOWN}))[\u4e00-\u9fff]{{0,2}}?(?:多少|几)"
_ASKED = (
    re.compile(rf"从(?P<one>[^，,]{{2,14}}?)[到至](?P<other>[^，,]{{2,24}}?)，?{_ENDS}"),
    re.compile(rf"(?P<other>[^，,]{{2,16}})比(?P<one>[^，,]{{2,20}}?)，?{_ENDS}"),
    re.compile(
        r"(?P<one>[^，,]{2,14})[和与跟同](?P<other>[^，,]{2,14}?)(?:的[^，,]{1,6})?(?:相差"
        r"|差)了?(?P<any>多少|几)"
    ),
    re.compile(
        r"how many (?:(?P<up>more)|(?P<down>fewer))\b.{2,60}?"
        r" in (?P<other>[a-z0-9 ]{3,20}) than in (?P<one>[a-z0-9 ]{3,20})"
    ),
)
_SHORTEST_NAME = 2


class Told(NamedTuple):
    """A value that the reader found, in its scene; `claim` is its place among the claims."""

    claim: int
    scene: Scene
    amount: Amount


class Pair(NamedTuple):
    """What two values differ by, the greater first."""

    text: str
    shown: str
    greater: Told
    lesser: Told


def opposed(question: str) -> re.Match[str] | None:
    """Return what a folded question sets against each other, None where it asks for no
    difference."""
    return next((m for pattern in _ASKED if (m := pattern.search(question))), None)


def between(asked: Asked, told: Sequence[Told]) -> Pair | None:
    """Return by how much the two values differ that a question sets against each other, None where
    not exactly these two are told, or the text tells the difference itself."""
    match = opposed(asked.text)
    if match is None or any(tells_difference(t.scene) for t in told):
        return None
    fitting = [t for t in told if is_amount_asked(asked, t.amount)]
    one = [t for t in fitting if _is_of(t, match["one"], match["other"])]
    other = [t for t in fitting if _is_of(t, match["other"], match["one"])]
    if not one or not other or len({t.amount.value for t in one}) > 1:
        return None
    before, after = one[0], other[0]
    tail = shared_unit(before.amount, after.amount)
    if tail is None or len({t.amount.value for t in other}) > 1:
        return None
    groups = match.groupdict()
    rise = after.amount.value - before.amount.value
    if not rise or (groups.get("up") and rise < 0) or (groups.get("down") and rise > 0):
        return None
    greater, lesser = (after, before) if rise > 0 else (before, after)
    if greater.amount.unit == "%":
        tail = "个百分点" if not tail.strip().isascii() or tail == "%" else " percentage points"
    parts = (greater.amount, lesser.amount)
    shown = " − ".join(t.scene.text[slice(*t.amount.span)].strip() for t in (greater, lesser))
    return Pair(written(abs(rise), parts[0], tail, parts), shown, greater, lesser)


def _is_of(told: Told, side: str, against: str) -> bool:
    """Tell whether a value is that of one side, and not of the other."""
    scene, amount = told.scene, told.amount
    wanted, unwanted = (times(words, scene.published) for words in (side, against))
    if wanted and unwanted:
        said = _times_before(scene, amount)
        return agree(wanted, said, said) and not agree(unwanted, said, said)
    if wanted or unwanted:
        return False
    clause = scene.before(amount)
    clause = re.split("[，；。]", clause)[-1] or clause
    name = next((side[k:] for k in range(len(side) - 1) if side[k:] in clause), "")
    name = name or next((side[:k] for k in range(len(side), 1, -1) if side[:k] in clause), "")
    return len(name) >= _SHORTEST_NAME and name not in against and against not in clause


def _times_before(scene: Scene, amount: Amount) -> frozenset[str]:
    """Return the times of an amount's clause, else of its sentence, else of the sentence before."""
    sentence = scene.sentence_of(amount)
    for start in (
        amount.span.start - len(scene.before(amount, 20)),
        sentence.start,
        scene.window.start,
    ):
        found = scene.times_of(scene.text[start : amount.span.start])
        if found:
            return found
    return frozenset()
