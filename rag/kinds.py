"""What kind of answer a question asks for, and whether some words are of that kind.

    松延动力7月交付多少台?   → a number, counted in 台      105台 fits, 松延动力 does not
    什么时候举办的?          → a time                      8月8日至12日 fits

Only plain cases are told: a question of no clear kind lets every answer pass.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_MEASURE = (
    "[台人次名家项款件辆架艘座所套只头株场年天岁种条部位户例支期"
    "届份倍度层周枚颗类门册米吨亩元个号国]"
)
_HOW_MANY = re.compile(
    rf"(?:多少|几)(?:万|亿)?({_MEASURE}|小时|分钟|公里|平方米|美元|个月|百分点)?"
    "([\u4e00-\u9fff]{2})?"
)
_HOW_MUCH = re.compile(
    r"多少|几(?!乎|点|经)|多大|多长|多远|多高|多久|百分之|占比|比例是|增速|增幅"
    r"|how (?:many|much|long|old|far|large)",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"多少钱|多少资金|金额|总额|多少投资|值多少|价钱|价格|多少学费|工资|收入多少"
    r"|how much (?:money|funding|investment)|\b(?:worth|cost|price|revenue)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(
    r"百分之|占比|比例|比重|几成|增速|增幅|增长率?了?(?:多少|几)|涨了?多少|(?:上涨|下降|提高|降低)了?多少"
    r"|what (?:share|percentage|percent)",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"什么时候|啥时候|何时|哪[一几两]?[年天月日]|几[月号日]|哪个月|什么时间"
    r"|\bwhen\b|what (?:date|year|time|day|month)",
    re.IGNORECASE,
)
_WHO = re.compile(r"谁|哪位|什么人|哪个人|叫什么名|\bwho\b|\bwhom\b", re.IGNORECASE)
_WHERE = re.compile(
    r"哪里|哪儿|在哪|什么地方|哪个(?:城市|省|国家|地方|地区|市|区)|\bwhere\b", re.IGNORECASE
)
_WHICH_ONES = re.compile(
    r"哪些|哪几(?![天年月日号])|哪[两二三四五六七八九十](?![天年月日号])|分别[是为有]|各[是为有]"
)
_WHETHER = re.compile(
    r"吗[？?。]?\s*$|了没有?[？?]?\s*$|没有[？?]\s*$|是不是|是否|有没有|能不能|会不会|可不可以|要不要"
    r"|^(?:is|are|was|were|did|does|do|has|have|had|can|could|will|would|should)\b",
    re.IGNORECASE,
)
_WHY = re.compile(r"为什么|为啥|为何|原因|\bwhy\b", re.IGNORECASE)

_DIGIT = re.compile(r"[0-9一二三四五六七八九十百千万亿两半]")
_TIME = re.compile(
    r"[0-9一二三四五六七八九十]+ ?(?:年|月|日|号|时|点|周|天|世纪)|今年|去年|明年|前年|近日|日前"
    r"|目前|上半年|下半年|当天|昨|今|明天|期间|之后|以前|以来|季度|晚|早|(?:19|20)\d\d|前不久|近期"
    r"|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)


_WHICH = re.compile("哪一?[个家所座位名部份本款支项种场届]([\u4e00-\u9fff]{1,2})")
# the hundred or so commonest family names, nine Chinese names in ten
FAMILY_NAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜"
    "叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎"
    "贺顾毛郝龚邵万钱严武戴莫孔向汤"
)


_YEAR_ONLY = re.compile(r"(?:19|20)\d\d\D{0,3}")
_UNITS_ALIKE = {
    "%": "%|％|百分|成|倍|翻",
    "元": "元|人民币|块|美金",
    "天": "天|日",
    "人": "人|名|位",
}
_LONGEST_NUMBER = 14  # characters: 不少于1500个国家和地区


class Kind(NamedTuple):
    """`name`: number, time, person, place, reason, whether, list, which or "" for any.

    `unit`: what a number is counted in, or the parts of a date that are asked for ("年月"), or "";
    `noun`: what is counted or asked for ("多少个场景", "哪个区"), or "".
    """

    name: str
    unit: str = ""
    noun: str = ""


def asked_kind(question: str) -> Kind:
    """Return the kind of answer that the question asks for.

    >>> asked_kind("松延动力7月交付多少台?")
    Kind(name='number', unit='台', noun='')
    """
    if _WHY.search(question):
        return Kind("reason")
    if _WHETHER.search(question):
        return Kind("whether")
    if when := _WHEN.findall(question):
        return Kind("time", "".join(dict.fromkeys(c for c in "".join(when) if c in "年月日号")))
    if _WHICH_ONES.search(question):
        return Kind("list")
    if _HOW_MUCH.search(question):
        return _number_asked(question)
    if _WHO.search(question):
        return Kind("person")
    which = _WHICH.search(question)
    if _WHERE.search(question):
        return Kind("place", noun=which.group(1) if which else "")
    if which:
        return Kind("which", noun=which.group(1))
    return _number_asked(question) if _MONEY.search(question) else Kind("")


def _number_asked(question: str) -> Kind:
    counted = _HOW_MANY.search(question)
    unit, noun = (counted.group(1) or "", counted.group(2) or "") if counted else ("", "")
    if not unit and _SHARE.search(question):
        return Kind("number", "%")
    if not unit and _MONEY.search(question):
        return Kind("number", "元")
    return Kind("number", unit, noun)


def fit(kind: Kind, words: str, after: str) -> float:
    """Return how well an answer fits: 2 or 1 of the kind, 0 perhaps, -1 hardly.

    `after`: the few characters that follow it in the text.

    >>> fit(Kind("number", "台"), "105台", "创了纪录"), fit(Kind("number", "台"), "松延动力", "")
    (1.0, -1.0)
    """
    if kind.name == "number":
        return _number_fit(kind, words, after)
    if kind.name == "time":
        return _time_fit(kind, words)
    if kind.name == "person":
        return _person_fit(words)
    if kind.name == "list":
        return 1.0 if "、" in words else 0.0
    if kind.name == "reason":
        return -1.0 if len(words) < 4 else 0.0
    if kind.name == "place" and re.fullmatch(r"[0-9年月日.,%]+.?", words):
        return -1.0
    return 1.0 if kind.noun and words.endswith((kind.noun, kind.noun[0], kind.noun[-1])) else 0.0


def _time_fit(kind: Kind, words: str) -> float:
    if not _TIME.search(words):
        return -1.0
    named = words.replace("号", "日").replace("今年", "").replace("去年", "")
    return 1.0 if all(unit in named for unit in kind.unit.replace("号", "日")) else 0.0


def _number_fit(kind: Kind, words: str, after: str) -> float:
    if not _DIGIT.search(words) or _YEAR_ONLY.fullmatch(words):
        return -1.0
    units = _UNITS_ALIKE.get(kind.unit, kind.unit)
    right_unit = 1.0 if units and re.search(units, words) else 0.0
    right_noun = 1.0 if kind.noun and kind.noun[:2] in (words + after)[:40] else 0.0
    return right_unit + right_noun - (1.0 if len(words) > _LONGEST_NUMBER else 0.0)


def _person_fit(words: str) -> float:
    if re.search("[0-9]", words) or len(words) > 30:
        return -1.0
    chinese = 2 <= len(words) <= 3 and words[0] in FAMILY_NAMES
    return 1.0 if chinese or "·" in words else 0.0
