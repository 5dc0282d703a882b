"""From what and to what something changed → by how much.

    "家庭床位补贴由2000元提高到2600元"   提高了多少?   → 2600 − 2000
"""

from __future__ import annotations

import re
from itertools import pairwise

from rag.reckoned.amounts import shared_unit
from rag.reckoned.scene import Asked, Scene, Sum, is_about, is_amount_asked, summed
from rag.terms import is_chinese

_ASKS_CHANGE = re.compile(
    r"(?P<up>提高|增加|上涨|上调|提升|上升|增|涨|升|扩大|延长|多)(?:了|出|出了)?(?:多少|几)"
    r"|(?P<down>降低|减少|下降|下调|缩短|压缩|下跌|缩小|便宜|降|减|跌|少)(?:了|出|出了)?(?:多少|几)"
    r"|(?P<any>相差|差了?)(?:多少|几)"
    r"|by how (?:much|many)|how (?:much|many) (?P<more>more|higher|longer)"
    r"|how (?:much|many) (?P<less>less|fewer|lower|shorter|cheaper)"
    r"|how much (?:did|has|have|does|will|was|were|is|are) .{2,60}?\b(?P<rose>rise|risen|grow"
    r"|grown|go up|gone up|increased?|raised|climb)\b(?! (?:up )?to\b)(?!.*\bfrom\b)"
    r"|how much (?:did|has|have|does|will|was|were|is|are) .{2,60}?\b(?P<fell>fall|fallen|drop"
    r"|dropped|cut|decreased?|reduced|go down)\b(?! (?:down )?to\b)(?!.*\bfrom\b)"
)
_FROM = re.compile(
    r"(?:由|从|原来的?|原先的?|此前的?|以前的?)(?!\d*年)[^，。；：\d]{0,12}$"
    r"|\bfrom(?: an? [a-z]+ of| about| around)?$"
)
_TO = re.compile(
    r"[^，。；：\d]{0,10}?(?:提高|增加|增|减少|减|降低|降|升|涨|上调|下调|提|扩大|缩短|延长"
    r"|压缩|下降|上升|上涨|跌|调整)?"
    r"[到至为][约近]?(?:每[\u4e00-\u9fff]{1,2})?[约近]?"
    r"|(?:/[a-z]+)?(?:[a-z ]{0,30}? )?to(?: about| around| nearly)?"
)
_RELATIVE = re.compile("几成|百分之|相对|倍|percent(?!age points)|per cent|%")
_SHARE_ASKED = re.compile(
    "百分|比例|比重|[增涨降]幅|增速|率|%|成[?？]?$|percent|per cent|share|rate"
)
_TELLS_CHANGE = re.compile(
    r"(?:提高|增加|上涨|上调|提升|增长|增幅|涨幅|降幅|减少|下降|下调|便宜|缩短"
    r"|[多少增减涨降])[了达为]?(?:[约近超])?$|\bby$|\bup$|\bdown$"
)


def _counted(asked: Asked) -> Asked:
    """Return the question; 提高了多少 alone asks for a share no more than for an amount."""
    if asked.kind.unit != "%" or _SHARE_ASKED.search(asked.text):
        return asked
    return asked._replace(kind=asked.kind._replace(unit=""))


def change(scene: Scene) -> Sum | None:
    """Return by how much something changed that a text tells from what to what; None where it
    tells the change."""
    asks = _ASKS_CHANGE.search(scene.asked.text)
    if asks is None or scene.asked.kind.name not in ("number", ""):
        return None
    if _RELATIVE.search(scene.asked.text):
        return None
    inside = scene.inside(scene.sentence)
    for old, new in pairwise(inside):
        tail = shared_unit(old, new) if is_about(scene, old) else None
        between = scene.text[old.span.end : new.span.start].strip()
        if tail is None or not _FROM.search(scene.before(old)) or not _TO.fullmatch(between):
            continue
        rise = any(asks[name] for name in ("up", "more", "rose"))
        fall = any(asks[name] for name in ("down", "less", "fell"))
        if (rise and new.value < old.value) or (fall and new.value > old.value):
            continue
        told = any(
            _TELLS_CHANGE.search(scene.before(a)) for a in scene.inside(scene.sentence_of(old))
        )
        if told or new.value == old.value:
            return None
        parts = (new, old) if new.value > old.value else (old, new)
        if old.unit == "%":
            tail = "个百分点" if is_chinese(scene.text) else " percentage points"
        elif not is_amount_asked(_counted(scene.asked), old):
            continue
        return summed(scene, parts[0].value - parts[1].value, parts, "−", tail)
    return None
