"""A reader's span → the words a person would quote: numbers with unit and qualifier, whole words,
closed brackets."""

from __future__ import annotations

import re

from rag.types import Span

_QUALIFIER = re.compile(
    r"(?:不少于|不低于|不高于|不超过|不到|不足|超过|高达|多达|将近|接近|大约|约|超|近|逾|至少|最多|最高|预计|共计|第|上)\Z"
)
_BLANK = r"[^\S\n]"  # words on the line above do not belong to these
_CURRENCY = rf"(?:RMB|US\$|[$£€¥]){_BLANK}?"
_ENGLISH_QUALIFIER = re.compile(
    r"\b(?:at (?:least|most)|(?:more|less|fewer) than|up to|as (?:many|much) as|over|under|about"
    rf"|around|nearly|almost|some|roughly|approximately|only){_BLANK}(?:{_CURRENCY})?\Z|{_CURRENCY}\Z",
    re.IGNORECASE,
)
_ENGLISH_UNIT = re.compile(
    r"(?: ?(?:%|percent\b|per cent\b|percentage points?\b)| (?:thousand|[mb]illion|trillion)\b)?"
    r"(?: (?:yuan|dollars?|euros?|pounds?|yen|years? old|tons?|tonnes?|(?:kilo)?met(?:re|er)s?|km"
    r"|miles?|(?:year|month|week|day|hour|minute|second)s?)\b)?"
)
_ENGLISH_NUMBER = re.compile(r"[0-9][0-9,.]*\Z")
_TITLE = re.compile(rf"\b(?:Professor|Prof\.?|Dr\.?|Mr\.?|Mrs\.?|Ms\.?|Sir){_BLANK}\Z")
_CUT_QUALIFIER = re.compile(r"(?:least|most|than)\b")
_QUALIFIER_BEGUN = re.compile(rf"\b(?:at|more|less|fewer){_BLANK}\Z", re.IGNORECASE)
# people quote these with what follows, 72 times in 100 of our 10,697 answers in English text
_ARTICLE = re.compile(rf"\b(?:the|an?|its|his|her|their|our){_BLANK}\Z", re.IGNORECASE)
_FIGURE = "[0-9一二三四五六七八九十百千万亿两几]"
_NUMBER_END = re.compile(rf"{_FIGURE}[0-9,.]*[多余来]?$")
_NUMBER_LAST = frozenset(f"{_FIGURE}0123456789,.多余来个")  # most spans end otherwise
_COUNTED = re.compile(rf"{_FIGURE}[多余来]?个$")
_AFTER_COUNTED = re.compile("百分点|国家和地区|国家|小时|季度|星期|点(?!名|评)|月(?!亮|饼)")
# what is said not to be so: 不|超过1000元 is the opposite of 超过1000元
_DENIED = re.compile(f"(?:[得能]?(?:超过|少于|低于|高于|多于)|到|足)(?={_FIGURE})")
# these stand behind a number itself only: in 8日张某 and 5日路透社 they begin a word
_RARER_UNIT = (
    "张(?!贴)|处(?![理于罚置分境])|级(?!别)|股(?![份东权价市])|部(?![分队长落署])|组(?![织成建合装团])"
    "|间(?![隔接])|班(?!子)|块(?!头)|路(?![上人口过线])|片(?!面)|站(?![在起立])|折(?![叠射磨])|单(?![位独一])"
    "|批(?![评准发判])|轮(?![流胎番])|页(?![面岩])|杯(?!赛)|根(?![据本])|克(?![服隆])|瓦(?!解)|时(?![代候间段期而常有])|星级"
)
_UNIT = re.compile(
    rf"^(?:[万亿千百]*[多余来]?)(?:(?:部门|部委|时许|平米|毫升|毫克|海里|英里|英尺|英寸|瓦时|千瓦时|兆瓦时|千瓦|兆瓦|马力|像素|标箱|批次"
    rf"|卢比|泰铢|澳元|美分|[篇瓶盒箱]|{_RARER_UNIT})|"
    r"(?:亿美元|万美元|亿元|万元|美元|欧元|日元|日圆|港元|韩元|美金|英镑|卢布|元|个百分点|百分点|平方公里|平方米|立方米|公里|千米|厘米|毫米|公顷|公斤|千克|"
    r"个国家和地区|个国家|个月|个小时|小时|分钟|秒|周岁|人次|户次|[%％℃度年月日号天周岁台件款项家支名位人个只头辆架艘座所套场次届期条种类层米吨亩例户份倍分万亿"
    r"宗栋幢枚颗棵株笔桶吨升斤集册首幅列趟]|季度|星期|点(?!名|评|燃|击|赞|到|亮|出)"
    r"|起(?![来到步飞诉源义草伏])|对(?![阵手比于战]))+)"
    r"(?:多|余|左右|以上|以下|以内|以来)?"
)
_TENS = frozenset("〇零十百千")
_NUMERALS = _TENS | frozenset("一二三四五六七八九")
_CLAUSE_END = re.compile(r"[，。；！？：;!?\n]|,(?!\d{3})|\.(?=\s)")
_ITEM = "[^，。、；：:;！？!?\\n]{1,20}"
_ITEMS_BEFORE = re.compile(f"(?:{_ITEM}、)+(?:{_ITEM})?\\Z")
_ITEMS_AFTER = re.compile(f"(?:{_ITEM})?(?:、{_ITEM})*、{_ITEM}?(?=等|[，。；：:;！？!?\\n]|\\Z)")
_LONGEST_ROW = 200  # characters of an enumeration before the span
_NUMBER = re.compile(f"[^{_FIGURE[1:]}{{0,4}}{_FIGURE}[0-9,.]*")
_OPEN = {"“": "”", "（": "）", "(": ")", "《": "》", "「": "」", "‘": "’", "【": "】"}
_MARK = re.compile("[" + "".join(map(re.escape, (*_OPEN, *_OPEN.values()))) + "]")
_EDGE = " \n，。、；：:;,.!?！？—-·"
_FAR = 24  # characters: a bracket further away is left open


def natural_borders(text: str, span: Span) -> Span:
    """Return the span moved to natural borders; it stays inside one line of `text`.

    >>> text = "突破不少于100项关键技术"
    >>> s = natural_borders(text, Span(5, 8)); text[s.start:s.end]
    '不少于100项'
    """
    start, end = _trim(text, *span)
    if start == end:
        return span
    while start > 0 and _is_inside_word(text, start):
        start -= 1
    while end < len(text) and _is_inside_word(text, end):
        end += 1
    end = _unit_end(text, start, end)
    start -= _qualifier_length(text, start) or _english_length(text, start)
    if text[start - 1 : start] == "不" and _DENIED.match(text, start):
        start -= 1
    start, end = _trim(text, *_close(text, start, end))
    return Span(start, end) if start < end else span


def enumeration(text: str, span: Span) -> Span:
    """Return the span with the rest of the enumeration that it is a part of, in the same clause.

    >>> text = "提供销售、展示、维修等服务"
    >>> s = enumeration(text, Span(5, 7)); text[s.start:s.end]
    '提供销售、展示、维修'
    """
    near = max(0, span.start - _LONGEST_ROW)
    before = _ITEMS_BEFORE.search(text, near, span.start)
    after = _ITEMS_AFTER.match(text, span.end)
    if "、" not in text[span.start : span.end] and not before and not after:
        return span
    return Span(before.start() if before else span.start, after.end() if after else span.end)


def clause(text: str, span: Span) -> Span:
    """Return the clause, or clauses, that hold the span, without the signs round them.

    >>> text = "该病会侵蚀关节软骨，目前尚无逆转这种损伤的方法。"
    >>> s = clause(text, Span(14, 16)); text[s.start:s.end]
    '目前尚无逆转这种损伤的方法'
    """
    start = span.start
    while start > 0 and not _CLAUSE_END.match(text, start - 1):
        start -= 1
    end = _CLAUSE_END.search(text, span.end)
    return natural_borders(text, Span(start, end.start() if end else len(text)))


def quotation(text: str, span: Span) -> Span:
    """Return the words between quotation marks that the span touches, or the span where none do.

    >>> text = "有人问为什么，他答：“他们有教练。”"
    >>> s = quotation(text, Span(8, 13)); text[s.start:s.end]
    '他们有教练'
    """
    line = text.rfind("\n", 0, span.start) + 1
    for opening, closing in ("“”", "「」", '""'):
        start = text.rfind(opening, line, span.end)
        end = text.find(closing, max(start + 1, span.start))
        if line <= start and start + 1 < end <= start + _LONGEST_ROW and end > span.start:
            return natural_borders(text, Span(start + 1, end))
    return span


def quantity(text: str, span: Span) -> Span:
    """Return the span without the single character that a number and its unit drag along.

    >>> text = "7月交付人形机器人105台创了纪录"
    >>> s = quantity(text, Span(9, 14)); text[s.start:s.end]
    '105台'
    """
    number = _NUMBER.match(text, span.start, span.end)
    unit = _UNIT.match(text[number.end() : number.end() + 12]) if number else None
    end = number.end() + unit.end() if number and unit else span.end
    return Span(span.start, end) if span.end - end == 1 else span


def _unit_end(text: str, start: int, end: int) -> int:
    """Return where the unit behind a number ends, `end` where there is none."""
    if text[end - 1] not in _NUMBER_LAST:
        return end
    if _NUMBER_END.search(text, start, end) and (unit := _UNIT.match(text[end : end + 12])):
        return end + unit.end()
    for number, units in ((_COUNTED, _AFTER_COUNTED), (_ENGLISH_NUMBER, _ENGLISH_UNIT)):
        if number.search(text, start, end) and (unit := units.match(text, end)):
            return unit.end()
    return end


def _qualifier_length(text: str, start: int) -> int:
    """Return how many characters before a number say how exact it is: 不少于|100, 上|千."""
    if text[start] not in "0123456789一二三四五六七八九十百千万亿两几数":
        return 0
    found = _QUALIFIER.search(text[max(0, start - 4) : start])
    if not found or (found.group() == "上" and text[start] not in "百千万亿"):
        return 0
    return len(found.group())


def _english_length(text: str, start: int) -> int:
    """Return how many characters before English words belong to them: at least |14, Dr |Lee,
    the |A3."""
    if not (text[start].isascii() and text[start].isalnum()):
        return 0
    if text[start].isdigit():
        belongs = [_ENGLISH_QUALIFIER, _ARTICLE]
    elif _CUT_QUALIFIER.match(text, start):
        belongs = [_QUALIFIER_BEGUN]
    else:
        belongs = [_TITLE, _ARTICLE]
    near = text[max(0, start - _FAR) : start]
    found = next((m for pattern in belongs if (m := pattern.search(near))), None)
    return len(found.group()) if found else 0


def _is_inside_word(text: str, place: int) -> bool:
    """Tell whether a Latin word or a number (12.5, 1,500, 第十一) goes on across `place`."""
    before, after = text[place - 1], text[place]
    if not (before.isascii() and after.isascii()):
        # 十|一 is one number; in 统一|三家 no number begins before
        return {before, after} <= _NUMERALS and not _TENS.isdisjoint((before, after))
    if before in ".,":
        return _digits(text, place - 2, 1) and _digits(text, place, 1 if before == "." else 3)
    if after in ".,":
        return before.isdigit() and _digits(text, place + 1, 1 if after == "." else 3)
    return before.isalnum() and after.isalnum()


def _digits(text: str, start: int, count: int) -> bool:
    """Tell whether `count` digits stand at `start`."""
    piece = text[max(start, 0) : start + count]
    return len(piece) == count and piece.isascii() and piece.isdigit()


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    if text.startswith('" ', start, end):  # closes what was said before
        start += 2
    while (
        start < end
        and text[start] in _EDGE
        and not (text[start] in "-—" and text[start + 1 : start + 2].isdigit())
    ):
        start += 1
    while start < end and text[end - 1] in _EDGE:
        end -= 1
    return start, end


def _close(text: str, start: int, end: int) -> tuple[int, int]:
    """Give a bracket or quotation mark its partner when that is near, else leave it out."""
    if not _MARK.search(text, start, end):
        return start, end
    for opening, closing in _OPEN.items():
        piece = text[start:end]
        if piece.count(opening) > piece.count(closing):
            found = text.find(closing, end, end + _FAR)
            if found >= 0 and "\n" not in text[end:found]:
                end = found + 1
            elif piece.startswith(opening):
                start += 1
        elif piece.count(closing) > piece.count(opening):
            found = text.rfind(opening, max(0, start - _FAR), start)
            if found >= 0 and "\n" not in text[found:start]:
                start = found
            elif piece.endswith(closing):
                end -= 1
    piece = text[start:end]
    for (
        opening,
        closing,
    ) in _OPEN.items():  # “破茧进化” is quoted as a whole; the marks are not part of the answer
        if (
            opening in "“「‘"
            and len(piece) > 2
            and piece[0] == opening
            and piece[-1] == closing
            and piece.count(opening) == 1
        ):
            return start + 1, end - 1
    return start, end
