"""The lexicon's data: words of one language with weighted words of the other, and syllables.

    english.txt.xz   drill          9演练8演习4钻头     weight 1 to 9, then the translation
    chinese.txt.xz   机器人         9robot7robots
    syllables.txt    song<TAB>送宋松…                  commonest character first

The first two are all words, a line each, an empty line, and their translations in the same order:
two splits and a zip load them three times as fast as a split a line. Each file is read when a
question first needs it (80 ms of an idle core) and kept.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from rag.errors import ModelError

WEIGHTS = Path(__file__).parent / "weights"
SCALE = "0123456789"
LONGEST_WORD = 8  # Chinese characters


def listed(words: str) -> frozenset[str]:
    """Return the words of a text, for lists that are read more easily without quotes."""
    return frozenset(words.split())


# Words that say how a sentence is put together, or ask; no translation of theirs is looked for.
FUNCTION_WORDS = listed(
    """
    a an the of to and in is are was were be been being for on at by with that this it its as
    from or not has have had having will would can could may might shall should must do did does
    done their his her him them they he she we us you your our my me i who whom whose what when
    where which why how than then there these those into onto over under about after before out
    up down off again further no nor more most some any each every all also other others such
    only so if but while during between through because both just very too much many s t mr mrs
    ms dr d ll re ve per via upon among within without against across along around since until
    though although one's own same get got make made take took give gave put
    """
)
PARTICLES = listed(
    """
    的 了 在 是 和 与 为 被 着 吗 呢 将 也 有 对 中 上 下 不 就 都 而 及 等 这 那 其 我们 他 她
    它 你 我 他们 她们 它们 你们 一个 以 于 从 到 由 把 向 并 但 或 之 所 该 此 给 让 会 能 可
    可以 已 已经
    """
)

# Chinese words that ask, or hold a question together.
ASKING = re.compile(
    r"什么时候|多长时间|什么|为什么|多少|怎么样|怎样|怎么|如何|哪些|哪里|哪儿|哪[个位家所座种项款年月天日]?"
    r"|几[个家台次名位]?|谁|何时|何地|何处|何种|是否|是不是|有没有|请问|分别|以及|一共|总共|吗|呢|啥"
)

_ENTRY = re.compile(r"([0-9])([^0-9]+)")


@cache
def entries(name: str) -> Mapping[str, str]:
    """Return the raw entries of `name` ("english" or "chinese") by word.

    Raises ModelError when the file is missing or damaged.
    """
    path = WEIGHTS / f"{name}.txt.xz"
    try:
        keys, values = lzma.decompress(path.read_bytes()).decode().split("\n\n")
        return dict(zip(keys.split("\n"), values.split("\n"), strict=True))
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}): install Youju again") from error


def translations(name: str, word: str) -> dict[str, float]:
    """Return the translations of a folded word with weights, 0 < w <= 1, best first; {} unknown."""
    raw = entries(name).get(word)
    return {other: int(w) / 9 for w, other in _ENTRY.findall(raw)} if raw else {}


@cache
def _trust() -> Mapping[str, float]:
    path = WEIGHTS / "trust.txt"
    try:
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        return {word: float(share) for word, share in rows}
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}): install Youju again") from error


def trusted(word: str) -> float:
    """Return how far the translations of an English word tell the right passage from others, 0 to
    1; 1 where that is not known."""
    return _trust().get(word.removesuffix("'s"), 1.0)


@cache
def characters_of() -> Mapping[str, str]:
    """Return syllable (without tone, ü as v) → its characters, the commonest first."""
    path = WEIGHTS / "syllables.txt"
    try:
        text = path.read_text(encoding="utf-8")
        return dict([line.split("\t", 1) for line in text.splitlines()])
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}): install Youju again") from error


@cache
def readings() -> Mapping[str, tuple[str, ...]]:
    """Return character → its syllables, the usual one first as far as their order tells."""
    found: dict[str, list[tuple[int, str]]] = {}
    for syllable, characters in characters_of().items():
        for place, character in enumerate(characters):
            found.setdefault(character, []).append((place, syllable))
    return {c: tuple(s for _, s in sorted(places)) for c, places in found.items()}


def cut(run: str) -> list[str]:
    """Cut a run of Chinese characters into the fewest words of the lexicon; what it does not know
    becomes single characters.

    >>> cut("北京机器人产业")
    ['北京', '机器人', '产业']
    """
    known = entries("chinese")
    best: list[tuple[float, int]] = [(0.0, 0)]  # cost of the first k characters, start of the last
    for end in range(1, len(run) + 1):
        options = [(best[end - 1][0] + 1.6, end - 1)]  # a single costs more than half a pair
        for start in range(max(0, end - LONGEST_WORD), end - 1):
            if run[start:end] in known:
                options.append((best[start][0] + 1.0, start))
        best.append(min(options))
    words: list[str] = []
    end = len(run)
    while end:
        words.append(run[best[end][1] : end])
        end = best[end][1]
    return words[::-1]
