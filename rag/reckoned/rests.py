"""A whole and a part → the rest; parts → their sum.

"6.4万户停电，其中3.9万户已经恢复"          还有多少户没来电?     → 6.4万 − 3.9万
"第一张2600万元；第二张1100万元；第三张800万元"  三张合起来多少钱?  → their sum
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from rag.quantities import han_value
from rag.reckoned.amounts import Amount, shared_unit, written
from rag.reckoned.scene import Scene, Sum, is_about, is_amount_asked, summed
from rag.types import Span

_ASKS_REST = re.compile(
    r"还(?:有|剩下?|差|缺|欠|需要?|要|得)[^，]{0,8}?(?:多少|几)|剩(?:下|余)?[^，]{0,4}(?:多少"
    r"|几)|(?:其余|余下|剩下|剩余)的?"
    r"|(?:多少|几)[^，]{0,8}?(?:还没|没有|没|尚未|未|不)|(?:还没|没有|没|尚未"
    r"|未)[^，]{0,8}?(?:多少|几)"
    r"|\b(?:left|remain(?:s|ed|ing)?|still|not yet|unsold|unpaid|missing)\b|n't\b|\bnot\b"
    r"|how (?:many|much) more"
)
_EXCEPT = re.compile(  # 除了承销保荐费用还有多少
    r"除(?:了|去|掉|开)?(?P<part>[^，,？?]{2,14}?)(?:以外|之外|外)?[，,]?(?:还|剩|其余|其他|余下)"
)
_IS_SHARE = re.compile(r"约?占[^，。；\d]{0,14}\d")  # the part is a part of what stands before it
_ASKS_DONE = re.compile("已|already|so far")
_DONE = re.compile(r"已|完成|恢复|到位|so far|already|\bhas raised\b")
_NOT_DONE = re.compile("还有|还没|没有|未|剩|余下|尚|没|still|not yet|remaining|left")
_OF_WHICH = re.compile("其中|of (?:whom|which|them)|including|包括")
_WHOLE = re.compile(
    r"计划|目标|总|共|全部|需|应|拟|全年|全市|全县|全村|全省|target|goal|total|plan|need"
    r"|come from|aim|budget"
)
_TELLS_REST = re.compile(
    r"(?:其余|余下|剩下|剩余|还剩|还有|尚有|仍有|另有|尚余|还差|尚缺)[^，。；\d]{0,8}$"
    r"|\b(?:remaining|left|still|other)(?: [a-z]+)?$"
)
_PARTS = (
    ("男", "女"), ("上半年", "下半年"), ("上半场", "下半场"), ("前三节", "末节"),
    ("前三节", "第四节"),
    ("前三季度", "四季度"), ("国内", "国外|海外|境外|国际"), ("农村", "城镇|城市"),
    ("线上", "线下"),
    ("进口", "出口|国产"), ("白天", "夜间|晚上"), ("本地|本市|本省", "外地|外市|外省|省外|市外"),
    ("公办", "民办"), ("常规时间", "加时"), ("成人|成年人", "儿童|未成年人"), ("新", "二手|旧"),
    (r"\bmen\b|\bmale", r"\bwomen\b|female"), (r"\bboys", r"\bgirls"),
    ("first half", "second half"), (r"\bhome\b", r"\baway\b"),
    ("domestic", "overseas|foreign|abroad"),
)  # fmt: skip
_REST_NAMED = re.compile(
    r"(?:其余|剩下|余下)的?(?:则|全部|都|均)?(?:为|是|来自|归|属于|用于"
    r"|用来)(?P<zh>[^，。；]{2,12})"
    r"|(?:and |, )(?P<en>[a-z][a-z' -]{2,30}?)(?: took| made up| accounted for)? the (?:rest"
    r"|remainder)"
    r"|the (?:rest|remainder) (?:is|was|were|are|came from|comes from|went to|goes to"
    r"|go to) (?P<en2>[a-z][a-z' -]{2,30})"
)
_ASKS_SUM = re.compile(
    r"一共|总共|合计|共计|合起来|合在一起|加起来|加在一起|总计|in total|altogether|\bcombined\b"
    r"|put together|in all\b|the total|total amount"
)
_TOLD_SUM = re.compile(
    r"(?:一共|总共|合计|共计|总计|共|总额|总数|总价|总投资|累计"
    r"|总[\u4e00-\u9fff]{1,2})[^，。；\d]{0,8}$"
    r"|\b(?:total|totals|totalling|totaling|altogether|combined)\b[^.;,]{0,20}$"
)
_MORE = re.compile(
    r"(?:再|另外|另|还(?:将|要|可|会|能)|又|外加|追加)[^，。；\d]{0,12}$"
    r"|\b(?:another|a further|an additional|plus)(?: about)?$"
)
_ORDINALS = "一二三四五六"
_ORDINAL = re.compile(f"第([{_ORDINALS}])[\u4e00-\u9fff]")
_COUNTED = re.compile("([两二三四五六])(?:[张个笔批次期份项种条场家套轮位名段件处座节部])")
_BOTH = re.compile(
    r"(?P<one>[^，,？?]{2,12}?)(?:和|与|跟"
    r"|、)(?P<other>[^，,？?]{2,14}?)(?:两[\u4e00-\u9fff]{1,2})?"
    r"(?:的[\u4e00-\u9fff]{1,6})?(?:一共|总共|合计|合起来|加起来|加在一起|共计)"
)
_ROUGHLY = Decimal("0.03")  # by so much the rounded parts of a total may miss it
_LAST = re.compile(r"(?:其余|余下|剩余|剩下)的?$|\bthe (?:remaining|other)$")


def rest(scene: Scene) -> Sum | None:
    """Return what a whole leaves when the part that a text tells is taken off, where the question
    asks for that; None where the text tells the rest itself."""
    for piece in [*scene.pieces(), *_of_which_apart(scene)]:
        inside = [a for a in scene.inside(piece) if not _is_converted(scene, a)]
        for whole, part in pairwise(inside):
            tail = shared_unit(whole, part)
            after = [a for a in inside if a.span.start > whole.span.start]
            same = [a for a in after if shared_unit(whole, a) is not None]
            if tail is None or whole.value <= part.value or len(same) > 1:
                continue
            if not is_amount_asked(scene.asked, whole) or whole.unit == "%":
                continue
            told = any(_TELLS_REST.search(scene.before(a)) for a in same)
            if not told and _is_other_part(scene, whole, part):
                return summed(scene, whole.value - part.value, (whole, part), "−", tail)
    return _share_left(scene, scene.inside(scene.sentence))


def _is_other_part(scene: Scene, whole: Amount, part: Amount) -> bool:
    asked = scene.asked.text
    between = scene.text[whole.span.end : part.span.start]
    said = between + scene.after(part, 16).split("；")[0].split("，")[0].split(";")[0]
    of_which = _OF_WHICH.search(between)
    if of_which:
        for pair in _PARTS:
            for here, there in (pair, pair[::-1]):
                one = re.search(here, said) and not re.search(there, said)
                other = re.search(there, asked) and not re.search(here, asked)
                if one and other:
                    return True
    excepted = _EXCEPT.search(asked)
    if excepted:
        return bool(of_which) and is_about(scene, whole) and _is_named_before(scene, excepted, part)
    named = _WHOLE.search(scene.clause_of(whole)) or (of_which and not _NOT_DONE.search(between))
    named = named or _IS_SHARE.match(scene.after(part, 30).lstrip("，,"))
    if not (of_which or named):
        return False
    if not is_about(scene, whole):
        return False
    rest_asked, is_rest = bool(_ASKS_REST.search(asked)), bool(_NOT_DONE.search(said))
    if rest_asked:
        return not is_rest and bool(_DONE.search(said)) and bool(named)
    return is_rest and bool(of_which) and bool(_ASKS_DONE.search(asked)) and not _DONE.search(said)


def _is_named_before(scene: Scene, excepted: re.Match[str], part: Amount) -> bool:
    """Tell whether the clause of a part names what the question takes off."""
    name = re.sub("的$", "", excepted["part"])
    said = scene.before(part, 60).split("，")[-1]
    pairs = [name[k : k + 2] for k in range(len(name) - 1)]
    return bool(pairs) and 2 * sum(pair in said for pair in pairs) >= len(pairs)


def _is_converted(scene: Scene, amount: Amount) -> bool:
    """Tell whether an amount says one before it again, in brackets: 1.08万亿泰铢(约2200亿元)."""
    return bool(re.search(r"[(（][约合折]+$", scene.before(amount) + amount.bound))


def _of_which_apart(scene: Scene) -> list[Span]:
    """Return the sentence with the one beside it, where the second of them goes on 其中."""
    start, end = scene.sentence
    if re.match(r"\s*其中", scene.text[start:end]):
        return [Span(scene.window.start, end)] if scene.window.start < start else []
    goes_on = re.match(r"\s*其中", scene.text[end : scene.window.end])
    return [Span(start, scene.window.end)] if goes_on else []


def _share_left(scene: Scene, inside: Sequence[Amount]) -> Sum | None:
    """Return what several shares leave to what the question names: 62%、21%，其余为船用."""
    words = scene.text[scene.sentence.start : scene.sentence.end]
    named = _REST_NAMED.search(words)
    if named is None:
        return None
    name = next(g for g in named.groups() if g)
    parts = [
        a
        for a in inside
        if a.unit == "%" and a.span.end <= scene.sentence.start + named.start() + 2
    ]
    left = Decimal(100) - sum((a.value for a in parts), Decimal(0))
    if not parts or left <= 0 or not _is_in_question(name, scene.asked.text):
        return None
    if scene.asked.kind.name not in ("number", "") or scene.asked.kind.unit not in ("", "%"):
        return None
    shown = " − ".join(["100%", *(scene.text[a.span.start : a.span.end].strip() for a in parts)])
    return Sum(written(left, parts[0], parts[0].tail, parts), tuple(a.span for a in parts), shown)


def _is_in_question(name: str, asked: str) -> bool:
    if name.isascii():
        words = [w for w in re.findall("[a-z]+", name) if len(w) > 2]
        return bool(words) and all(re.search(rf"\b{w}", asked) for w in words)
    return name in asked or (len(name) > 3 and name[:3] in asked) or name[:2] in asked


# -- sums


def total(scene: Scene) -> Sum | None:
    """Return the sum of the values that a question asks for together, None where it is told."""
    if not _ASKS_SUM.search(scene.asked.text) or scene.asked.kind.name not in ("number", ""):
        return None
    parts = _in_order(scene) or _both(scene) or _one_more(scene) or _with_the_rest(scene)
    if len(parts) < 2 or not all(is_amount_asked(scene.asked, p) for p in parts):
        return None
    tails = [shared_unit(parts[0], p) for p in parts[1:]]
    if None in tails or parts[0].unit == "%":
        return None
    whole = sum((p.value for p in parts), Decimal(0))
    if any(abs(2 * p.value - whole) <= _ROUGHLY * whole for p in parts):  # the total of the others
        return None
    near = [a for a in scene.amounts if shared_unit(a, parts[0]) is not None]
    if any(_TOLD_SUM.search(scene.before(a)) for a in near):
        return None
    return summed(scene, whole, parts, "+", tails[0] or "")


def _in_order(scene: Scene) -> tuple[Amount, ...]:
    """Return one amount for each of 第一张, 第二张, …, where the question counts so many."""
    counted = _COUNTED.search(scene.asked.text)
    start, end = scene.window
    places = list(_ORDINAL.finditer(scene.text, start, end))
    wanted = han_value(counted[1]) if counted else None
    if wanted is None or [m[1] for m in places] != list(_ORDINALS[:wanted]):
        return ()
    ends = [*(m.start() for m in places[1:]), end]
    groups = [scene.inside(Span(m.end(), e)) for m, e in zip(places, ends, strict=True)]
    if not all(groups):
        return ()
    for first in groups[0]:
        if not is_amount_asked(scene.asked, first):
            continue
        same = [[a for a in group if shared_unit(a, first) is not None] for group in groups]
        if all(same):
            return tuple(group[0] for group in same)
    return ()


def _both(scene: Scene) -> tuple[Amount, ...]:
    """Return the amounts of the two that the question names."""
    named = _BOTH.search(scene.asked.text)
    if named is None:
        return ()
    one, other = named["one"], named["other"]
    inside = scene.inside(scene.sentence)
    found = []
    for names in (
        [one[k:] for k in range(len(one) - 1)],
        [other[:k] for k in range(len(other), 1, -1)],
    ):
        held = next((n for n in names if n in scene.text[slice(*scene.sentence)]), None)
        there = [a for a in inside if held and held in scene.clause_of(a).split("、")[-1]]
        there = there or [
            a for a in inside if held and scene.before(a, len(held) + 6).find(held) >= 0
        ]
        if len(there) != 1:
            return ()
        found.append(there[0])
    return tuple(found) if found[0].span != found[1].span else ()


def _one_more(scene: Scene) -> tuple[Amount, ...]:
    """Return an amount and the one that is added to it: 一次性补贴3000元，满三年再补5000元."""
    inside = scene.inside(scene.sentence)
    for last in inside:
        same = [a for a in inside if shared_unit(a, last) is not None]
        if len(same) == 2 and same[1] is last and _MORE.search(scene.before(last)):
            return tuple(same)
    return ()


def _with_the_rest(scene: Scene) -> tuple[Amount, ...]:
    """Return a row of contributions that the last one completes: … the remaining £70,000."""
    inside = scene.inside(scene.sentence)
    for last in inside:
        same = [a for a in inside if shared_unit(a, last) is not None]
        if len(same) > 2 and same[-1] is last and _LAST.search(scene.before(last)):
            return tuple(same)
    return ()
