"""One value and how much another differs from it → the other; two values → how much they differ.

"全市计划招生20840人，比2022年增加1260人"   2022年计划招多少人?   → 20840 − 1260
"家庭床位补贴由2000元提高到2600元"          提高了多少?           → 2600 − 2000
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rag.reckoned.amounts import DURATION, Amount, shared_unit
from rag.reckoned.scene import (
    Scene,
    Sum,
    asked_of,
    has_subject,
    is_amount_asked,
    scene_of,
    summed,
)
from rag.reckoned.times import OLD, agree
from rag.types import Article, Span

_UP = (
    "增加|增长|提高|提升|上升|上涨|上调|延长|扩大|涨价|高出|多出|增|多|高|贵|涨|升|长|大|重|慢|"
    "more|higher|longer|above|ahead of|up|dearer|slower|older|heavier"
)
_DOWN = (
    "减少|下降|降低|下调|缩短|压缩|缩小|下跌|回落|下滑|便宜|降价|减|少|低|降|短|小|轻|跌|快|"
    "fewer|less|lower|shorter|below|behind|down|cheaper|faster|younger|lighter"
)
_ZH_TURN = "|".join(w for w in f"{_UP}|{_DOWN}".split("|") if not w.isascii())
_ZH_VERB = "|".join(w for w in _ZH_TURN.split("|") if len(w) > 1 or w in "增涨升减降跌")
_COMPARED = re.compile(
    rf"(?:(?<![同环相对])比(?![例赛分重拼])|(?<!比)较(?![多少高低大小为])|相较于?|相比)"
    rf"(?P<ref>[^，。；：（(比较]{{1,20}}?)偏?(?<![最更])(?P<turn>{_ZH_TURN})(?:了|出|出了)?$"
)
_COMPARED_WITH = re.compile(
    rf"[与和同跟](?P<ref>[^，。；：（(]{{2,16}})(?:相比"
    rf"|比较)，?[^，。；：]{{0,6}}?(?P<turn>{_ZH_TURN})(?:了|出|出了)?$"
)
_AGAINST = re.compile(
    r"(?P<turn>低于|高于|高出|超过|超出|少于|多于|落后于?"
    r"|领先于?)(?P<ref>[^，。；：（(\d的每了]{1,12}(?:的[^，。；：（(\d的每]{2,8})?)$"
)
_YEAR_ON_YEAR = re.compile(rf"(?P<ref>同比|环比)[^，。；：]{{0,4}}?(?P<turn>{_ZH_TURN})了?$")
_TURNED = re.compile(
    rf"(?P<turn>(?:{_ZH_VERB})了?|(?:{_ZH_TURN})(?=了))了?$"
    r"|\b(?P<rose>rose|rises?|risen|rising|increas(?:e|es|ed|ing)|rais(?:e|es|ed)|lifted|grew"
    r"|grown|climbed|gained|jumped|up)"
    r"(?: (?!from|to)[a-z]+)?(?: by)?$"
    r"|\b(?P<fell>fell|falls?|fallen|decreas(?:e|es|ed|ing)|cuts?|dropp?(?:s|ed)?|reduced?|lost"
    r"|shrank|slipped|down)"
    r"(?: (?!from|to)[a-z]+)?(?: by)?$"
)
_THEN_TO = re.compile(
    r"[，,]?(?:后)?(?:达到?|增至|升至|涨至|降至|减至"
    r"|[至到为])(?:每[\u4e00-\u9fff]{1,2})?[约近]?$|(?: an? [a-z]+)? to$"
)
_ENGLISH_THAN = re.compile(
    r" ?(?P<turn>more|fewer|less|higher|lower|longer|shorter|cheaper|dearer|faster|slower|older"
    r"|younger)"
    r"(?: [a-z]+){0,2}? than (?:in |at |on |the |it was )*(?P<ref>[^,.;:()]{2,40})"
    r"| (?P<turn2>above|below|behind|ahead of) (?:the |its )?(?P<ref2>[^,.;:()]{2,40})"
)
_ENGLISH_FROM = re.compile(
    r" (?:on|from) (?:the )?(?P<ref>(?!\D{0,2}\d+[^\d]|[$£€])[^,.;:()]{2,40})"
)
_UP_DOWN = re.compile(r"\b(?P<turn>up|down)(?: by)?$")
_COMPARES = re.compile(
    r"差(?:了|距)?(?:多少|几)|差距|相差|[多少]多少|(?:[多少高低贵升降涨跌减增长短]|便宜|增加"
    r"|减少|增长|提高|下降|上涨|缩短|延长|领先|落后)"
    r"(?:了|出|出了|着)?(?:多少|几)|比[^，]{1,14}?(?:多|少|高|低|贵|便宜|快|慢|增|减)"
    r"|\bhow (?:much|many|far) .{0,60}\b(?:grow|rise|risen|fall|fallen|drop|increase|decrease"
    r"|decline|change)"
    r"|how (?:many|much) (?:more|fewer|less|higher|lower|longer|shorter)|difference"
    r"|by how (?:much|many)"
    r"|\b(?:than|compared)\b"
)
_RANKED_FIRST = re.compile("榜首|头名|第一|冠军|领头羊|leader|first|winner|top")
_BEYOND = re.compile(
    "(?:超出?|超过|高于|低于|多于|少于|高出|领先|落后|above|below|over) ?(?:the )?$"
)
_NOT_NAMES = re.compile("同期|全年|水平|的|了|这|那|年度")
_OLD = re.compile(OLD)
_EACH = re.compile("每|年均|月均|平均每|各(?!界)")
_REACH = 40  # characters in which words of comparison stand before an amount
_SHORT_NAME = 4  # characters: 供应量比前一天增加400吨
_FAR = 26  # characters between a value and the words that compare it


class _Difference(NamedTuple):
    """How a text says that one value differs: by `amount`, from what `ref` names; `sign` is +1
    where the value is the greater; `ref` "" means what it was before."""

    amount: Amount
    ref: str
    sign: int
    subject: Amount | None = None  # where the words say which


def other_value(scene: Scene) -> Sum | None:
    """Return the value that a question asks for where the text tells another one and how much they
    differ; None where it tells the value itself."""
    if _COMPARES.search(scene.asked.text) or scene.asked.kind.several or not has_subject(scene):
        return None
    differences = [d for a in scene.inside(scene.sentence) if (d := _difference(scene, a))]
    taken = {d.amount.span for d in differences}
    for difference in differences:
        subject = difference.subject or _subject(scene, difference.amount, taken)
        tail = _kin(subject, difference.amount) if subject else None
        if subject is None or tail is None or not is_amount_asked(scene.asked, subject):
            continue
        if not _asks_for(scene, difference, subject) or _is_told(scene, difference, subject):
            continue
        sign = "−" if difference.sign > 0 else "+"
        value = subject.value - difference.sign * difference.amount.value
        if (
            value <= 0
            or difference.amount.value < 2 * subject.step
            or (subject.unit == "%" and value > 100)
        ):
            continue
        return summed(scene, value, (subject, difference.amount), sign, tail)
    return None


def _kin(subject: Amount, amount: Amount) -> str | None:
    """Return the unit of what is left of one amount by the other; None where they are not alike."""
    if subject.unit == "%":
        return subject.tail if amount.unit == "百分点" else None
    if not amount.unit and subject.unit:  # five more than last year
        return subject.tail
    return shared_unit(subject, amount)


def _difference(scene: Scene, amount: Amount) -> _Difference | None:
    before, after = scene.before(amount), scene.after(amount)
    for pattern in (_COMPARED, _COMPARED_WITH, _AGAINST, _YEAR_ON_YEAR):
        found = pattern.search(before)
        if found:
            start = max(scene.sentence_of(amount).start, amount.span.start - _REACH)
            place = Span(start + found.start("ref"), start + found.end("ref"))
            if scene.inside(place) or not amount.unit or _EACH.search(found[0]):
                return None  # its own value stands there: 比去年的740人多120人
            return _Difference(amount, found["ref"], _sign(found["turn"], amount))
    than = _ENGLISH_THAN.match(after)
    if than:
        turn, ref = than["turn"] or than["turn2"], than["ref"] or than["ref2"]
        place = Span(amount.span.end + than.start(), amount.span.end + than.end())
        if scene.inside(place):
            return None
        return _Difference(amount, ref, _sign(turn, amount))
    moved, since = _UP_DOWN.search(before), _ENGLISH_FROM.match(after)
    if moved and since:
        return _Difference(amount, since["ref"], 1 if moved["turn"] == "up" else -1)
    turned = _TURNED.search(before)
    if turned is None or _EACH.search(before[-8:]):
        return None
    sign = 1 if turned["rose"] else -1 if turned["fell"] else 0
    sign = sign or _sign(turned["turn"].removesuffix("了"), amount)
    following = [a for a in scene.amounts if a.span.start >= amount.span.end][:1]
    between = scene.text[amount.span.end : following[0].span.start] if following else ""
    to = following[0] if following and _THEN_TO.fullmatch(between.rstrip()) else None
    return _Difference(amount, "", sign, to)


def _sign(turn: str, amount: Amount) -> int:
    behind = turn.startswith(("落后", "behind"))
    if turn in ("快", "慢", "faster", "slower") or behind:
        is_less = behind or turn in ("快", "faster")
        is_time = amount.unit == DURATION
        return (1 if is_time else -1) if behind else (-1 if is_less == is_time else 1)
    if turn in ("低于", "少于"):
        return -1
    if turn.startswith(("高", "超", "多于", "领先")):
        return 1
    return 1 if turn in _UP.split("|") else -1


def _subject(scene: Scene, amount: Amount, taken: set[Span]) -> Amount | None:
    """Return the value that is compared: the nearest before, no difference itself."""
    sentence = scene.sentence_of(amount)
    before = [
        a
        for a in scene.inside(Span(sentence.start, amount.span.start))
        if a.span not in taken and _kin(a, amount) is not None
    ]
    if before:
        between = scene.text[before[-1].span.end : amount.span.start]
        told = scene.text[sentence.start : before[-1].span.start]
        near = "；" not in between and len(between) <= 2 * _FAR and "分别" not in told
        return before[-1] if near and _is_of_the_same(told, between) else None
    following = scene.inside(Span(amount.span.end, sentence.end))[:1]
    between = scene.text[amount.span.end : following[0].span.start] if following else ""
    if following and re.fullmatch("[，,][^，；]{0,6}(?:达到?|共|为|至)[约近]?", between):
        return following[0] if _kin(following[0], amount) is not None else None
    return None


def _is_of_the_same(told: str, between: str) -> bool:
    """Tell whether what is compared is the value before, not another thing that its clause names
    first: 费用2.57亿美元，一款训练机的成本比预期高出1.89亿美元."""
    last = re.split("[，,；]", between)[-1]
    named = re.split(
        r"比|较|相比|与|同比|环比|低于|高于|超|落后|领先|\b(?:up|down|than|by)\b", last
    )[0].strip()
    if len(named) <= _SHORT_NAME or named.isascii():
        return True
    return any(named[k : k + 2] in told for k in range(len(named) - 1))


def _asks_for(scene: Scene, difference: _Difference, subject: Amount) -> bool:
    """Tell whether the question names what the value is compared with, and not the value's own."""
    asked, ref = scene.asked, difference.ref
    sentence = scene.sentence_of(subject)
    around = scene.times_of(scene.text[scene.window.start : difference.amount.span.start])
    own = scene.times_of(scene.text[sentence.start : subject.span.start])
    if not ref:
        return "o" in asked.times and not _OLD.search(scene.clause_of(subject))
    said = scene.times_of(ref)
    if ref == "同比":
        years = {f"y{int(t[1:]) - 1}" for t in own if t[0] == "y"}
        said = frozenset({"r-1", *years}) | scene.times_of("去年")
    elif ref == "环比":
        said = frozenset({"p上月", "p上季度"})
    if said:
        return agree(asked.times, said, around | own)
    return _is_named(scene, ref, subject)


def _is_named(scene: Scene, ref: str, subject: Amount) -> bool:
    """Tell whether the question names what a noun stands for, and not whose the value is."""
    asked = scene.asked.text
    if _RANKED_FIRST.search(ref) and _RANKED_FIRST.search(asked):
        return True
    name = _NOT_NAMES.sub("", ref).strip()
    if len(name) < 2 or name not in asked:
        return False
    if _BEYOND.search(asked[: asked.index(name)]):  # 超警戒水位多少米: the difference itself
        return False
    if name.endswith("前"):  # 调价前: whose it is, is the same
        return True
    sentence = scene.sentence_of(subject)
    head = re.sub(r"\W", "", scene.text[sentence.start : subject.span.start])[:2]
    clause = re.sub(r"\W", "", scene.clause_of(subject))[:2]
    rest = asked.replace(name, " ")
    return not any(start and start in rest for start in (head, clause))


def _is_told(scene: Scene, difference: _Difference, subject: Amount) -> bool:
    """Tell whether the text itself tells what the question asks for: an amount of the same unit
    whose clause names it."""
    for amount in scene.amounts:
        if amount.span in (subject.span, difference.amount.span):
            continue
        if _kin(amount, subject) is None or _difference(scene, amount):
            continue
        clause = scene.clause_of(amount)
        said = scene.times_of(clause)
        name = _NOT_NAMES.sub("", difference.ref).strip()
        if scene.asked.times & said - {t for t in said if t[0] in "mp"}:
            return True
        if name and name in clause and not scene.times_of(name):
            return True
    return False


def tells_difference(scene: Scene) -> bool:
    """Tell whether a sentence says how much something differs."""
    return any(_difference(scene, amount) for amount in scene.inside(scene.sentence))


def compared_with(article: Article, sentence: Span, unit: str) -> list[str]:
    """Return what a sentence compares something of a unit with, where it tells by how much."""
    scene = scene_of(asked_of("", article.published), article, sentence, sentence)
    found = [_difference(scene, a) for a in scene.amounts if not unit or a.unit == unit]
    return [d.ref for d in found if d is not None and d.ref not in ("", "同比", "环比")]
