"""Places by name, in Chinese and English, and which of them are of one rank.

    海淀<TAB>Haidian<TAB>district<TAB>北京

`weights/places.tsv`: the name as it is mostly printed, in English, its ranks, what it lies in.
Beijing is a province and a city. Made by `python -m rag.lexicon.places --data DATA`, from the
glosses of CC-CEDICT and the countries of the Unicode CLDR (needs babel, for this alone).
"""

from __future__ import annotations

import argparse
import lzma
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rag.lexicon.words import WEIGHTS, listed
from rag.terms import fold

FILE = "places.tsv"
COUNTRY, PROVINCE, CITY, DISTRICT = "country", "province", "city", "district"
OWN = {"我国": "中国", "全国": "中国", "国内": "中国"}  # what a Chinese paper calls its country
_SHORTEST = 4  # letters of an English name: Qiu, Xi and Male are words and family names too
_LATIN = re.compile(r"[A-Z][A-Za-z'’-]+(?: [A-Z][A-Za-z'’-]+){0,2}")


class Place(NamedTuple):
    """A place: `name` as in the table, `ranks` it may be compared in, `within` what it lies in."""

    name: str
    english: str
    ranks: frozenset[str]
    within: frozenset[str]


class Named(NamedTuple):
    """A place that a text names, at [start, end) of it."""

    place: Place
    start: int
    end: int


def places_in(text: str) -> list[Named]:
    """Return the places that a text names, in either language; districts in Chinese only, as their
    names in English are others' too. Where several share a name, each of them.

    >>> [(n.place.name, n.start) for n in places_in("北京市海淀区和Shanghai")]
    [('北京', 0), ('海淀', 3), ('上海', 7)]
    """
    chinese, english, longest = _table()
    folded, found, at = fold(text), list[Named](), 0
    while at < len(folded):
        size = 0
        if "\u4e00" <= folded[at] <= "\u9fff":
            for size in range(min(longest, len(folded) - at), 1, -1):
                word = folded[at : at + size]
                if place := chinese.get(OWN.get(word, word)):
                    found.append(Named(place, at, at + size))
                    break
            else:
                size = 0
        at += size or 1
    for match in _LATIN.finditer(text):
        words = match[0].split(" ")
        for many in range(len(words), 0, -1):
            name = " ".join(words[:many])
            if places := english.get(name.lower()):
                end = match.start() + len(name)
                found += [Named(place, match.start(), end) for place in places]
                break
    return sorted(found, key=lambda named: named.start)


@cache
def _table() -> tuple[Mapping[str, Place], Mapping[str, list[Place]], int]:
    """Return the places by Chinese name and by English name in small letters (Suzhou is 苏州 and
    宿州), and the length of the longest Chinese one."""
    chinese: dict[str, Place] = {}
    english = defaultdict[str, list[Place]](list)
    for line in (WEIGHTS / FILE).read_text(encoding="utf-8").splitlines():
        name, latin, ranks, within = line.split("\t")
        place = Place(name, latin, frozenset(ranks.split()), frozenset(within.split()))
        chinese[name] = place
        if len(latin) >= _SHORTEST:
            english[latin.lower()].append(place)
    of_more = {k: v for k, v in english.items() if any(DISTRICT not in p.ranks for p in v)}
    return chinese, of_more, max(map(len, chinese))


# ---------------------------------------------------------------- how the table was made

_MUNICIPALITIES = {"Beijing": "北京", "Shanghai": "上海", "Tianjin": "天津", "Chongqing": "重庆"}
_MUNICIPALITIES |= {"Hong Kong": "香港", "Macau": "澳门"}
_PROVINCES = (
    "Hebei 河北 Shanxi 山西 Liaoning 辽宁 Jilin 吉林 Heilongjiang 黑龙江 Jiangsu 江苏 Zhejiang 浙江"
    " Anhui 安徽 Fujian 福建 Jiangxi 江西 Shandong 山东 Henan 河南 Hubei 湖北 Hunan 湖南"
    " Guangdong 广东 Hainan 海南 Sichuan 四川 Guizhou 贵州 Yunnan 云南 Shaanxi 陕西 Gansu 甘肃"
    " Qinghai 青海 Guangxi 广西 Tibet 西藏 Ningxia 宁夏 Xinjiang 新疆 Taiwan 台湾"
).split()
_PROVINCE = dict(zip(_PROVINCES[::2], _PROVINCES[1::2], strict=True)) | {"Inner Mongolia": "内蒙古"}
_NO_COUNTRY = listed("EU EZ UN XA XB ZZ QO HK MO TW CN")
_CITY = re.compile(r"(?:sub-?provincial|prefecture-level|county-level) city")
_CAPITAL = re.compile(r"capital (?:city )?of (?:the )?([A-Z][\w ]+)")
_NOT_NOW = re.compile(
    r"ancient|dynasty|former|provin|district|\(Tw\)|abbr|State|state of|county|surname", re.I
)
_NAME_ENDS = re.compile(r"[,(;]| district| county| city", re.IGNORECASE)
_LIES_IN = re.compile("([\u4e00-\u9fff]{2,6})市?\\[")
_CHINESE = re.compile("[\u4e00-\u9fff]{2,8}")


def make(data: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of the table from the folder of training data, each name once."""
    glosses = defaultdict[str, list[str]](list)
    with lzma.open(data / "dictionary/cedict.tsv.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            chinese, _, gloss = line.rstrip("\n").partition("\t")
            glosses[chinese].append(gloss)
    seen = dict[str, tuple[str, str, str]]()
    for latin, name in _PROVINCE.items():
        seen[name] = latin, PROVINCE, "中国"
    for latin, name in _MUNICIPALITIES.items():
        seen[name] = latin, f"{PROVINCE} {CITY}", "中国"
    seen |= {name: (latin, COUNTRY, "") for name, latin in _countries()}
    for name, told in glosses.items():
        for gloss in told:
            for row in _read(name, gloss, glosses, seen):
                seen.setdefault(row[0], row[1:])
    yield from ((name, *row) for name, row in seen.items())


def _countries() -> Iterator[tuple[str, str]]:
    from babel import Locale

    chinese, english = Locale("zh").territories, Locale("en").territories
    yield "中国", "China"
    for code, name in chinese.items():
        is_country = len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY
        if is_country and _CHINESE.fullmatch(name):
            yield name, english[code]


def _read(
    name: str,
    gloss: str,
    glosses: Mapping[str, list[str]],
    seen: Mapping[str, tuple[str, str, str]],
) -> Iterator[tuple[str, str, str, str]]:
    """Yield what a gloss says of a place: 海淀区, "Haidian, a district of Beijing"."""
    latin = _NAME_ENDS.split(gloss)[0].strip()
    capital = _CAPITAL.search(gloss)
    if not latin or not 2 <= len(name) <= 9:
        return
    if capital and name[-1] not in "省市县区" and not _NOT_NOW.search(gloss):
        country = next((k for k, v in seen.items() if v[:2] == (capital[1], COUNTRY)), "")
        if country:
            yield name, latin, CITY, country
        return
    is_city = name.endswith("市") and _CITY.search(gloss)
    is_district = name.endswith("区") and re.search(r"\bdistrict\b", gloss, re.IGNORECASE)
    is_county = name.endswith("县") and re.search(r"\bcounty\b", gloss) and "自治" not in name
    if not (is_city or is_district or is_county) or re.search("Taiwan|Hong Kong", gloss):
        return
    rank = CITY if is_city else DISTRICT
    within = [p for e, p in (_PROVINCE | _MUNICIPALITIES).items() if re.search(rf"\b{e}\b", gloss)]
    if rank == DISTRICT:
        within += [m[1].removesuffix("市") for m in _LIES_IN.finditer(gloss)][:1]
    short = name[:-1]
    alone = len(short) > 1 and all(  # 和平区, for 和平 is peace
        re.search(rf"see |variant|{re.escape(latin.split()[0])}", g) for g in glosses.get(short, ())
    )
    yield (short if alone else name), latin, rank, " ".join(dict.fromkeys(within))


def main() -> None:
    """Make the table."""
    parser = argparse.ArgumentParser(description="Make the table of places.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of training data")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    rows = "".join("\t".join(row) + "\n" for row in make(options.data))
    (options.out / FILE).write_text(rows, encoding="utf-8")


if __name__ == "__main__":
    main()
