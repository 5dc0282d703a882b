"""Whether a text says only what the passages it cites say: the gate before any answer leaves.

    unsupported("松延动力8月交付105台", "7月交付人形机器人105台创了纪录")  → ["8月"]

Numbers and dates are compared as values with their units (1.2万 is 12000, July is 7月), names,
titles and quoted words as they are printed; a Chinese name in Latin letters by its sound. What is
neither is compared roughly: most of the words must stand there too (`cover`), and a "not", a rise
or a fall that the passage does not have is named. The gate cannot tell who did what to whom: two
names of one sentence exchanged pass it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from rag.lexicon.words import FUNCTION_WORDS, PARTICLES, cut, translations
from rag.mentions import is_known_latin, unknown_names
from rag.orders import orders
from rag.quantities import Date, Quantity, dates, quantities
from rag.terms import fold, is_chinese
from rag.types import Span, essence, is_ignorable

# Share of the words of a sentence that must stand in what it cites. Measured on news, 2026-11-21:
# a sentence covers .13 of the one before it (median; .50 in 95 of 100), and 15 in 1,000 such pairs
# pass the whole gate; a sentence with a third of its clauses dropped and the rest exchanged passes
# in 994 of 1,000. Of an English sentence .75 are covered by its Chinese translation, .60 the other
# way (medians of 1,000); 3 and 1 of 1,000 strangers pass, and three in four translations.
SAME_LANGUAGE = 0.6
OTHER_LANGUAGE = 0.4  # the lexicon does not know every word
SHORTEST_QUOTE = 2  # characters: one character stands anywhere

_QUOTE_MARKS = dict.fromkeys(map(ord, "“”‘’「」『』\"'＂＇"), '"')
_TITLE = re.compile("《([^《》\n]{1,60})》")
_QUOTED = re.compile('[“「『"]([^“”「」『』"\n]{2,40})[”」』"]')
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)[^\s，。；）)\]]*", re.IGNORECASE)
_NOT = re.compile(
    r"没有|没能|尚未|并未|从未|未能|未曾|未|并非|不是|不会|不能|不再|否认|无法|拒绝|禁止|取消"
    r"|\b(?:not|no|never|denied|denies|refused|cancelled|canceled|cannot|without|none|nothing"
    r"|nobody|neither)\b|n't\b"
)
_ANY_NOT = re.compile(
    r"[不没未无非否拒禁]|取消"
    r"|\b(?:not|no|never|den\w+|refus\w+|cancel\w+|cannot|without|none|noth\w+|nobody|neither|fail\w*)\b|n't\b"
)
_OPPOSITES = tuple(
    (re.compile(one), re.compile(other))
    for one, other in (
        (
            r"增长|增加|上升|上涨|提高|提升|上调|扩大|[增升涨]至|\b(?:rose|risen?|increas\w+|grew|grow\w*)\b",
            r"减少|下降|下跌|降低|下滑|下调|缩小|[减降跌]至|\b(?:fell|fall\w*|decreas\w+|declin\w+|dropp\w+)\b",
        ),
        (r"盈利|获利|\bprofit", r"亏损|\bloss"),
        ("同意|批准|通过|支持", "反对|否决|驳回"),
        ("开始|启动|开幕|开工", "结束|终止|闭幕|停工|停止"),
    )
)
_WORD = re.compile(r"[a-z\u00df-\u024f]+")
_HAN_RUN = re.compile("[\u3400-\u9fff]+")
_NUMERALS = re.compile("[0-9零〇一二三四五六七八九十百千万亿两]+")
_EMPTY = frozenset(word for word in PARTICLES if len(word) == 1) | frozenset("们个一年月日")


def find_words(words: str, text: str) -> Iterator[Span]:
    """Yield where words stand in a text, to the character: white space, invisible characters, NFKC
    forms and shapes of quotation marks aside.

    >>> text = "交付人形机器\\n人１０５台"
    >>> [text[a:b] for a, b in find_words("机器人105台", text)]
    ['机器\\n人１０５台']
    """
    wanted, _ = _spread(words)
    held, places = _spread(text)
    at = held.find(wanted) if wanted else -1
    while at >= 0:
        end = at + len(wanted)
        whole = (at == 0 or places[at - 1] != places[at]) and (
            end == len(held) or places[end] != places[end - 1]
        )
        if whole:  # not in the middle of ㎡ or é
            yield Span(places[at], places[end - 1] + 1)
        at = held.find(wanted, at + 1)


def _spread(text: str) -> tuple[str, list[int]]:
    """Return a text decomposed (NFKD, each character alone), and the place each part came from."""
    parts: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if not is_ignorable(char):
            part = _QUOTE_MARKS.get(ord(char)) or unicodedata.normalize("NFKD", char)
            parts.append(part)
            places += [place] * len(part)
    return "".join(parts), places


def quotable(words: str, text: str, *, barred: Sequence[Span] | None = None) -> Span | None:
    """Return where quoted words stand in a text as evidence, None where they do not.

    What an order to a machine covers (`rag.orders`; `barred`, when known) is no evidence.
    """
    if sum(c.isalnum() for c in words) < SHORTEST_QUOTE:
        return None
    barred = orders(text) if barred is None else barred
    for span in find_words(words, text):
        if not any(b.start < span.end and span.start < b.end for b in barred):
            return span
    return None


def unsupported(answer: str, cited: str) -> list[str]:
    """Return what an answer says that does not stand in the cited text: numbers, dates, units,
    names, titles, quoted words, addresses, a "not", a rise or a fall; [] when all stands there.

    `cited` is the text of all cited spans, a line each.

    >>> unsupported("7月交付105台", "7月交付人形机器人105台创了纪录")
    []
    >>> unsupported("北方公司交付150台", "松延公司交付105台")
    ['150台', '北方公司']
    """
    abroad = is_chinese(answer) != is_chinese(cited)
    missing = [d.text for d in dates(answer) if not _dated(d, dates(cited))]
    held = quantities(cited)
    missing += [q.text for q in quantities(answer) if not _counted(q, held, cited, abroad)]
    missing += [url for url in _URL.findall(answer) if fold(url) not in fold(cited)]
    missing += unknown_names(_URL.sub(" ", answer), cited)
    missing += [] if abroad else _misquoted(answer, cited)
    missing += _turned(answer, cited)
    return list(dict.fromkeys(missing))


def supported(answer: str, cited: str, *, asked: str = "") -> bool:
    """Tell whether a sentence that a model wrote may leave: nothing `unsupported`, and most of its
    words in what it cites; most of those too that the question did not bring."""
    abroad = is_chinese(answer) != is_chinese(cited)
    least = OTHER_LANGUAGE if abroad else SAME_LANGUAGE
    if not essence(answer) or unsupported(answer, cited):
        return False
    return min(cover(answer, cited), cover(answer, cited, asked=asked)) >= least


def cover(answer: str, cited: str, *, asked: str = "") -> float:
    """Return the share of an answer's words that stand in the cited text, 0 to 1; words of `asked`
    do not count.

    Chinese: characters that stand there together with a neighbour; words that hold a sentence
    together do not count. A text in the other language is asked for translations.
    """
    a, c, known = (fold(essence_spaced(text)) for text in (answer, cited, asked))
    held = _Held(a, c, known)
    if is_chinese(answer) != is_chinese(cited):
        words = held.translated()
    else:
        words = [*held.latin(), *held.chinese()]
    if words:
        return sum(words) / len(words)
    return 1.0 if asked or essence(answer) in essence(cited) else 0.0


class _Held:
    """Which words of an answer stand in a cited text, one truth value a word; all folded."""

    def __init__(self, answer: str, cited: str, asked: str) -> None:
        self._answer, self._cited = answer, cited
        self._asked_words = {_stem(word) for word in _WORD.findall(asked)} | FUNCTION_WORDS
        self._asked = frozenset(asked) | _EMPTY

    def latin(self) -> list[bool]:
        """Words of Latin letters."""
        there = {_stem(word) for word in _WORD.findall(self._cited)}
        return [_stem(word) in there for word in self._words()]

    def chinese(self) -> list[bool]:
        """Characters of a Chinese text, numbers aside."""
        return [
            any(
                len(pair) == 2 and pair in self._cited
                for pair in (run[max(0, k - 1) : k + 1], run[k : k + 2])
            )
            or (len(run) == 1 and char in self._cited)
            for run in _HAN_RUN.findall(_NUMERALS.sub(" ", self._answer))
            for k, char in enumerate(run)
            if char not in self._asked
        ]

    def translated(self) -> list[bool]:
        """Words that may have a translation in the cited text."""
        if is_chinese(self._cited):
            return [self._in_chinese(word) for word in self._words()]
        there = {_stem(word) for word in _WORD.findall(self._cited)}
        return [
            any(
                all(_stem(part) in there for part in other.split())
                for other in translations("chinese", word)
            )
            for run in _HAN_RUN.findall(self._answer)
            for word in cut(run)
            if word not in PARTICLES and not self._asked.issuperset(word)
        ]

    def _words(self) -> list[str]:
        known = self._asked_words
        return [w for w in _WORD.findall(self._answer) if w not in known and _stem(w) not in known]

    def _in_chinese(self, word: str) -> bool:
        forms = {word, _stem(word), _stem(word) + "e", _stem(word) + "y"}
        if any(other in self._cited for f in forms for other in translations("english", f)):
            return True
        return is_known_latin(word, self._cited, True)


def essence_spaced(text: str) -> str:
    """Return a text in NFKC without invisible characters; spaces stay, they part Latin words."""
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or not is_ignorable(c))
    return unicodedata.normalize("NFKC", kept)


# -- numbers and dates


def _dated(said: Date, held: Sequence[Date]) -> bool:
    """Tell whether a date stands among others; what it does not name may be anything."""
    return any(
        said.year in (None, d.year or d.year_before)
        and said.month in (None, d.month)
        and said.day in (None, d.day)
        for d in held
    )


def _counted(said: Quantity, held: Sequence[Quantity], cited: str, abroad: bool) -> bool:
    if said.unit == "第":  # the 12th: a day, or 第12届
        days = [d.day for d in dates(cited)]
        return said.value in [*days, *(q.value for q in held if q.unit.startswith("第"))]
    for one in held:
        if one.value != said.value:
            continue
        same_unit = said.unit in ("", one.unit) or (abroad and not (said.unit and one.unit))
        if not one.unit and said.unit:
            same_unit = same_unit or said.unit in fold(cited)
        if same_unit and not (said.bound and one.bound and said.bound != one.bound):
            return True
    return False


def _misquoted(answer: str, cited: str) -> list[str]:
    """Return the titles and quoted words that the cited text does not have, to the character."""
    quoted = [words for pattern in (_TITLE, _QUOTED) for words in pattern.findall(answer)]
    held = fold(cited)
    return [words for words in quoted if next(find_words(fold(words), held), None) is None]


# -- what is said of them


def _turned(answer: str, cited: str) -> list[str]:
    """Return a "not" and a direction in the answer that the cited text has not."""
    said, held = fold(answer), fold(cited)
    found = [] if _ANY_NOT.search(held) else [m.group() for m in _NOT.finditer(said)]
    for pair in _OPPOSITES:
        for here, there in (pair, pair[::-1]):
            named = here.search(said)
            if named and not here.search(held) and there.search(held):
                found.append(named.group())
    return found


# -- words


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending)
    return word
