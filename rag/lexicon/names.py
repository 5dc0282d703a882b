"""Names by their sound: Songyan ↔ 松延, Zhongguancun ↔ 中关村, Xu Jinsong ↔ 徐劲松."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from rag.lexicon.words import FUNCTION_WORDS, characters_of, readings
from rag.terms import fold

MAX_SYLLABLES = 4  # of a name; longer ones are seldom names and have many readings
PER_SYLLABLE = 48  # characters tried for one syllable: 99 % of the news' characters
KEPT = 12  # spellings of one name; the right one was among 12 for all but two of forty names

BEAM = 200  # beginnings followed while a name is put together
# The family names of 97 in 100 people.
FAMILY_NAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭"
    "陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔"
    "伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍"
    "华喻祁蒲房滕屈饶解牟艾尤时穆卓古吉简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵边姬师仇栾隋商荣巫桑"
    "洪常仲荆晋楚原丛敖巩皮卞房裘屠沙鞠苟佘麻池宦"
)

_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:['’][a-z]+)?")


@dataclass(frozen=True)
class Name:
    """What may be a Chinese name in Latin letters, folded, and the ways to read it.

    `person`: the first syllable is a family name.
    """

    text: str
    sounds: tuple[tuple[str, ...], ...]
    person: bool = False


def spellings(question: str, unknown: set[str]) -> Iterator[Name]:
    """Yield what may be a Chinese name: `unknown` words, and two capitalised words in a row of
    which one is a family name, first or last."""
    found = list(_LATIN.finditer(question))
    rows = [_person(a, b) for a, b in pairwise(found) if _is_row(question, a, b)]
    yield from (name for name in rows if name.sounds)
    for word in dict.fromkeys(fold(m.group()) for m in found):
        bare = word.removesuffix("'s")
        if word in unknown and len(bare) >= 4:
            sounds = tuple(s for s in syllables(re.sub("['’]", "", bare)) if len(s) > 1)
            if sounds:
                yield Name(word, sounds)


def _is_row(question: str, a: re.Match[str], b: re.Match[str]) -> bool:
    """Tell whether two words are capitalised neighbours with nothing but a space between."""
    capitals = a.group()[0].isupper() and b.group()[0].isupper()
    return (
        capitals and fold(a.group()) not in FUNCTION_WORDS and question[a.end() : b.start()] == " "
    )


def _person(a: re.Match[str], b: re.Match[str]) -> Name:
    """Return two words read as a person's name, family name first; no sounds when they are none."""
    words = [fold(m.group()).removesuffix("'s") for m in (a, b)]
    sounds = [
        (*family, *given)
        for first, last in (words, words[::-1])
        for family in syllables(first)
        for given in syllables(last)
        if len(family) == 1 and len(given) <= 2 and family_names(family[0])
    ]
    return Name(" ".join(words), tuple(dict.fromkeys(sounds)), person=True)


@cache
def family_names(syllable: str) -> str:
    """Return the family names that sound as a syllable, the commonest characters first."""
    return "".join(c for c in characters_of().get(syllable, "") if c in FAMILY_NAMES)


@lru_cache(4096)
def syllables(word: str) -> tuple[tuple[str, ...], ...]:
    """Return the ways to read a Latin word as Chinese syllables, fewest syllables first.

    >>> syllables("songyan")
    (('song', 'yan'),)
    >>> syllables("tesla")
    ()
    """
    table = characters_of()
    ways: list[list[tuple[str, ...]]] = [[] for _ in range(len(word) + 1)]
    ways[0].append(())
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 6), end):
            if word[start:end] in table:
                ways[end] += [
                    (*way, word[start:end]) for way in ways[start] if len(way) < MAX_SYLLABLES
                ]
    return tuple(sorted(ways[-1], key=lambda way: (len(way), way)))[:4]


def in_characters(
    name: Name, frequency: Callable[[Sequence[str]], Mapping[str, int]]
) -> dict[str, int]:
    """Return the commonest spellings in the corpus of a name's readings, with their counts.

    A spelling counts as often as the rarest of its pairs.
    """
    ways = [[characters_of()[s][:PER_SYLLABLE] for s in way] for way in name.sounds]
    if name.person:
        ways = [[family_names(s[0]), *w[1:]] for s, w in zip(name.sounds, ways, strict=True)]
    pairs = {x + y for way in ways for a, b in pairwise(way) for x in a for y in b}
    counts = {pair: n for pair, n in frequency(sorted(pairs)).items() if n}
    after: dict[str, list[str]] = {}
    for pair in counts:
        after.setdefault(pair[0], []).append(pair[1])
    found: dict[str, int] = {}
    for first, *rest in ways:
        partial = dict.fromkeys(first, sys.maxsize)
        for characters in rest:
            longer = {
                text + c: min(n, counts[text[-1] + c])
                for text, n in partial.items()
                for c in after.get(text[-1], ())
                if c in characters
            }
            partial = dict(sorted(longer.items(), key=lambda item: -item[1])[:BEAM])
        for text, n in partial.items():
            found[text] = max(n, found.get(text, 0))
    return dict(sorted(found.items(), key=lambda item: (len(item[0]), -item[1], item[0]))[:KEPT])


def in_letters(characters: str) -> list[str]:
    """Return how English may write a Chinese name: joined, and as family and given name.

    >>> in_letters("松延")
    ['songyan', 'song yan', 'yan song']
    """
    table = readings()
    sounds = [table[c][0] for c in characters if c in table]
    if len(sounds) != len(characters) or len(sounds) > 6:
        return []
    family, given = sounds[0], "".join(sounds[1:])
    found = ["".join(sounds)]
    if len(sounds) <= 3:
        found += [f"{family} {given}", f"{given} {family}"]
    if len(sounds) > 2:
        found += [a + b for a, b in pairwise(sounds)]
    return list(dict.fromkeys(found))
