"""What a line of print is by its own words: furniture of the page, a byline, a caption, a headline
or text; whether a word may be a person's name."""

from __future__ import annotations

import re

import numpy as np

from rag.dates import AGENCY, ENGLISH_MARK, MARK
from rag.repair import HAN, SURNAMES
from rag.repair.table import weights

DATELINE = re.compile(f"据?{MARK}")
ENGLISH_DATELINE = re.compile(ENGLISH_MARK)
# 据新华社电, 综合央视消息: what was taken from elsewhere says so at its end, and who wrote it
_TAKEN = (
    f"(?:据|综合)(?:{AGENCY}|新华)[^（）()，。]{{0,12}}(?:电|讯|报道|消息)"
    "|作者(?:系|为|单位)[^（）()]{2,40}"
)
END_MARK = re.compile(f"[（(](?:{DATELINE.pattern}|完|{_TAKEN})[)）]$")
_NAME = f"[{HAN}·]{{2,6}}"
_ROLE = "记者|通讯员|特约撰稿人?|评论员|实习生|观察员|特派员|撰稿人?"
_TELLS = "编译|口述|讲述|读者"  # with a sign before the name: 读者来信 names no one
_BESIDE = f"{_ROLE}|{_TELLS}|整理|摄影|翻译"  # of who is named behind another
_ENGLISH = r"[A-Z][\w'’-]+(?: [A-Z][\w.'’-]*){1,3}(?: and [A-Z][\w'’-]+(?: [A-Z][\w.'’-]*){1,3})?"
_BYLINE = re.compile(
    f"[■◎●□▲◆◇○]?\\s*(?:(?:文[/／])?[{HAN}]{{0,10}}(?:(?:{_ROLE})[：:/ ]*|(?:{_TELLS})[：:/ ]+){_NAME}(?:[ 、，]+(?:(?:{_BESIDE})[：: ]*)?{_NAME})*"  # noqa: E501
    f"(?:（[{HAN}]{{2,8}}）)?(?:[ /／]*(?:文(?:[/／]?图)?|图[/／]文|摄影报道|报[道导]|整理|编译))?"
    f"|[{HAN}]{{0,6}}评论员|作者[：: ]*[{HAN}· ]{{2,16}}|(?:文[/／]|撰文[：: ]) ?[{HAN}· ]{{2,16}}"
    f"|[{HAN}]{{2,12}}(?:供稿|编辑部|调查队)|本报讯|(?:本报)?综合(?:报道|消息)"
    f"|[{HAN}]{{2,8}}记者 ?[{HAN} ]{{2,20}})"
    r"|(?:(?:Interview|Report|Reporting|Story|Words|Text|Review|Analysis|Compiled|Written) )?"
    r"[Bb]y (?!.*[a-z]{3}\.(?: |$))[A-Z][\w .,'’-]{3,50}|Staff reporter"
    rf"|{_ENGLISH} ?, (?:[a-z]+ ){{0,3}}(?:reporter|editor|correspondent|writer|columnist)"
)
BARE = re.compile(f"[{HAN}]{{2,3}}|[{HAN}]{{2,4}}（[{HAN}]{{2,8}}）")
_ROLE_OF_NAME = re.compile(f"[{HAN}]{{2,3}}（[{HAN}]{{2,8}}）")  # 李静芳（教师）
ENGLISH_NAME = re.compile(rf"{_ENGLISH}(?:, [a-z -]{{4,30}})?")
_CAPTION = re.compile(
    f"(?:记者|通讯员|社)?[{HAN}· ]{{1,8}}摄(?:影)?(?:[）)])?$|^[▲◀▶▼△]|^图为|供图[）)]?$|资料图片?[）)]?$"  # noqa: E501
)
_DATE = "(?:\\d{4}年\\d{1,2}月\\d{1,2}日|\\d{4}(?P<sign>[-./])\\d{1,2}(?P=sign)\\d{1,2})"
_PAGE = "第? ?[A-Z]?(?:\\d{1,3}|[一二三四五六七八九十]{1,3}) ?版"
_EDITORS = (
    "责任编辑|责编|编辑|主编|本版(?:编辑|责编|主编|统筹)|版面编辑|值班(?:编委|主任|总编)|见习编辑|校对|检校|版式|美编|美术编辑|组版|制图|终审|审校"
)
_COLUMNS = (
    "要闻|国际|国内|文化|体育|经济|特刊|副刊|社会|科教|民生|时事|综合|深度|理论|教育|财经|法治|时评|视觉|广告"
)
_SECTION = re.compile(f"(?:{_COLUMNS})新闻")
_FURNITURE = re.compile(
    "Page \\d{1,3}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,? [A-Z][a-z]+ \\d{1,2},? \\d{4}"
    "|[-—·– ]{0,3}(?:第 ?)?[A-Z]?\\d{1,3} ?(?:版|页)?[-—·– ]{0,3}|[A-Z]\\d{1,2}版?"
    f"|(?:{_EDITORS})[：: ].{{0,40}}"
    f"|(?:[{HAN}]{{2,8}} ?)?{_DATE}(?: ?(?:星期|周).)?(?: ?第?.{{0,6}}版)?"
    "|\\d{1,2}月\\d{1,2}日 ?(?:星期|周)[一二三四五六日]|星期[一二三四五六日]|农历[^，。]{4,12}"
    "|今日 ?\\d{1,3} ?版.{0,20}|总?第 ?\\d+ ?期.{0,20}"
    "|(?:国内统一(?:连续出版物|刊)号|邮发代号|CN ?\\d\\d-\\d{4}).{0,30}"
    # 下转第4版, （紧接第一版）: where a story goes on, or began
    f"|[▲▶►>→（( ]{{0,4}}(?:紧接|上接|下转|转|接) ?{_PAGE}[^，。]{{0,16}}?[）)]?"
    f"|(?:人民日报|新华每日电讯|[{HAN}]{{2,4}}(?:日报|晚报|时报|早报|周报|都市报)|{_COLUMNS}|[{HAN}]{{2}}·[{HAN}]{{2}})"
    "|.{0,20}(?:特刊|专刊|专版|特别报道)|写在前面|编者按|编者的话|开栏的话|卷首语|(?:新闻|相关)链接|延伸阅读|.{2,4}之(?:声|窗)"
    "|(?:.{0,4}(?:电话|热线|邮箱|邮编|传真|网址)|[Ee]-?mail)：? ?[ 0-9A-Za-z@.:：/-]{6,60}.*"
    "|(?:https?://|www\\.)[!-~]+|[\\w.-]+@[\\w.-]+"
)
SIGNATURE = re.compile(
    f"—{{1,2}}[{HAN}（）·]{{3,24}} (?:[{HAN}]{{2,4}}|[{HAN}]{{1,6}}·[{HAN}·]{{1,10}})"
)
_TURN = re.compile("[问答][：:]|[QA][：:.] ")
_DAY = re.compile("(?:\\d{4}年)?\\d{1,2}月\\d{1,2}日")  # below a letter
_GLUED = re.compile(f"(?:{_ROLE})([{HAN}]+)")
_ASKED = re.compile(f"(?:{_ROLE}|{_TELLS})[：:](.*)")  # 记者：有好几份遗|嘱听谁的, of an interview
# a stop within a line, no initial's or title's: U.S. Wins, Mr. Coe
_STOP = re.compile(r"(?<![A-Z])(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bvs)\. ")
SENTENCE_END = re.compile("[。！？!?…；][”’）》」』)]*$|[.][\"'”)]*$")
LONGEST_HEAD = 42  # characters of a headline's line
_LONGEST_ENGLISH_HEAD = 110


def kind_of(text: str, ended: bool) -> str:
    english = text[:20].isascii()
    short = len(text) <= (_LONGEST_ENGLISH_HEAD if english else LONGEST_HEAD)
    if len(text) <= 80 and _FURNITURE.fullmatch(text):
        return "furniture"
    if short and _is_byline(text):
        return "byline"
    if len(text) < 140 and _CAPTION.search(text):
        return "caption"
    if english and (_STOP.search(text) or text[-1] == "-" or text[0].islower()):
        return "body"
    if "。" in text or text.endswith("——") or _TURN.match(text) or _DAY.fullmatch(text):
        return "body"
    if short and not ended and text[-1] not in "，、,;：" and not SIGNATURE.fullmatch(text):
        return "head"
    if short and text[-1] in "？！?!" and len(text) <= 24 and "。" not in text and "，" not in text:
        return "head"
    return "body"


def names_section(text: str) -> bool:
    """Tell whether a line may be the name of a paper's section, or a headline: 体育新闻."""
    return bool(_SECTION.fullmatch(text))


def _is_byline(text: str) -> bool:
    if _ROLE_OF_NAME.fullmatch(text):
        office = text[-2] in _OFFICES
        return text[0] in SURNAMES and (office or may_be_name(text[: text.index("（")]))
    if not _BYLINE.fullmatch(text) or text[-1] == "摄":
        return False
    glued = _GLUED.search(text)  # 记者了解到: what follows is no name
    name = re.split(_ROLE, glued[1])[0] if glued else ""
    if name and name[0] not in SURNAMES and any(map(is_common, name, name[1:])):
        return False
    asked = _ASKED.match(text)
    names = re.sub(f"(?:{_BESIDE})[：:]?", " ", asked[1]).split() if asked else []
    if not all(len(one) <= 4 and may_be_name(one) for one in names):
        return False
    # 采访报道的外国记者表示，中国: words of a sentence, no names
    listed = [one for one in text.split("，")[1:] if not re.search(_ROLE, one)]
    return all(one[0] in SURNAMES for one in listed)


_OFFICES = "师员长授者人生士家任理官"  # how the words for most of them end


def may_be_name(text: str) -> bool:
    """Tell whether a word may be a person's name: a surname first, no pair of characters that news
    is full of (方向, 安全)."""
    return text[0] in SURNAMES and not any(map(is_common, text, text[1:]))


_NONE = -99  # of a pair that is not common


def bond(one: str, other: str) -> int:
    """Return how much oftener two characters stand together in news than by chance, in eighths of
    a nat; _NONE for a pair that is not common."""
    key = (min(ord(one), 0xFFFF) << 16) | min(ord(other), 0xFFFF)
    known = weights()
    at = int(np.searchsorted(known.pairs, np.uint32(key)))
    found = at < len(known.pairs) and int(known.pairs[at]) == key
    return int(known.common[at]) if found else _NONE


def is_common(one: str, other: str) -> bool:
    return bond(one, other) > _NONE


WORD = 32  # a bond from which two characters are a word: 深入 41, 左右 69, 传|统文|化 26


def is_of_midst(first: str) -> bool:
    """Tell whether a character hardly begins a sentence."""
    if first.isascii():
        return first.islower() or first in ",.;:)%"
    return int(weights().opening[min(ord(first), 0xFFFF)]) <= _MIDST


_MIDST = -9  # quarters of a log-odds: a character that so seldom begins a sentence
