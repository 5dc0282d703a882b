"""What page extraction does to Chinese newspaper text, and how each damage is mended, with the way
back kept.

  raw       "北京市\\n于 2019 年起连续出台两轮三年行\\n动计划，"
  repaired  "北京市于2019年起连续出台两轮三年行动计划，"       origin = 0 1 2 4 6 7 8 9 11 …

`RULES` is the one ordered list: each rule mends one damage by deleting characters or replacing one
by one, so that every character of the result stands for exactly one of the raw text. Paragraphs
come out as lines. What a rule deletes is white space or carries no text, but for the hyphen of a
word cut in two and the furniture of the page (`furniture`), which no span of the result covers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import cycle, islice

import numpy as np

from rag.repair.breaks import scores
from rag.repair.edits import Edit, Repaired, Rule, apply
from rag.repair.fields import fields_of
from rag.repair.furniture import find_furniture, page_furniture
from rag.repair.settled import settled
from rag.repair.signs import code_points, find_lines
from rag.repair.table import weights
from rag.terms import simplified

__all__ = ["HAN", "RULES", "SIGN", "SURNAMES", "Edit", "Repaired", "Rule", "furniture", "repair"]

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
SIGN = "，。、；：？！“”‘’（）《》〈〉「」『』【】…—·～％■◆●▲"
# repairing what was repaired changes little and then nothing: 2 rounds on news, 4 on noise
_MOST_ROUNDS = 50
_NEAR = 8  # characters: Chinese this close to a number cut in two says that no blank belongs there


def repair(raw: str) -> Repaired:
    """Apply all rules in order, until none finds anything, so that mended text is left alone.

    >>> repair("今年人形机器人\\n成为焦点，7月\\n交付 105 台，8\\n月的目标是200台！").text
    '今年人形机器人成为焦点，7月交付105台，8月的目标是200台！'
    """
    done = Repaired(raw, np.arange(len(raw), dtype=np.int64))
    idle = 0  # rules in a row that found nothing: once it is all of them, none will
    for rule in islice(cycle(RULES), _MOST_ROUNDS * len(RULES)):
        before = done.text
        done = apply(done, rule(before))
        idle = idle + 1 if done.text == before else 0
        if idle == len(RULES):
            break
    return done


def furniture(raw: str) -> list[tuple[int, int]]:
    """Return the headers, footers and page numbers that `repair` sets aside, as [start, end) in
    characters of the raw text.

    >>> raw = "第1版\\n" + "机器人走过碎石路，" * 12 + "\\n第２版\\n完。"
    >>> [raw[start:end] for start, end in furniture(raw)]
    ['第1版', '第２版']
    """
    plain = apply(Repaired(raw, np.arange(len(raw), dtype=np.int64)), plain_characters(raw))
    return [
        (int(plain.origin[start]), int(plain.origin[end - 1]) + 1)
        for start, end in find_furniture(plain.text)
    ]


# ---- characters -----------------------------------------------------------------------------


@cache
def _plain_form(character: str) -> str:
    """Return what stands for `character`: itself, another single character, or nothing."""
    if character == "\n":
        return character
    if character.isspace() and character not in "\x1c\x1d\x1e\x1f":
        if character == "\f":
            return character  # `page_furniture` looks for it
        return "\n" if character in "\x0b\x85\u2028\u2029" else " "
    if unicodedata.category(character) in ("Cc", "Cf", "Co"):
        return ""
    code = ord(character)
    compatible = (
        0x2E80 <= code <= 0x2FDF or 0xF900 <= code <= 0xFAFF or 0x2F800 <= code <= 0x2FA1F
    )  # radicals and compatibility ideographs
    letters = (
        0xFF10 <= code <= 0xFF19
        or 0xFF21 <= code <= 0xFF3A
        or 0xFF41 <= code <= 0xFF5A
        or code in (0xFF05, 0xFF0E)
    )
    if compatible or letters:
        normal = unicodedata.normalize("NFKC", character)
        return normal if len(normal) == 1 else character
    return character


# one end, not two: \r\r\n is what a file written twice in Windows' text mode holds, \r \n what
# putting blanks at line ends leaves
_LINE_END = re.compile("\r[ \t\r]*\n")

_ODD = re.compile(
    r"[^\n !-~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u3001-\u303f\u3400-\u9fff"
    r"，。；：？！（）]"
)


def plain_characters(text: str) -> Iterator[Edit]:
    """Full-width digits and letters, Kangxi radicals, odd spaces, soft hyphens, control and
    private-use characters.

    Punctuation stays as it is: Chinese commas are not ASCII commas. Every replacement is
    NFKC-equal. Limit: what NFKC makes two characters of (ﬁ, ㎡) stays, for one stands for one.

    >>> repair("２０２５年\\u00ad ＡＩ ⽉").text
    '2025年AI月'
    """
    for match in _ODD.finditer(text):
        character, start = match.group(), match.start()
        plain = _plain_form(character)
        if character == "\r" and not _LINE_END.match(text, start):
            plain = "\n"  # a lone carriage return ends a line
        if plain != character:
            yield Edit(start, start + 1, plain)


# ---- blanks ---------------------------------------------------------------------------------

_BLANKS = re.compile(" +(?=\n)|  +")
_CELLS = re.compile("[^ \n](?:[^ \n]| (?! ))*")


def runs_of_blanks(text: str) -> Iterator[Edit]:
    """Several blanks where one or none belongs: at the end of a line, or wide gaps of justified
    text.

    Rows of a table keep two blanks between cells, so that they can be told from a sentence. Limit:
    a row needs three cells, or two in a row of such lines.

    >>> repair("就业，一头连着经济脉动。  ").text
    '就业，一头连着经济脉动。'
    >>> repair("姓名   年龄   城市\\n张三   25   北京").text
    '姓名  年龄  城市\\n张三  25  北京'
    """
    rows: dict[int, bool] = {}
    line = looked = 0  # where the line begins; text before `looked` has been looked through for it
    for match in _BLANKS.finditer(text):
        start, end = match.span()
        line, looked = max(line, text.rfind("\n", looked, start) + 1), start
        if end == len(text) or text[end] == "\n":
            yield Edit(start, end)
        elif line == start:
            continue  # an indent, which tells where a paragraph begins
        else:
            if line not in rows:
                rows[line] = _is_row(text, line)
            keep = "  " if rows[line] else " "
            if end - start > len(keep):
                yield Edit(start, end, keep)


def _is_row(text: str, start: int) -> bool:
    """Tell whether the line at `start` is a row of a table: cells parted by two blanks or more."""
    cells = _cells(text, start)
    if len(cells) < 2 or max(map(len, cells)) > _LONGEST_CELL:
        return False
    if sum(len(cell.replace(" ", "")) == 1 for cell in cells) * 2 >= len(cells):
        return False  # characters set apart
    end = text.find("\n", start)
    above = len(_cells(text, text.rfind("\n", 0, start - 1) + 1)) if start else 0
    below = len(_cells(text, end + 1)) if end >= 0 else 0
    return (len(cells) >= 3 and max(above, below) >= 2) or len(cells) in (above, below)


_LONGEST_CELL = 24  # characters: a longer one is a part of a sentence


def _cells(text: str, start: int) -> list[str]:
    end = text.find("\n", start)
    line = text[start : min(end if end >= 0 else len(text), start + 400)]
    return _CELLS.findall(line) if "  " in line.strip() else [line]


SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董潘袁蔡蒋余于杜叶程魏苏吕"
    "丁任卢姚沈姜崔钟谭陆汪范金石廖贾夏韦付傅方邹熊白孟秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
    "武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯"
    "纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简"
    "车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛"
    "仲虞敖巩明佘池查麻苑迟邝"
)
_ROLE = re.compile(f"(?:记者|通讯员|摄影|编辑|责编|校对|院士|教授|主任|[—：:]|[{HAN}]{{2}}) ?$")
_NOT_GIVEN = frozenset("摄文图 ")
_LONE = re.compile(f"(?<=[ ，。、；：“”‘’（）\n])[{HAN}](?= )|^[{HAN}](?= )")


def spaces_inside_chinese(text: str) -> Iterator[Edit]:
    """Characters set apart to fill a line ("今 年 的 中 关 村"), names padded to the width of
    three ("院士 张 涛").

    A row of single characters closes up; two, the first of them a surname, are a name. A single
    blank between two words stays, for it parts the names of a byline and the halves of a headline.
    Limit: three names of one character in a row would close up too.

    >>> repair("碍 赛 ，引 发 全 场 热 烈").text
    '碍赛，引发全场热烈'
    >>> repair("新华社记者 董素玉 王君璐 张 涛").text
    '新华社记者 董素玉 王君璐 张涛'
    """
    at = 0
    while (at := text.find(" ", at)) >= 0:
        start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        end = end if end >= 0 else len(text)
        line = text[start:end]
        if not line.isascii():
            yield from _set_apart(line, start)
        at = end


def _set_apart(line: str, start: int) -> Iterator[Edit]:
    """Yield the gaps of one line that close up: those in a chain of lone characters."""
    pieces = line.split(" ")
    places = [start - 1]  # of the blank before each piece
    for piece in pieces:
        places.append(places[-1] + 1 + len(piece))
    lone = [_is_lone(piece) for piece in pieces]
    single = sum(is_lone or len(piece) == 1 for is_lone, piece in zip(lone, pieces, strict=True))
    spaced = single > 0.6 * len(pieces) and len(pieces) > 4 and "记者" not in line
    i = 0
    while i < len(pieces):
        j = i
        while j < len(pieces) and (lone[j] or (spaced and 0 < len(pieces[j]) <= 8)):
            j += 1
        if j - i >= 2:
            closed = _closed(pieces, i, j, " ".join(pieces[max(0, i - 2) : i]))
            for k in closed:
                a, b = pieces[k - 1], pieces[k]
                # two Latin words stay apart, the digits of a line set apart do not
                if k and (not (a[-1:] + b[:1]).isascii() or (spaced and len(a) == len(b) == 1)):
                    yield Edit(places[k], places[k] + 1)
        i = max(j, i + 1)


def _closed(pieces: list[str], first: int, last: int, before: str) -> Iterable[int]:
    """Return the pieces of a chain [first, last) that lose the blank before them."""
    chain = pieces[first:last]
    names = [
        k + 1
        for k in range(0, len(chain) - 1, 2)
        if chain[k] in SURNAMES and chain[k + 1][0] not in _NOT_GIVEN
    ]
    by = any(word in before for word in ("记者", "通讯员", "编辑", "摄影"))
    if len(chain) <= 3 or (by and len(names) == len(chain) // 2):
        if names and all(len(piece) == 1 for piece in chain[: 2 * len(names) - 1]):
            return [first + k for k in names]
        if len(chain) == 2:
            return []
    start = first + 1
    # a sign at the end of the piece before: 主会场 —— 中 关 村
    if first and _SIGNS.intersection(pieces[first - 1][-2:]):
        start = first
    end = last
    # a chain runs on into a longer piece where a sign stands between: 太 极 拳 ，并且
    after = pieces[last] if last < len(pieces) else ""
    if after and (chain[-1][-1] in _SIGNS or after[0] in _SIGNS or after[1:2] in _SIGNS):
        end = last + 1
    return range(start, end)


_SIGNS = frozenset(SIGN)
_TRIM = "，。、；：？！“”‘’（）《》〈〉「」『』【】…—·～％■◆●▲"


@lru_cache(maxsize=1 << 16)
def _is_lone(piece: str) -> bool:
    """Tell whether a piece is one Chinese character, its signs aside: 拳, ，并, ）。"""
    if len(piece) == 1:
        return piece in _SIGNS or bool(_HAN.match(piece))
    core = piece.strip(_TRIM)
    return (len(core) <= 1 and not core.isascii()) or (not core and bool(piece))


_BESIDE_OTHER = re.compile(" (?<=[^ -~] )(?=[^ \n])| (?=[^ -~])(?<=[^ \n] )")
_SHARED_SIGNS = frozenset("“”‘’…—·")  # of Chinese and English print alike
_CHINESE_SIGNS = frozenset("，。、；：？！（）《》〈〉「」『』【】")
_HALF_BLANK = _SHARED_SIGNS | _CHINESE_SIGNS  # bullets are none: their blank is their own
_LONGEST_HEADING = 34  # characters


def spaces_beside_signs(text: str) -> Iterator[Edit]:
    """A blank before or after a Chinese sign, whose own half is blank already.

    Kept where it parts two phrases of a headline: a closing quote on a short line without commas;
    and beside quotes and dashes in English.

    >>> repair("他说 ，“ 很好 ”。 会议结束 。").text
    '他说，“很好”。会议结束。'
    >>> repair("“破茧进化” 竞逐赛场").text
    '“破茧进化” 竞逐赛场'
    >>> repair("He read the “old” books.").text
    'He read the “old” books.'
    """
    for match in _BESIDE_OTHER.finditer(text):
        start, end = match.span()
        before, after = text[start - 1], text[end]
        if (before in _HALF_BLANK or after in _HALF_BLANK) and before != "|" != after:
            chinese = _is_chinese(text, start - 1, -1) or _is_chinese(text, end, 1)
            headline = before in "”》" and _is_headline(text, start)
            if chinese and not headline and not _is_marker(text, start):
                yield Edit(start, end)


def _is_chinese(text: str, at: int, step: int) -> bool:
    """Tell whether a side of a blank is Chinese, seen through signs that English has too."""
    for place in (at, at + step, at + 2 * step):
        character = text[place : place + 1] if place >= 0 else ""
        if character not in _SHARED_SIGNS:
            return character in _CHINESE_SIGNS or bool(_HAN.match(character))
    return False


_HAN = re.compile(f"[{HAN}]")
_MARKER = re.compile(r"[-*#>·•+—–■◆●▲◀▶◎□★]+|\d{1,3}[.)、]|[A-Za-z][.)]")


def _is_marker(text: str, at: int) -> bool:
    """Tell whether the blank at `at` follows the mark of a list's item: 1. 准备材料, · 北京."""
    start = text.rfind("\n", 0, at) + 1
    return at - start <= 6 and bool(_MARKER.fullmatch(text, start, at))


def _is_headline(text: str, at: int) -> bool:
    start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)][: _LONGEST_HEADING + 1]
    return len(line) <= _LONGEST_HEADING and not any(c in "，。；" for c in line)


_LATIN = "[0-9A-Za-z%+~()#@$&\u00b0\u00b5\u00d7\u00f7\u00c0-\u024f\u0391-\u03c9℃]"
_BETWEEN_SCRIPTS = re.compile(f" (?<=[{HAN}] )(?={_LATIN})| (?=[{HAN}])(?<={_LATIN} )")


def spaces_between_scripts(text: str) -> Iterator[Edit]:
    """Blanks between Chinese and digits or Latin: printed in one column and not in the next, so
    never kept, but after the number of a list's item.

    >>> repair("用时 2 分多钟，走完 100 米").text
    '用时2分多钟，走完100米'
    >>> repair("1. 来自 TechUnited Eindhoven").text
    '1. 来自TechUnited Eindhoven'
    """
    for match in _BETWEEN_SCRIPTS.finditer(text):
        start, end = match.span()
        if not _is_marker(text, start):
            yield Edit(start, end)


# ---- lines ----------------------------------------------------------------------------------

_THRESHOLD = 0.0  # log-odds from which a line goes on


def line_breaks(text: str) -> Iterator[Edit]:
    """Hard wraps of any width, blank lines and column breaks inside a sentence; what remains are
    paragraphs, one a line.

    Limit: where a paragraph's last line fills the column and both readings make sense, a wrong
    guess is possible.

    >>> repair("规划提出，到2030年建成\\n12个产业园区，引进企\\n业300多家，带动就业5\\n万人。").text
    '规划提出，到2030年建成12个产业园区，引进企业300多家，带动就业5万人。'
    """
    known = simplified(text)  # what the weights know; every character in its place
    lines = find_lines(code_points(known))
    if not len(lines.starts):
        if text:
            yield Edit(0, len(text))
        return
    if lines.starts[0]:
        yield Edit(0, int(lines.starts[0]))
    if len(lines.starts) > 1:
        fields = fields_of(known, lines, weights())
        surely, never = settled(known, lines, fields)
        goes_on = surely | ((scores(fields, weights()) > _THRESHOLD) & ~never)
        for end, start, joined in zip(
            lines.ends[:-1].tolist(), lines.starts[1:].tolist(), goes_on.tolist(), strict=True
        ):
            if joined:
                yield _join(text, end, start)
            elif start - end > 1:
                yield Edit(end, start, "\n")
    if lines.ends[-1] < len(text):
        yield Edit(int(lines.ends[-1]), len(text))


# what stands before a hyphen of a word's own: well-known; from a count over English reviews
_COMPOUNDS = frozenset(
    re.findall(
        "[a-z]+",
        "well self long high low non ex half full part real state one two three four five six "
        "seven eight nine ten all cross off up year day old new first second third last best top "
        "then multi anti post semi mid vice far fast free hard hand head home left right light "
        "men much never open out over own read ready short side still single small time under user "
        "wide word work world opt get clear front odd interest",
    )
)


def _join(text: str, end: int, start: int) -> Edit:
    """Close the gap [end, start): Latin words keep one blank, a hyphenated word loses its hyphen,
    Chinese closes up, and so does a number within Chinese (203|0年)."""
    before, after = text[end - 1], text[start]
    if not (_parts_words(before) and _parts_words(after)):
        return Edit(end, start)
    if before in "-/" and after.isalnum() and text[end - 2 : end - 1].isalnum():
        own = before == "/" or not after.islower() or _has_own_hyphen(text, end)
        return Edit(end, start) if own else Edit(end - 1, start)
    around = text[max(0, end - _NEAR) : end] + text[start : start + _NEAR]
    if after.isdigit() and before.isascii() and re.search(f"[{HAN}]", around):
        number = text[max(0, end - 2) : end]
        if before.isdigit() or (number[-1] in ".," and number[:1].isdigit()):
            return Edit(end, start)
    if after in ",.;:!?)]}%" or before in "([{":
        return Edit(end, start)
    return Edit(end, start, " ")


def _has_own_hyphen(text: str, end: int) -> bool:
    """Tell whether the hyphen before `end` is spelt in its word and not put in at the line's
    end."""
    words = _WORDS.findall(text[max(0, end - 40) : end - 1])
    if not words:
        return True
    *before, word = words[-1].split("-")
    return len(word) < 2 or word.lower() in _COMPOUNDS or bool(before)


_WORDS = re.compile("[A-Za-z-]+$")


def _parts_words(character: str) -> bool:
    """Tell whether a blank stands between two words of this character's script."""
    return (
        character.isascii() or "\u00c0" <= character < "\u1200" or "\uac00" <= character < "\ud7b0"
    )


RULES: tuple[Rule, ...] = (
    plain_characters,
    page_furniture,
    runs_of_blanks,
    spaces_inside_chinese,
    line_breaks,
    spaces_beside_signs,
    spaces_between_scripts,
)
