"""Words of the training text -> tokenizer.json: fold, mark, cut.

    "松延動力7月交付人形機器人105台"  ->  松 延 动力 _7 月 交付 人 形 机器人 _105 台
    "How many humanoid robots?"      ->  _how _many _human oid _robots

A word of Latin letters and a number begin with a mark, "_"; Chinese words have none. All that
changes text stands in tokenizer.json: the light loader, sentence-transformers and training cut
alike.
"""

from __future__ import annotations

import importlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from embeddings.characters import precompiled_map

ROWS = 49_152  # 256 numbers of one byte each: 12.6 MB; 65,536 gained nothing
CHINESE_WORDS = 24_000  # of 2 to 4 characters; the least frequent occurs some 30 times
MARKED_WORDS = 14_000  # Latin words and numbers; the least frequent occurs some 30 times
LONGEST_MARKED = 16  # characters; longer ones are addresses and identifiers
NEEDED_COUNT = 100  # as if a syllable of pinyin had been met that often inside rare words
RAREST_SCORE = -9.0  # a sub-word never beats a whole word of the list
UNKNOWN = "<unk>"

_CHINESE = "\u4e00-\u9fff"
_RUN = re.compile(f"[{_CHINESE}]+|[a-z]+|[0-9]+")


def runs(folded: str) -> list[str]:
    """Cut folded text into Chinese runs, and Latin words and numbers with their mark."""
    return [run if run >= "\u4e00" else "_" + run for run in _RUN.findall(folded)]


def count_words(folded_texts: Iterable[str]) -> Counter[str]:
    """Count the words of folded texts; Chinese runs are cut by rjieba."""
    cut = importlib.import_module("rjieba").cut
    counts: Counter[str] = Counter()
    for text in folded_texts:
        for run in runs(text):
            counts.update(cut(run) if run >= "\u4e00" and len(run) > 1 else [run])
    return counts


def build_tokenizer(counts: Mapping[str, int], folding: Mapping[int, str]) -> Tokenizer:
    """Make the tokenizer: a Unigram model over a vocabulary chosen from word counts."""
    tokenizer = Tokenizer(models.Unigram(choose_vocabulary(counts), unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(precompiled_map(folding)),
            # Pages set Chinese with spaces and broken lines: 完 成 is 完成.
            normalizers.Replace(Regex(f"(?<=[{_CHINESE}])\\s+(?=[{_CHINESE}])"), ""),
            # A mark before each Latin word and number: an empty match where one begins.
            normalizers.Replace(Regex("(?<![a-z])(?=[a-z])|(?<![0-9])(?=[0-9])"), " _"),
        ]
    )
    pattern = Regex(f"[{_CHINESE}]+|_[a-z]+|_[0-9]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(pattern, behavior="removed", invert=True)
    return tokenizer


def choose_vocabulary(counts: Mapping[str, int]) -> list[tuple[str, float]]:
    """Choose ROWS entries with log probabilities: the unknown one, then the likeliest."""
    total = sum(counts.values())
    scores: dict[str, float] = {}
    chinese = {word: n for word, n in counts.items() if word >= "\u4e00" and 2 <= len(word) <= 4}
    marked = {
        word: n for word, n in counts.items() if word[0] == "_" and len(word) <= LONGEST_MARKED
    }
    for words, size in ((chinese, CHINESE_WORDS), (marked, MARKED_WORDS)):
        frequent = sorted(words.items(), key=lambda item: (-item[1], item[0]))[:size]
        scores.update((word, math.log(n / total)) for word, n in frequent)
    for character, weight in _count_characters(counts).items():
        # A word is worth more than its characters one by one: each costs one nat extra.
        scores[character] = math.log(max(weight, 0.2) / total) - 1
    rare = {word: n for word, n in marked.items() if word not in scores}
    for piece, n in _pieces(rare):
        if len(scores) < ROWS - 1 and piece not in scores:
            scores[piece] = min(math.log(n / total), RAREST_SCORE) - 3
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    return [(UNKNOWN, -30.0), *ranked]


def _count_characters(counts: Mapping[str, int]) -> dict[str, float]:
    """Count characters; one inside a word counts a fiftieth: the word is cut out first."""
    weights: dict[str, float] = {}
    for word, n in counts.items():
        if word >= "\u4e00":
            for character in word:
                share = n if len(word) == 1 else n / 50
                weights[character] = weights.get(character, 0.0) + share
    return weights


def _pieces(rare: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return parts for Latin words and numbers off the list, the most useful first.

    Every single sign; the syllables of pinyin, for names such as hengrui; then what saves most.
    """
    needed = [*"0123456789abcdefghijklmnopqrstuvwxyz", *_syllables()]
    counts: Counter[str] = Counter()
    for word, n in rare.items():
        spans = ((i, j) for i in range(len(word)) for j in range(i + 2, i + 7) if j <= len(word))
        for part in {word[i:j] for i, j in spans}:
            counts[part] += n
    best = sorted(counts.items(), key=lambda item: (-item[1] * (len(item[0]) - 1), item[0]))
    return [(mark + part, NEEDED_COUNT) for part in needed for mark in ("", "_")] + best


def _syllables() -> list[str]:
    """Return every syllable of pinyin, without tones."""
    read = importlib.import_module("pypinyin").lazy_pinyin
    found = {read(chr(code))[0] for code in range(0x4E00, 0xA000)}
    return sorted(each for each in found if re.fullmatch("[a-z]{2,6}", each))


def parts(token: str) -> list[str]:
    """Return what a token shares with others: characters, or runs of 3 to 5 letters.

    台湾 has 台 and 湾; _robots has <ro rob … bots> among others. Numbers share nothing.
    """
    if token >= "\u4e00":
        return list(token)
    if not re.fullmatch("_?[a-z]+", token):
        return []
    framed = f"<{token[1:]}>" if token[0] == "_" else token
    return [framed[i : i + n] for n in (3, 4, 5) for i in range(len(framed) - n + 1)]
