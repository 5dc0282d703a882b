"""The names that a text mentions, and whether another text has them.

Chinese writes no capitals: a name is known by what stands at its end (大学, 公司, 省) or beside it
(先生, 记者, 表示), or by the dot of a foreigner's name. Names in Latin letters are what is written
with capitals or digits; beside a Chinese text they are looked for by meaning and by sound.
"""

from __future__ import annotations

import re

from rag.lexicon.names import FAMILY_NAMES, syllables
from rag.lexicon.words import FUNCTION_WORDS, characters_of, translations
from rag.terms import fold, is_chinese
from rag.types import essence

_LATIN = re.compile(
    r"[A-Za-z\u00c0-\u024f][A-Za-z0-9\u00c0-\u024f]*(?:[-.'’&+][A-Za-z0-9\u00c0-\u024f]+)*\+*"
    r"|\d+(?!(?:st|nd|rd|th)\b)[A-Za-z][A-Za-z0-9]*"
)
_BODY = """
    有限责任公司 股份有限公司 有限公司 公司 集团 大学 学院 研究院 研究所 实验室 医院 银行 委员会
    协会 学会 联盟 基金会 中心 出版社 日报 晚报 新闻社 通讯社 电视台 博物馆 图书馆 法院 检察院
    公安局 自治区 机场 车站 论坛 省 市 县 镇 村 州 岛
    """.split()
_NO_NAME = re.compile(  # what ends like a name and is none
    "(?:城|都|上|股|门|超|夜|全|本|该|各|楼|集|菜)市|(?:农|乡|全|本|该|各)村|(?:城|乡|古|集|全|各)镇"
    "|(?:全|本|该|各|外)[省县州岛]|半岛"
)
_BODIES = re.compile("[\u4e00-\u9fff·]{2,14}?(?:" + "|".join(_BODY) + ")(?!分|民|长|场|委|政府|化)")
_TITLES = (
    "先生|女士|教授|主席|总裁|经理|记者|博士|院士|书记|市长|省长|部长|主任|董事长|局长|校长|院长|总理|总统"
    "|研究员"
)
_AFTER = f"{_TITLES}|总经理|同志|老师|介绍|表示|认为|指出|告诉|称|说"
_BEFORE = f"{_TITLES}|创始人|负责人|选手|运动员|作者|导演|演员|是|由|叫|名为".split("|")
_GIVEN = "[" + "".join(sorted(FAMILY_NAMES)) + "][\u4e00-\u9fff]{1,2}"
_PERSON = re.compile(
    f"(?<![\u4e00-\u9fff0-9.]){_GIVEN}(?![\u4e00-\u9fff])|{_GIVEN}(?={_AFTER})"
    f"|(?:{'|'.join(f'(?<={word})' for word in _BEFORE)}){_GIVEN}(?![\u4e00-\u9fff])"
)
_FOREIGNER = re.compile("[\u4e00-\u9fff]{1,8}(?:·[\u4e00-\u9fff]{1,8})+")
_CALENDAR = frozenset(
    """
    january february march april may june july august september october november december monday
    tuesday wednesday thursday friday saturday sunday
    """.split()
)


def unknown_names(text: str, other: str) -> list[str]:
    """Return the names of a text that another text does not have.

    >>> unknown_names("在清华大学，张伟教授说", "李伟教授在北京大学说")
    ['在清华大学', '张伟']
    """
    abroad = is_chinese(text) != is_chinese(other)
    missing = _unknown_latin(text, other, abroad)
    if abroad:
        return missing
    held = essence(fold(other))
    return missing + [n for n in _chinese_names(text) if not _held_from_the_right(fold(n), held)]


def _chinese_names(text: str) -> list[str]:
    bare = "".join(c for c in text if not c.isspace())
    bodies = [m.group() for m in _BODIES.finditer(bare)]
    people = [m.group() for m in _PERSON.finditer(bare)]
    return [
        *[m.group() for m in _FOREIGNER.finditer(bare)],
        *[name for name in bodies if not _NO_NAME.fullmatch(name[-2:])],
        *[name for name in people if not translations("chinese", name)],  # 方案 is a word
    ]


def _held_from_the_right(name: str, held: str) -> bool:
    """Tell whether a name stands in a text, whose first characters may be words before it
    (在清华大学): its last characters must, more of them than what kind of body it is."""
    if "·" in name:  # words may stand before it and after it
        first, *middle, last = name.split("·")
        return "·".join([first[-2:], *middle, last[:2]]) in held
    kind = next((body for body in _BODY if name.endswith(body)), "")
    if not kind:
        return name in held
    least = min(len(name), len(kind) + 2)
    return name[-least:] in held


def _unknown_latin(text: str, cited: str, abroad: bool) -> list[str]:
    """Return the Latin words of a Chinese text, or those of another that are written as names, that
    the cited text does not have.

    About a text in the other language a name may end in words (Songyan Power): these need not be
    known where its first is.
    """
    if is_chinese(text):
        words = [w.group() for w in _LATIN.finditer(text) if len(w.group()) > 1]
        return [w for w in words if not is_known_latin(w, cited, abroad)]
    missing: list[str] = []
    for name in _written_names(text):
        unknown = [w for w in name if not is_known_latin(w, cited, abroad)]
        if abroad and name[0] not in unknown:
            unknown = [w for w in unknown if not translations("english", fold(w))]
        missing += unknown
    return missing


def _written_names(text: str) -> list[list[str]]:
    """Return what is written as names in a text of Latin letters: rows of capitalised words."""
    names: list[list[str]] = []
    end = -2
    for match in _LATIN.finditer(text):
        word = match.group().removesuffix("'s").removesuffix("’s")
        opens = text[: match.start()].rstrip()[-1:] in ("", *'.!?:"“')
        marked = any(c.isupper() for c in word[1:]) or any(c.isdigit() for c in word)
        common = fold(word) in FUNCTION_WORDS or fold(word) in _CALENDAR
        alone = not re.match(r"\s[A-Z]", text[match.end() : match.end() + 2])
        begins = opens and alone and bool(translations("english", fold(word)))  # a sentence
        if common or not (marked or (word[0].isupper() and not begins)):
            continue
        if match.start() == end + 1 and names:
            names[-1].append(word)
        else:
            names.append([word])
        end = match.end()
    return names


def is_known_latin(word: str, cited: str, abroad: bool) -> bool:
    """Tell whether a Latin word stands in a text; `abroad`, in a Chinese one: or a translation, or
    characters that sound like it."""
    folded, held = fold(word), fold(cited)
    if re.search(rf"(?<![a-z0-9]){re.escape(folded)}(?![a-z0-9])", held):
        return True
    if not abroad:
        return False
    if any(len(other) > 1 and other in held for other in translations("english", folded)):
        return True
    table = characters_of()
    return any(re.search("".join(f"[{table[s]}]" for s in way), held) for way in syllables(folded))
