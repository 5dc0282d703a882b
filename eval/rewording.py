"""One question written another way: pure functions `(question, rng) -> question`, seeded.

    松延动力7月交付多少台？
    typos          松延动7月交付多少台？         homophones   松延动力7月蛟付多少台？
    unpunctuated   松延动力7月交付多少台         traditional  松延動力7月交付多少台？
    full_width     松延动力７月交付多少台？      numerals     松延动力七月交付多少台？
    polite         请问松延动力7月交付多少台？谢谢   reordered    7月松延动力交付多少台？

A question that offers nothing to change comes back as it is. What asks (多少, 谁, who) and what is
a number stays legible, so that the answer stays the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.readers.tokens import Vocabulary

Rewording = Callable[[str, Random], str]

# 3,727 of the 3,755 commonest characters (GB 2312, level 1), those of one sound on one line: the
# first reading without tone, as pypinyin 0.55 gives it (a test makes the table anew)
HOMOPHONES = Path(__file__).with_name("homophones.txt")
CHARS_A_SLIP = 12  # one slip of the finger in so many characters, at least one
_ASKING = re.compile(
    r"为什么|什么|多少|怎么样|怎么|怎样|如何|几|哪[些里儿个家所位一年天月]?|谁|何时|何地|何|啥|吗|是否|没有"
    r"|\b(?:who|whom|what|when|where|which|why|how|many|much)\b",
    re.IGNORECASE,
)
_DATED = re.compile("[上下]半年|[今去明前]年|[本上下]月|[上下]旬|月[初中底]|年[初底]")
_HAN = re.compile("[\u4e00-\u9fff]")
_LATIN_WORD = re.compile("[A-Za-z]{4,}")
_NUMBER = re.compile(r"(?<![A-Za-z0-9.])\d[\d,]*(?:\.\d+)?(?![\d.]*[A-Za-z])")
_CLAUSE_END = re.compile(r"[，；;]|,(?!\d)")
_MARKS = re.compile(r"[^\w\s%‰]|_")


def _free(question: str) -> list[int]:
    """Return the places of Chinese characters that neither ask, nor date, nor follow a digit."""
    told = (*_ASKING.finditer(question), *_DATED.finditer(question))
    asks = {i for m in told for i in range(*m.span())}
    counts = {m.end() for m in re.finditer(r"\d", question)}
    return [i for i, c in enumerate(question) if _HAN.match(c) and i not in asks | counts]


def typos(question: str, rng: Random) -> str:
    """Drop a character, write one twice or exchange two neighbours; in Latin words, letters."""
    free = _free(question)
    if not free:
        return _mistyped(question, rng)
    slips = min(len(free), max(1, len(question) // CHARS_A_SLIP))
    for at in sorted(rng.sample(free, slips), reverse=True):
        slip = rng.choice(("drop", "twice", "exchange"))
        if slip == "exchange" and at + 1 in free:
            question = question[:at] + question[at + 1] + question[at] + question[at + 2 :]
        else:
            question = question[:at] + question[at] * (2 * (slip == "twice")) + question[at + 1 :]
    return question


def _mistyped(question: str, rng: Random) -> str:
    """Exchange two inner letters of one Latin word that does not ask."""
    words = [m for m in _LATIN_WORD.finditer(question) if not _ASKING.fullmatch(m.group())]
    if not words:
        return question
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 2)
    return question[:at] + question[at + 1] + question[at] + question[at + 2 :]


def homophones(question: str, rng: Random) -> str:
    """Write characters that sound alike, as a pinyin keyboard offers them."""
    table = _same_sound()
    free = [i for i in _free(question) if question[i] in table]
    for at in rng.sample(free, min(len(free), max(1, len(question) // CHARS_A_SLIP))):
        others = [c for c in table[question[at]] if c != question[at]]
        question = question[:at] + rng.choice(others) + question[at + 1 :]
    return question


@cache
def _same_sound() -> dict[str, str]:
    lines = HOMOPHONES.read_text(encoding="utf-8").split()
    return {character: line for line in lines for character in line}


def unpunctuated(question: str, rng: Random) -> str:
    """Leave out every mark but those inside numbers."""
    kept = {i for m in _NUMBER.finditer(question) for i in range(*m.span())}
    return _MARKS.sub(lambda m: m.group() if m.start() in kept else "", question)


def traditional(question: str, rng: Random) -> str:
    """Write Chinese in Traditional characters."""
    return _to_traditional(question)


@cache
def _to_traditional(text: str) -> str:
    return str(_converter().convert(text))


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("s2t")


def full_width(question: str, rng: Random) -> str:
    """Write digits and Latin letters in full width, as Chinese keyboards may."""
    if not _HAN.search(question):
        return question
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in question)


def numerals(question: str, rng: Random) -> str:
    """Write the numbers of a Chinese question in characters; N2 and 5G stay.

    >>> numerals("2025年交付105台，增长30%？", Random())
    '二〇二五年交付一百零五台，增长百分之三十？'
    """
    if not _HAN.search(question):
        return question
    return re.sub(_NUMBER.pattern + r"(%?)", _in_characters, question)


def _in_characters(found: re.Match[str]) -> str:
    text, percent = found.group().removesuffix("%").replace(",", ""), found.group(1)
    after = found.string[found.end() : found.end() + 1]
    whole, _, decimals = text.partition(".")
    if after == "年" and len(whole) == 4 and not decimals:
        return "".join("〇一二三四五六七八九"[int(d)] for d in whole)
    spoken = in_characters(int(whole))
    spoken += "点" + "".join("零一二三四五六七八九"[int(d)] for d in decimals) if decimals else ""
    return ("百分之" if percent else "") + spoken


def in_characters(number: int) -> str:
    """Return a whole number from 0 up as it is spoken.

    >>> [in_characters(n) for n in (0, 10, 105, 1300, 10_005, 20_300_000)]
    ['零', '十', '一百零五', '一千三百', '一万零五', '二千零三十万']
    """
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if number >= size:
            high, low = divmod(number, size)
            between = "零" if 0 < low < size // 10 else ""
            return in_characters(high) + name + between + (in_characters(low) if low else "")
    spoken, gap = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, size)
        if digit:
            spoken += ("零" if gap and spoken else "") + "零一二三四五六七八九"[digit] + name
        gap = not digit
    spoken = spoken or "零"
    return spoken[1:] if spoken.startswith("一十") else spoken


def polite(question: str, rng: Random) -> str:
    """Add what polite people add."""
    if _HAN.search(question):
        before = rng.choice(("请问一下，", "您好，麻烦帮我查一下，", "不好意思，我想问一下，"))
        return before + question + rng.choice(("谢谢！", "非常感谢！", "麻烦您了。"))
    before = rng.choice(("Could you please tell me: ", "Hi, I was wondering, ", "Excuse me. "))
    return before + question + rng.choice((" Thank you!", " Thanks a lot."))


def reordered(question: str, rng: Random) -> str:
    """Put the clauses in another order; within a single clause exchange two neighbouring words."""
    body = question.rstrip("？?。！!")
    clauses = [clause for clause in _CLAUSE_END.split(body) if clause.strip()]
    if len(clauses) > 1:
        return "，".join(clauses[1:] + clauses[:1]) + question[len(body) :]
    words = cut(body)
    free = [
        i
        for i in range(len(words) - 1)
        if all(_is_word(w) for w in words[i : i + 2]) and words[i] != words[i + 1]
    ]
    if not free:
        return question
    at = rng.choice(free)
    words[at], words[at + 1] = words[at + 1], words[at]
    return "".join(words) + question[len(body) :]


def _is_word(word: str) -> bool:
    return bool(re.fullmatch(r"\w+", word)) and not _ASKING.search(word)


def cut(text: str) -> list[str]:
    """Return the words of a text, and what stands between them; joined they are the text."""
    (tokens,) = _vocabulary().cut([text])
    pieces: list[str] = []
    at = 0
    for start, end in tokens.borders.tolist():
        pieces += [text[at:start], text[start:end]]
        at = end
    return [piece for piece in [*pieces, text[at:]] if piece]


@cache
def _vocabulary() -> Vocabulary:
    from rag.readers.extractive import WEIGHTS
    from rag.readers.tokens import Vocabulary

    return Vocabulary.load(WEIGHTS / "vocabulary.tsv")


REWORDINGS: dict[str, tuple[Rewording, str]] = {
    "typos": (typos, "a character dropped, doubled or exchanged with the next"),
    "homophones": (homophones, "characters that sound alike"),
    "unpunctuated": (unpunctuated, "no punctuation"),
    "traditional": (traditional, "Traditional characters"),
    "full-width": (full_width, "digits and letters in full width"),
    "numerals": (numerals, "numbers in characters: 一百零五"),
    "polite": (polite, "a greeting before, thanks after"),
    "reordered": (reordered, "clauses or neighbouring words exchanged"),
}
"""Name → what rewords, and what it does in words."""


def reworded(name: str, questions: Sequence[tuple[str, str]]) -> list[str]:
    """Return each `(id, question)` reworded; the same ids and questions give the same words."""
    rewording, _ = REWORDINGS[name]
    return [rewording(question, Random(f"{name}:{key}")) for key, question in questions]
