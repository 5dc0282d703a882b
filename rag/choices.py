"""Questions that leave a choice: what may be chosen, by what, and whether the most or the least.

    霁州和浔丘哪边等手术等得短，平均几天?   霁州 or 浔丘, by a time, the least, with the value
    Who got more days, Ilves or Strood?      Ilves or Strood, by days, the most
    打疫苗要钱还是免费?                       要钱 or 免费
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_MORE = "多|大|高|长|久|远|重|贵|厚|宽|晚|老|强|快|猛"
_LESS = "少|小|低|短|近|轻|便宜|薄|窄|早|年轻|弱|慢"
_SIZE = dict.fromkeys(_MORE.split("|"), 1) | dict.fromkeys(_LESS.split("|"), -1)
_ASKED_BY = {"早": "什么时候", "晚": "什么时候", "长": "多久", "短": "多久", "久": "多久"} | {
    "贵": "多少钱", "便宜": "多少钱", "重": "多重", "远": "多远", 
}  # fmt: skip
_ONE_OF = (
    r"(?:这[两三]\w{0,4}?)?(?:谁|哪一?[个家边种笔方只条头座款支队国市省份项类处批场位些台部本首间届])"
)
_SIZED = rf"(?P<much>更|最|比较)?(?P<size>便宜|年轻|{'|'.join(w for w in _SIZE if len(w) == 1)})"
_CHINESE = re.compile(
    rf"^(?P<before>.*?)[，,]?(?P<which>{_ONE_OF})(?P<what>[^，,。；？?]{{0,14}}?){_SIZED}"
    r"(?:一?[些点]|了|啊|呢)?(?:[，,](?P<also>[^？?]{1,10}))?[？?。]?$"
)
_PROPERTY = re.compile(  # of which a text says it so: 哪个减少了, 哪种是净流入的
    rf"^(?P<before>.*?)[，,]?(?:{_ONE_OF})(?:是|在)?(?P<said>[^，,。？?的了多少几]{{2,8}})"
    "(?:了|的)?[？?]?$"
)
_BEFALLS = re.compile("[增减升降涨跌盈亏赢输]|流入|流出|获胜|胜出|夺冠|晋级|通过|达标|超标|停产")
_ASKED_AGAIN = re.compile("[^多几高低大小长短]*$")  # asks for no value
_AND = re.compile("以及|和|与|跟|及|、")
_FIRST_WORDS = re.compile("^(?:在|论|按|对于|关于|就|从|到底|究竟)|^(?:.*(?:里|中|上|时|后)，)")
_OR_ELSE = re.compile(
    r"(?:^|[，,])(?P<before>[^，,]*?)还是(?P<other>[^，,？?]{1,8}?)[啊呢了]?[？?]?$"
)
_ASKS = re.compile("[什啥哪咋谁怎]|多少|为何|很|除了")
_BIGGER = "more|longer|larger|bigger|higher|older|later|taller|heavier|greater|farther|further"
_SMALLER = "fewer|less|shorter|smaller|lower|younger|earlier|cheaper|lighter|nearer|sooner"
_ENGLISH = re.compile(
    rf"^(?:who|which(?: of \w+)?(?: \w+)?)\b(?P<what>.*?)\b(?P<size>{_BIGGER}|{_SMALLER})\b"
    r"(?P<rest>[^,?]*)[,:] ?(?P<one>[^,?]+?) or (?P<other>[^,?]+?)\??$",
    re.IGNORECASE,
)
TIME_FIRST = re.compile(  # of both, where only the first has it: 7月份甲和乙谁卖得多
    r"(?:今年|去年|前年|上半年|下半年|第?[一二三四]季度|(?:19|20)\d\d年|\d{1,2}月份?|\d{1,2}[日号]"
    r"|前\d{1,2}个月|当天|目前|现在)+(?:的|里|，)?"
)
_CLASS = re.compile("^(?:国家|地区|城市|省份|公司|企业|品牌|季度|[市区县省国]|队(?!伍))(?=.)")
_VERB = re.compile("[减缩提升扩增降延加放变]$")  # with a size a verb: 减|少, 提|高
_MOVED = re.compile("grew|grow|rose|rise|fell|fall|dropp?(?:ed)?|increased?|decreased?")
_NAME = "{}"  # where a name stands in a question for its value
_BY_DATE = re.compile("什么时候|earlier|later|sooner")


class Choice(NamedTuple):
    """`names`: what the question names, () where it leaves that to the text; `noun`: what one of
    them is called there (方案); `sign`: 1 for the most, -1 for the least; `also`: what is asked
    for beside the name, or ""."""

    names: tuple[str, ...]
    noun: str
    sign: int
    asks: str  # the question for the value of NAME
    also: str
    about: str  # the question without its choice: what the values are of
    faster: bool = False  # whether speed is asked: the most per cent, but the least time

    @property
    def by_date(self) -> bool:
        """Whether dates are compared, not quantities."""
        return bool(_BY_DATE.search(self.asks))

    def part(self, name: str) -> str:
        """Return the question for the value of one name."""
        return self.asks.replace(_NAME, name)


@lru_cache(maxsize=64)  # asked once an answer and once a claim
def asked_choice(question: str) -> Choice | None:
    """Return the choice that a question leaves, None where it leaves none.

    >>> choice = asked_choice("霁州和浔丘哪边等手术等得短，平均几天?")
    >>> choice.names, choice.sign, choice.part("浔丘")
    (('霁州', '浔丘'), -1, '浔丘等手术平均几天')
    """
    question = question.strip()
    if found := _ENGLISH.match(question):
        return _english(found)
    return _chinese(found) if (found := _CHINESE.match(question)) else None


class Property(NamedTuple):
    """What is said of one of several names, and the question asks of which."""

    names: tuple[str, ...]
    said: str


def asked_property(question: str) -> Property | None:
    """Return what a question asks of which name it is true, None where it asks no such thing.

    >>> asked_property("主力资金、游资资金和散户资金，哪个是净流入的？")
    Property(names=('主力资金', '游资资金', '散户资金'), said='净流入')
    """
    found = _PROPERTY.match(question.strip())
    if found is None or asked_choice(question) is not None:
        return None
    names = row_of_names(found["before"].split("，")[-1])
    return Property(names, found["said"]) if names and _BEFALLS.search(found["said"]) else None


def options(question: str) -> tuple[str, ...]:
    """Return the words of a question that may be its answer: what it names to choose from.

    >>> options("CITES研讨会线上还是线下"), options("海燕和铁锚谁跑得多?"), options("谁跑得多?")
    (('线上', '线下'), ('海燕', '铁锚'), ())
    """
    choice = asked_choice(question)
    if choice and choice.names:
        return choice.names
    found = _OR_ELSE.search(question.strip())
    if not found:
        return ()
    other, before = found["other"].removeprefix("是"), found["before"].removesuffix("了")
    if _ASKS.search(found["before"] + other) and not re.search("[啥哪什么的]+.*是", before):
        return ()
    return before[-len(other) :], other


def _english(found: re.Match[str]) -> Choice:
    names = (found["one"].strip(), found["other"].strip())
    size = found["size"].lower()
    rest = f"{found['what'].strip()} {found['rest'].strip()}".strip()
    ask = "When" if _BY_DATE.fullmatch(size) else "How many" if size in ("more", "fewer") else "How"
    sign = 1 if size in _BIGGER.split("|") else -1
    asks = f"{ask} {rest}: {_NAME}"
    if moved := _MOVED.match(rest):
        asks = f"By how much did {_NAME} {moved[0]} {rest[moved.end() :].strip()}".strip()
    return Choice(names, "", sign, asks, "", rest)


def _chinese(found: re.Match[str]) -> Choice | None:
    before, what, also = found["before"], found["what"], found["also"] or ""
    size = found["size"]
    if _VERB.search(what) or re.search("多少|什么|怎么", what):
        return None
    if re.search("多少|什么|怎么|为啥", before):
        return None
    topic, _, named = before.rpartition("，") if "，" in before else before.rpartition(",")
    names = row_of_names(named)
    if not names and not found["much"]:
        return None
    time = TIME_FIRST.match(names[0]) if names and not TIME_FIRST.match(names[1]) else None
    if time and len(rest := names[0][time.end() :]) > 1:
        topic, names = f"{topic}{time[0]}", (rest, *names[1:])
    what = re.sub("(?:得|的|要)$", "", what)
    also = "" if _ASKED_AGAIN.match(also) else also
    value = "" if re.match("[多少高低长短]", also) else also
    ask = value or _ASKED_BY.get(size, "多少")
    told = re.sub("等得$|等$|得$", "", what)
    if names:
        asks = f"{topic}，{_NAME}{_CLASS.sub('', told)}{ask}".removeprefix("，")
    else:
        asks = f"{before}{_NAME}{told.removeprefix(_noun(what))}{ask}"
    about = topic + what
    return Choice(names, _noun(what), _SIZE[size], asks, also, about, size in "快慢猛")


def _noun(what: str) -> str:
    """Return what one thing to choose is called: 方案, of 方案的人; "" where that is not told."""
    return found[1] if (found := re.match("([^的得]{2})(?:的|得|$)", what)) else ""


def row_of_names(words: str) -> tuple[str, ...]:
    """Return what a row of words names, () where it is none."""
    words = _FIRST_WORDS.sub("", words)
    pieces = words.split("、")
    if len(pieces) == 1:
        pieces = _AND.split(words)
    elif not any(_AND.search(piece) for piece in pieces[:-1]) and _AND.search(pieces[-1]):
        pieces = [*pieces[:-1], *_AND.split(pieces[-1])]
    names = tuple(re.sub("^[咱我]们?|的$|比$|相比$", "", piece) for piece in pieces)
    if not 2 <= len(names) <= 4 or any(not 2 <= len(name) <= 24 for name in names):
        return ()
    return names
