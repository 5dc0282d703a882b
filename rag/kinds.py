"""What kind of answer a question asks for, and whether some words are of that kind.

    松延动力7月交付多少台?   → a number, counted in 台      105台 fits, 松延动力 does not
    什么时候举办的?          → a time                      8月8日至12日 fits

Only plain cases are told: a question of no clear kind lets every answer pass.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rag.classifiers import alike, counts_another, noun_counted, singular, units_asked
from rag.lexicon.numbers import NUMBERS
from rag.sorts import asks_name, endings_of, is_vague, sort_asked
from rag.terms import fold, is_chinese
from rag.wanted import wanted

_MEASURE = (
    "[台人次名家项款件辆架艘座所套只头株场年天岁种条部位户例支期届份倍度层周枚颗类门册米吨亩元个号国"
    "分球票口栋幢句页秒杯瓶碗根封棵首章圈块片间床站处桩班趟列节道轮脚克升斤里寸文筐箱袋串队组群]"
)
# 几 that asks: not 好几份遗嘱, 那几个人, 十几年
COUNT_ASKED = "(?<![好这那十])几"
_HOW_MANY = re.compile(
    rf"(?:多少|{COUNT_ASKED})(?:万|亿)?({_MEASURE}|小时|分钟|公里|平方米|美元|个月|百分点)?"
    "([\u4e00-\u9fff]{2})?"
)
_HOW_MUCH = re.compile(
    rf"多少|{COUNT_ASKED}(?!乎|点|经)|多大|多长|多远|多高|多久|百分之|占比|比例是|增速|增幅"
    r"|\bhow (?:many|much|long|old|far|large|big|often|tall|high|low|deep|wide|heavy|fast)\b",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"多久|多长时间|几个?(?:小时|钟头|月|星期)|\bhow long\b(?! is the)"
    r"|how many (?:days|weeks|months|years)"
)
_AGE = re.compile(r"多大(?:年纪|岁数|了|$|[?？])|几岁|多少岁|年龄|\bhow old\b|\bwhat age\b")
_DEGREES = re.compile(r"多少度|几度|气温|温度|体温|how (?:hot|cold|warm)")
_RESULT = re.compile(r"比分|几比几")
_MEASURED = {"久": _DURATION, "岁": _AGE, "度": _DEGREES, "比": _RESULT}
_PEOPLE_COUNTED = re.compile(  # 多少病人, 几个消防员, 一天多少客流: counted in 人
    "(?:多少|几)个?[^，,？?的]{0,4}?(?:人(?![均民工])|学生|[高初中新考]生|毕业生|观众|[游旅乘访]客|客流"
    "|患者|孩子|[女男]孩|老人|家长|[职员]工|工人|[居村市农网]民|[队党官兵消防运动]员|[教老]师|医生|护士|干部"
    "|志愿者|代表|嘉宾|选手|用户|网友|粉丝)"
)
_MONEY = re.compile(
    r"多少钱|[花付赔罚缴交拿赚]了?多少|(?:骗|偷|借|欠|亏|捐|筹|募|贪|受贿)(?:[走了到去掉出]|损)*多少[？?]?$|"
    "多少[^，,？?]{0,4}?(?:资金|债|贷款|税|补贴|补助|新钱|赔偿|罚金|捐款|善款|现金|预算)|"
    r"票价|利息|房租|违约金|养老金|奖金|多少资金|金额|总额|多少投资|值多少|价钱|价格|多少学费|工资|收入多少"
    r"|how much (?:money|funding|investment)|\bhow much .*\b(?:worth|cost|price|revenue)\b"
    r"|\bwhat (?:did|does|do|is|was|are|were|will|would) .*\b(?:cost|worth)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(
    r"百分之|占比|比例|比重|几成|占[^，,？?几]{0,8}多少|增速|增幅|增长率?了?(?:多少|几)"
    r"|[涨跌增]了?(?:多少|几个?点)|(?:上涨|下降|提高|降低)了?多少"
    r"|what (?:share|percentage|percent)",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"什么时候|啥时候|何时|哪[一几两]?[年天月日]|几[月号日]|哪个月|什么时间|几点(?![一-鿿]?(?:建议|意见|要求|体会|启示|原因|看法))"
    r"|^(?:and |so |since |until )?when (?:did|do|does|is|are|was|were|will|would|has|have|had|can"
    r"|could|should|must|may)\b|\band when\b"  # beside another question word it asks nothing
    r"|^(?!.*\b(?:what|how|why|who|whose|which|where)\b).*\bwhen\b"
    r"|what (?:date|year|time|day|month)|\bhow (?:soon|early|late)\b",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"谁|哪位|什么人|哪个人|什么名字|全名|姓什么|姓啥"
    r"|^(?!.*\b(?:what|how|why|which)\b.*\bwho).*\b(?:who|whom|whose)\b",
    re.IGNORECASE,
)
# 那个菜贩子叫什么: a person; 踢球的俱乐部叫什么: a thing of that name
_CALLED = re.compile("([\u4e00-\u9fff]{1,2})(?:[他她]|全名|名字)?叫(?:什么|甚么|啥)")
_PEOPLE = frozenset(
    "人师生长员家手者娘汉爷奶叔婶姨哥姐弟妹工匠授任理裁记士客贩友子孩民兵警医婆公爸妈父母儿女徒"
)
_SAID = re.compile(
    "怎么(?:说|形容|评价|回答|答|看|解释|讲)|咋(?:说|看|形容)|说了(?:什么|啥|句)|说过什么|原话|说什么"
    "|如何(?:评价|看|形容|回答)|什么看法"
    r"|what (?:did|does|do) .{3,60}\b(?:say|tell|think|call)\b|\b(?:complaint|complain|words)\b"
)
_SEVERAL = re.compile(
    "各(?:是|有|为|占|自|拿|要|多|得|几)|分别|从(?:多少|几).*到|前后|之前.*之后|原[来定].*(?:改|现在|后来)|和.*各"
)
_ASKS = re.compile(
    rf"多少|{COUNT_ASKED}(?!乎|点|经)|哪|谁|什么|啥|何时|怎么|多[久大长高远]|\b(?:who|what|when|where|which|how|why)\b"
)
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
_WHY = re.compile(
    "(?<![称之作成认变改换译定名列评视现分])为什么|为啥|为何|何故|原因|缘由|缘故|理由|咋回事|怎么回事"
    "|[怎咋]么?(?:会(?![议见])|不|没(?!收)|就(?![业餐医诊读职])|还(?![款钱贷债])|又)|凭什么|凭啥"
    "|(?<![地构插附草截视蓝企意版])图(?:什么|啥|个啥)(?!时候|时间|样|颜色|人|地方)"
    "|为了(?:什么|啥)(?!人)|为的是?(?:什么|啥)|怪(?:啥|什么)|归功于|归因于|归咎于"
    "|(?:什么|啥|怎么|咋)(?:引起|造成|导致|引发)"
    r"|\bwhy\b|\bhow come\b|\bwhat .*\b(?:causes?|caused|blamed?|reasons?)\b",
    re.IGNORECASE,
)

_DIGIT = re.compile(r"[0-9一二三四五六七八九十百千万亿两半]")
_TIME = re.compile(
    r"[0-9一二三四五六七八九十]+ ?(?:年|月|日|号|时|点|周|天|世纪)|今年|去年|明年|前年|近日|日前"
    r"|目前|上半年|下半年|当天|昨|今|明天|期间|之后|以前|以来|季度|晚|早|(?:19|20)\d\d|\d{1,2}[:：]\d\d|前不久|近期"
    r"|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
)


_WHICH = re.compile("哪一?[个家所座位名部份本款支项种场届]([\u4e00-\u9fff]{1,2})")
# the hundred or so commonest family names, nine Chinese names in ten
FAMILY_NAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜"
    "叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎"
    "贺顾毛郝龚邵万钱严武戴莫孔向汤"
)

# the rest of the old book of family names
_RARER_NAMES = frozenset(
    "俞柳酆鲍史费廉岑滕罗毕安常乐时卞齐康伍元卜平和穆萧湛祁狄米贝明臧计伏成谈宋茅庞熊纪舒屈项祝"
    "阮蓝闵席季麻强危江童颜梅盛刁骆樊霍虞万支柯昝管莫房裘缪干解应宗宣贲郁单杭洪包诸左吉钮嵇邢滑"
    "裴荣翁荀羊惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴"
    "甘钭历戎祖符景詹束幸司韶郜黎蓟薄印宿怀蒲台从鄂索咸籍卓蔺屠蒙池乔阴胥能苍双闻莘党翟贡劳逄姬"
    "申扶堵冉宰郦雍却璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容古易慎戈庾终"
    "暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠"
    "须丰巢关蒯相查后荆红游竺权逯盖益桓公仉督岳帅缑亢况有琴商佘佴伯赏墨哈谯笪年爱阳佟言福邬漆庹苗"
    "司马欧阳上官诸葛东方公孙慕容令狐宇文长孙尉迟澹台"
)

_NUMBER_WORD = re.compile(
    rf"\b(?:{'|'.join(NUMBERS)}|half|twice|once|dozens?|hundreds?|thousands?|[mb]illions?)\b"
)
_ENGLISH_TIME = re.compile(
    r"\b(?:(?:1[0-9]|20)\d\ds?|\d{1,2}(?::\d\d)? ?[ap]\.?m|o.clock|\d+(?:st|nd|rd|th)|noon|midnight"
    r"|jan|feb|mar|apr|june?|july?|aug|sept?|oct|nov|dec|(?:jan|febr)uary|march|april|may|august"
    r"|(?:septem|octo|novem|decem)ber|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|today|yesterday|tomorrow|tonight|morning|afternoon|evening|night|spring|summer|autumn|winter"
    r"|(?:second|minute|hour|day|week|weekend|month|quarter|year|decade|centur(?:y|ie))s?)\b"
)
_LATIN = re.compile("[A-Za-z]")
_ENGLISH_ROW = re.compile(r",\s|\b(?:and|or)\b|;")

_YEAR_ONLY = re.compile(r"(?:19|20)\d\d\D{0,3}")
_CLOCK = re.compile("(?<=[0-9一二三四五六七八九十两])[时:：]")
_POLAR = re.compile(  # what says yes or no to something; 不少 and 无论 do not
    "不(?![安少同断仅但过久足错幸良满久])|没(?!收)|未(?!来)|无(?![论数限邪])|[非免禁否尚仍]|可以|能够"
    r"|允许|属于|谣言|属实|\b(?:not?|never|denied|keeps?)\b|n't"
)
_ROW = re.compile("、|[”》][“《]|；")
_PAUSES = ",.!?，。！？"
_LONGEST_TIME = 18  # characters: 19日20时50分前后
_LONGEST_NUMBER = 14  # characters: 不少于1500个国家和地区
_LONGEST_NAME = 30
_WIDER = 2  # English takes so many times the characters: Saturday, November 12


KINDS = ("number", "time", "person", "place", "reason", "said", "whether", "list", "which", "")


class Kind(NamedTuple):
    """`name`: number, time, person, place, reason, said, whether, list, which or ""
    for any.

    `unit`: what a number is counted in, or the parts of a date that are asked for ("年月"), or "";
    `noun`: what is counted or asked for ("多少个场景", "哪个区"), or ""; `several`: whether two
    things are asked for at once ("夏天和冬天各要多久"); `forms`: how a text may print the unit, or
    how names of what is asked for end.
    """

    name: str
    unit: str = ""
    noun: str = ""
    several: bool = False
    forms: str = ""


@lru_cache(maxsize=64)  # asked of every sentence that is looked at
def asked_kind(question: str) -> Kind:
    """Return the kind of answer that the question asks for.

    >>> asked_kind("松延动力7月交付多少台?")
    Kind(name='number', unit='台', noun='', several=False, forms='台|辆|部|架|个')
    """
    question = fold(question)
    several = bool(_SEVERAL.search(question)) or len(_ASKS.findall(question)) > 1
    kind = _one_asked(question)._replace(several=several)
    if kind.name == "person":
        return kind._replace(unit="名字" if asks_name(question) else "")
    if kind.name in ("which", "place"):
        return kind._replace(forms=endings_of(kind.noun))
    if kind.name not in ("number", "") or kind.forms:
        return kind
    if units := units_asked(question) or alike(kind.unit):
        noun = kind.noun or noun_counted(question)
        return kind._replace(name="number", forms=units, noun=noun)
    if kind.name == "" and (noun := sort_asked(question)):
        return kind._replace(name="which", noun=noun, forms=endings_of(noun))
    return kind


def _one_asked(question: str) -> Kind:
    if _SAID.search(question):
        return Kind("said")
    if _WHY.search(question):
        return Kind("reason")
    if _WHETHER.search(question):
        return Kind("whether")
    if when := _WHEN.findall(question):
        return Kind("time", "".join(dict.fromkeys(c for c in "".join(when) if c in "年月日号天点")))
    if _WHICH_ONES.search(question):
        return Kind("list")
    if not is_chinese(question) and (told := wanted(question)):
        return Kind(told.kind, told.unit, forms=told.forms)
    if measured := next((u for u, asks in _MEASURED.items() if asks.search(question)), ""):
        return Kind("number", measured)
    if _HOW_MUCH.search(question):
        return _number_asked(question)
    if called := _CALLED.search(question):
        noun = called.group(1)
        return Kind("person") if noun[-1] in _PEOPLE else Kind("which", noun=noun)
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
    if unit in ("", "个") and _PEOPLE_COUNTED.search(question):
        return Kind("number", "人", noun)
    if not unit and _SHARE.search(question):
        return Kind("number", "%")
    if not unit and _MONEY.search(question):
        return Kind("number", "元")
    return Kind("number", unit, noun)


def fit(kind: Kind, words: str, after: str) -> float:
    """Return how well an answer fits: 2 or 1 of the kind, 0 perhaps, -1 hardly. Of a reason what
    stands beside it tells: see `rag.reasons`.

    `after`: the few characters that follow it in the text.

    >>> robots = asked_kind("松延动力7月交付多少台?")
    >>> fit(robots, "105台", "创了纪录"), fit(robots, "松延动力", ""), fit(robots, "上百人", "")
    (1.0, -1.0, -1.0)
    >>> countries = asked_kind("How many countries took part?")
    >>> fit(countries, "over 120", " countries and regions"), fit(countries, "eighteen", "")
    (1.0, 0.0)
    """
    latin = bool(_LATIN.search(words)) and words.isascii()
    if kind.name == "number":
        return _number_in_english(kind, words, after) if latin else _number_fit(kind, words, after)
    if kind.name == "time":
        long = len(words) > _LONGEST_TIME * (_WIDER if latin else 1)
        return (_time_in_english(words) if latin else _time_fit(kind, words)) - float(long)
    if kind.name == "person":
        return _person_fit(words) if latin or not kind.unit else _own_name_fit(words)
    if kind.name == "list":
        return 1.0 if (_ENGLISH_ROW if latin else _ROW).search(words) else 0.0
    if kind.name == "whether":
        return 1.0 if _POLAR.search(words) else 0.0
    if kind.name == "said":
        return 1.0 if after.lstrip(_PAUSES)[:1] in tuple('”」"') else 0.0
    if kind.name == "place" and re.fullmatch(r"[0-9年月日.,%]+.?", words):
        return -1.0
    return _named_fit(kind, words) if kind.name in ("which", "place") else 0.0


def _time_in_english(words: str) -> float:
    return 1.0 if _ENGLISH_TIME.search(fold(words)) else -1.0


def _number_in_english(kind: Kind, words: str, after: str) -> float:
    told = fold(words)
    if not (_DIGIT.search(told) or _NUMBER_WORD.search(told)):
        return -1.0
    right_unit = bool(kind.forms and re.search(kind.forms, told))
    right_noun = bool(kind.noun) and singular(kind.noun) in told + fold(after)
    too_long = len(words) > _LONGEST_NUMBER * _WIDER
    return float(right_unit or right_noun) - float(too_long)


def _time_fit(kind: Kind, words: str) -> float:
    if not _TIME.search(words):
        return -1.0
    named = words.replace("号", "日").replace("今年", "").replace("去年", "")
    named = _CLOCK.sub("点", named)
    asked = kind.unit.replace("号", "日").replace("天", "日")
    return 1.0 if all(unit in named for unit in asked) else 0.0


def _number_fit(kind: Kind, words: str, after: str) -> float:
    if not _DIGIT.search(words) or _YEAR_ONLY.fullmatch(words):
        return -1.0
    if kind.unit != "个" and kind.forms and counts_another(kind.forms, words):
        return -1.0
    right_unit = 1.0 if kind.forms and re.search(kind.forms, words) else 0.0
    right_noun = 1.0 if kind.noun and kind.noun[:2] in (words + after[:4])[:40] else 0.0
    return right_unit + right_noun - (1.0 if len(words) > _LONGEST_NUMBER else 0.0)


def _named_fit(kind: Kind, words: str) -> float:
    if is_vague(words):
        return -1.0
    if words.isascii() and kind.noun.isascii():
        return 1.0 if kind.noun and kind.noun in fold(words) else 0.0
    if kind.forms:
        return 1.0 if re.search(f"(?:{kind.forms})$", words) else 0.0
    return 1.0 if kind.noun and words.endswith((kind.noun, kind.noun[0], kind.noun[-1])) else 0.0


def _own_name_fit(words: str) -> float:
    """Return how well words fit where somebody's own name is asked for: it may stand behind an
    office (研究馆员温庭钧)."""
    ends = (words[-length:] for length in (2, 3, 4))
    if "·" in words or any(end[0] in FAMILY_NAMES or end[0] in _RARER_NAMES for end in ends):
        return _person_fit(words)
    return -1.0


def _person_fit(words: str) -> float:
    longest = _LONGEST_NAME * (_WIDER if words.isascii() else 1)
    if re.search("[0-9]", words) or len(words) > longest or is_vague(words):
        return -1.0
    named = words[:1] in FAMILY_NAMES or words[:1] in _RARER_NAMES
    chinese = named and bool(re.fullmatch("[\u4e00-\u9fff]{2,3}", words))
    latin = re.fullmatch(r"(?:[A-Z][\w'’-]+\.? ){1,2}[A-Z][\w'’-]+", words)
    return 1.0 if chinese or latin or "·" in words else 0.0
