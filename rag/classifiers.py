"""What a question counts → the words that a number of it is counted in.

    How many guests attended?        上千名 fits, 百余场 is counted in another unit
    困了多久?                        17个小时 fits, 上百人 is not a time

A Chinese text puts a classifier where an English question puts a noun, so that nothing in
"how many drones" says 架; and what is counted in another unit is not what is asked for.
"""

from __future__ import annotations

import re
from functools import lru_cache

PEOPLE = "人|名|位|口|例"
# English nouns, without the plural's ending, and what Chinese counts them in
_NOUNS = {
    "people person men man women woman child children kid baby student pupil worker employee"
    " staff resident visitor guest passenger tourist traveller viewer spectator fan reader"
    " patient doctor nurse teacher parent athlete player swimmer runner soldier officer"
    " firefighter police official expert scientist researcher engineer driver farmer villager"
    " volunteer member user customer buyer client shareholder suspect victim candidate"
    " applicant graduate contestant participant competitor representative delegate journalist"
    " migrant refugee mother father girl boy pensioner senior job-seeker jobseeker signatory"
    " trainee instructor tutor director voter death fatality casualt injur talent"
    " attendance": PEOPLE,
    "company companies firm enterprise business businesses bank hospital hotel shop store"
    " restaurant factor factory factories supplier manufacturer outlet agency agencies"
    " institution organisation organization pharmac media start-up startup": "家|个|户|所|间",
    "school universit college kindergarten institute lab museum librar": "所|家|个",
    "home house flat apartment building villa": "套|户|间|栋|幢|所|座|处",
    "household famil": "户|家|个",
    "car vehicle truck lorr bus buses taxi bike bicycle motorcycle ev hybrid suv": "辆|台|部",
    "robot unit computer phone device machine console server tractor": "台|部|个|套|架",
    "plane aircraft drone helicopter jet fighter airliner": "架",
    "ship boat vessel ferr ferries": "艘|条|只",
    "train coach": "列|趟|班|节",
    "flight": "班|架|趟|个",
    "time": "次|回|遍|倍",
    "case": "例|起|件|宗|个",
    "project item piece": "个|项|件|款",
    "rule measure article clause document paper report patent": "条|项|个|份|件|篇",
    "tonne ton": "吨",
    "kilometre kilometer km mile": "公里|千米|英里|里|km",
    "metre meter foot feet": "米|英尺",
    "hectare acre mu": "公顷|亩|顷",
    "litre liter": "升|毫升",
    "kilo kilogram kg": "公斤|千克|斤|kg",
    "degree": "度|℃|°",
    "percentage": "%|％|百分",
    "yuan dollar euro yen rouble ruble": "元|块|美金|日圆|欧|卢布",
    "point": "分|点",
    "goal": "球|个|粒",
    "vote ticket": "票|张",
    "seat": "席|个|座",
    "floor storey level": "层|楼|级",
    "room": "间|个",
    "bed": "床|张",
    "page": "页",
    "book copy copies": "本|册|部|份",
    "film movie episode": "部|集",
    "song photo picture painting": "首|张|幅",
    "team squad": "支|个|队",
    "country countries nation": "国|个",
    "cit province count town village district": "个|市|省|县|镇|村|座",
    "line lane": "条|道|车道",
    "station stop bridge": "座|个|站|处",
    "tree plant": "棵|株",
    "animal bird dog cat panda cow sheep pig fish": "只|头|匹|条|尾",
    "kind type sort species variet": "种|类|款",
    "round": "轮|回合|个|场",
    "game match matches show performance event": "场|局|个|项|届",
    "medal": "枚|块|金|面",
}  # fmt: skip
_UNITS = {noun: units for nouns, units in _NOUNS.items() for noun in nouns.split()}
_SPANS_OF_TIME = {
    "year": "年|岁",
    "month": "月",
    "week": "周|星期|礼拜",
    "day": "天|日",
    "night": "晚|夜|天",
    "hour": "小时|钟头",
    "minute": "分钟|分",
    "second": "秒",
}
_ALIKE = {
    "%": "%|％|百分|成|倍|翻|半|分之|percent|per cent",
    "元": (
        r"元|人民币|块|美金|[$£€¥]"
        r"|\b(?:rmb|yuan|crowns?|dollars?|pounds?|euros?|yen|won|million|billion)\b"
    ),
    "岁": r"岁|\baged\b|years? old",
    "度": "度|℃|degrees",
    "久": "年|个月|天|日|小时|分钟|秒|周|星期|夜|(?:year|month|week|day|hour|minute|second)s?",
    "比": "[0-9] ?(?:比|:|：|-|–) ?[0-9]",
}
# classifiers that count the same: 几家店? 3个; 多少位? 12名
_SAME = (
    "人名位口", "天日", "家个所户间", "台辆部架个", "件起例宗项个", "座个处", "次场回届趟遍个",
    "种类款个", "条项道点个", "支个队", "栋幢座", "套户间", "米里", "斤克", "棵株", "只头条匹",
    "张份", "期个", "年岁", "集部", "层级个", "笔个", "步条个",
)  # fmt: skip
ENDS_A_NAME = (  # behind these nothing is named any more that is asked for
    "is|are|was|were|be|been|did|do|does|has|have|had|will|would|can|could|should|must|may|might"
    "|of|in|on|at|to|by|for|from|with|during|between|under|over|after|before|as|per|the|a|an|and"
    "|or|who|that|it|they|he|she|we|you|his|her|its|their"
)
_HOW_MANY = re.compile(
    r"\b(?:how many|number of)(?: of(?: (?:the|his|her|its|their|those|these))?)?"
    rf"(?P<words>(?:[ -](?!(?:{ENDS_A_NAME})\b)[\w']+)*)"
)
_LOOKED_AT = 7  # words after "how many": two-month-old panda cubs in the reserve
LENGTHS = (
    "公里|千米|英里|米|里|毫米|厘米|英寸|寸|英尺"
    r"|(?<![a-z])(?:km|mm|cm|m|inch|feet|foot|miles?|(?:kilo)?met(?:re|er)s?)\b"
)
WEIGHTS = r"公斤|千克|斤|吨|克|(?<![a-z])(?:kg|g|tons?|tonnes?|pounds?|(?:kilo)?grams?)\b"
AREAS = r"平方|公顷|亩|顷|\b(?:square|acres?|hectares?|mu)\b"
SPEEDS = r"公里|千米|米|马赫|(?<![a-z])(?:km|mbps|gbps|mph)"
_MEASURED = (
    (
        re.compile(
            r"\bhow (?:much|far) (?:\S+ )*?(?:rise|rose|grow|grew|grown|go up|went up|gone up|fall"
            r"|fell|drop|dropped|decline|declined|jump|jumped|surge|surged|shrink|shrank|gain(?:ed)?"
            r"|increased?|decreased?|slide|slid|slip|be (?:up|down)|was (?:up|down)|up|down)\b"
            r"|\b(?:the|a) (?:rise|drop|fall|increase|growth|decline) in\b"
        ),
        "%|％|百分|成|倍|翻",
    ),
    (re.compile(r"\bhow (?:wide|tall|high|deep|far|thick)\b"), LENGTHS),
    (
        re.compile(
            r"\bhow long (?:is|was) the (?:\w+ ){0,2}(?:route|line|road|bridge|tunnel|river|wall"
            r"|track|railway|street|course)\b"
        ),
        LENGTHS,
    ),
    (re.compile(r"\bhow (?:heavy|much (?:does|did|do) .* weigh)\b"), WEIGHTS),
    (re.compile(r"\bhow (?:big|large) (?:an area|is the area)\b"), AREAS),
    (re.compile(r"\bhow fast\b"), SPEEDS),
    (re.compile(r"\bhow often\b"), "次|回|遍|times|once|twice"),
)
_ALL = (
    "周岁|平方公里|平方米|立方米|公里|千米|厘米|毫米|公顷|公斤|千克|人次|户次|小时|分钟|钟头|星期|个月|亿元|万元|美元|欧元"
    "|[台人名家项款件辆架艘座所套只头株场年天岁种条部位户例届份倍度层周枚颗吨亩元米秒月日点分票支起宗幢栋次%％℃]"
)
_COUNTED = re.compile(
    rf"[0-9一二三四五六七八九十百千两几][万亿千百]*[多余来]?个?\s?(?P<unit>{_ALL})"
)


@lru_cache(maxsize=64)  # asked once an answer and once a claim
def units_asked(question: str) -> str:
    """Return what the number is counted in that an English question asks for, "|" between them;
    "" where nothing tells. `question` in lower case.

    >>> units_asked("how many drones did they send?"), units_asked("how many did they send?")
    ('架', '')
    """
    if _HOW_MANY.search(question):
        return _of_noun(noun_counted(question))
    return next((units for asks, units in _MEASURED if asks.search(question)), "")


@lru_cache(maxsize=64)
def noun_counted(question: str) -> str:
    """Return the noun that "how many" of an English question in lower case counts, "" where none
    is known.

    >>> noun_counted("how many college students did they send?")
    'students'
    """
    found = _HOW_MANY.search(question)
    words = re.split(r"[\s-]+", found["words"])[:_LOOKED_AT] if found else []
    return next((word for word in reversed(words) if _of_noun(word)), "")


@lru_cache(maxsize=64)
def alike(unit: str) -> str:
    """Return the units that a text may print for the one asked for, "|" between them."""
    same = "".join(units for units in _SAME if unit and unit != "个" and unit in units)
    return _ALIKE.get(unit) or "|".join(dict.fromkeys(same)) or unit


def singular(word: str) -> str:
    """Return an English noun without the ending of its plural, as this module spells nouns.

    >>> singular("drones"), singular("cities"), singular("city")
    ('drone', 'cit', 'cit')
    """
    return re.sub("(?:ies|s|y)$", "", word)


def is_one_of(units: str, noun: str) -> bool:
    """Tell whether what an English noun means is counted in just these units.

    >>> is_one_of(PEOPLE, "swimmers"), is_one_of(PEOPLE, "drones")
    (True, False)
    """
    return _of_noun(noun) == units


def _of_noun(word: str) -> str:
    for known in (word, singular(word)):
        if units := _UNITS.get(known) or _SPANS_OF_TIME.get(known):
            return units
    return ""


def counts_another(units: str, words: str) -> bool:
    """Tell whether all numbers of an answer are counted in other units than the one of `units`.

    >>> counts_another("小时|分钟", "上百人"), counts_another("小时|分钟", "17个小时")
    (True, False)
    """
    counted = _COUNTED.findall(words)
    return bool(counted) and not any(re.search(units, unit) for unit in counted)
