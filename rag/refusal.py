"""What a refusal says: the words of the question that no article has, or what they do not tell.

    特斯拉7月交付多少台?     文章里没有提到“特斯拉”。
    松延动力7月亏了多少钱?   文章里没有找到这个问题的答案：没有说是多少。
    公交2022年亏了多少钱?    …：没有说是多少。最接近的一段没有提到“2022年”。
    上海培育了多少家企业?    …：没有说是多少。最接近的一段说的是“北京”。
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from rag.kinds import FAMILY_NAMES, asked_kind
from rag.lexicon.names import syllables
from rag.lexicon.words import ASKING, FUNCTION_WORDS, PARTICLES, cut
from rag.terms import fold, is_chinese, terms

_MOST = 2  # words that are named
_QUOTED = re.compile("(?<=[“《「])[^”》」]{2,20}(?=[”》」])")
_HAN = re.compile("[\u3400-\u9fff]+")
_PLAIN = re.compile("^百分|^[上下]半年|[的了儿]$")  # no names, whatever their length
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?=年|\D|$)")
_NAME = re.compile(r"\b[A-Z][\w'’-]+")
_UNTOLD = {
    "number": ("是多少", "how many or how much"),
    "time": ("是什么时候", "when"),
    "person": ("是谁", "who"),
    "place": ("在哪里", "where"),
    "reason": ("是为什么", "why"),
    "said": ("这句话", "what was said"),
    "list": ("有哪些", "which ones"),
    "whether": ("是不是这样", "whether it is so"),
}


def missing_words(
    question: str, frequency: Callable[[Sequence[str]], Mapping[str, int]]
) -> tuple[str, ...]:
    """Return the names, years and longer words of a question that stand in no passage, at most two.

    `frequency` tells in how many passages each term of `rag.terms` stands; it may leave out those
    that stand in none. A question in a language that the articles are not in misses nothing.
    """
    words = list(dict.fromkeys(_chinese_words(question) if is_chinese(question) else ()))
    words += [m.group() for m in _NAME.finditer(question) if fold(m.group()) not in FUNCTION_WORDS]
    words += _YEAR.findall(question)
    parts = {word: _parts(word) for word in dict.fromkeys(words)}
    known = frequency(sorted({"the", "的"}.union(*parts.values())))
    if not is_chinese(question) and not known.get("the"):
        return ()
    if not is_chinese(question) and known.get("的"):  # 穗金 may be the Suijin of the question
        parts = {word: found for word, found in parts.items() if not _may_be_chinese(word)}
    absent = [w for w, found in parts.items() if found and not any(known.get(t) for t in found)]
    return tuple(sorted(absent, key=lambda word: (-len(word), question.find(word)))[:_MOST])


def _may_be_chinese(word: str) -> bool:
    """Tell whether a Latin word reads as a Chinese name of two syllables or more."""
    return any(len(way) > 1 for way in syllables(re.sub("['’]s?", "", fold(word))))


def _parts(word: str) -> list[str]:
    """Return the terms of which an article with this word would have one at least."""
    return [term for term in terms(word) if len(term) > 1 or term.isdigit()]


def _chinese_words(question: str) -> list[str]:
    """Return the words of three characters and more, and what looks like a person's name."""
    found = []
    for run in _HAN.findall(ASKING.sub(" ", fold(question))):
        words = cut(run)
        found += [w for w in words if len(w) > 2 and not _PLAIN.search(w)]
        single = [w if len(w) == 1 and w not in PARTICLES else " " for w in words]
        unknown = "".join(single).split()
        found += [name for name in unknown if len(name) == 3 and name[0] in FAMILY_NAMES]
    return found


def refusal_text(
    question: str, missing: Sequence[str], nearest: str | None, other: str = ""
) -> str:
    """Return what is said instead of an answer; `nearest` is the passage that comes closest,
    `other` what it speaks of instead of what is asked about."""
    chinese = any("\u3400" <= c <= "\u9fff" for c in question)
    if chinese:
        said, label = _in_chinese(question, missing), "最接近的一段（不是答案）："
        if nearest and other:
            said = f"{said}最接近的一段说的是“{other}”。"
        elif nearest and not missing and (word := lacking(question, nearest)):
            said = f"{said}最接近的一段没有提到“{word}”。"
    else:
        said, label = _in_english(question, missing), "Nearest passage (not an answer): "
        if nearest and other:
            said = f"{said} The nearest passage speaks of “{other}”."
    return said if nearest is None else f"{said}\n\n{label}{nearest}"


def lacking(question: str, nearest: str) -> str:
    """Return what a passage of the question's language does not name: a year, else what is quoted,
    else a name; "" where it names all.

    Words of two characters are often said otherwise: of 30 refusals of the dev half half named one
    that nobody would miss.

    >>> lacking("2022年公交亏了多少？", "2019年日均客流41.7万人次，2023年只剩28.5万。")
    '2022年'
    """
    if not is_chinese(nearest):
        return ""
    told = fold(nearest)
    words = [f"{year}年" for year in _YEAR.findall(question) if year not in told]
    words += [m[0] for m in _QUOTED.finditer(question)] + _chinese_words(question)
    return next((word for word in words if fold(word) not in told), "")


def _in_chinese(question: str, missing: Sequence[str]) -> str:
    if missing:
        return f"文章里没有提到{'、'.join(f'“{word}”' for word in missing)}，答不了这个问题。"
    untold = _UNTOLD.get(asked_kind(question).name)
    if untold is None:
        return "文章里没有找到这个问题的答案。"
    return f"文章里没有找到这个问题的答案：没有说{untold[0]}。"


def _in_english(question: str, missing: Sequence[str]) -> str:
    if missing:
        named = " or ".join(f"“{word}”" for word in missing)
        return f"The articles do not mention {named}, so they do not hold the answer."
    untold = _UNTOLD.get(asked_kind(question).name)
    if untold is None:
        return "The articles do not hold the answer to this question."
    return f"The articles do not hold the answer to this question: they do not say {untold[1]}."
