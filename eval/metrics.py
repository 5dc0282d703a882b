"""The measures: pure functions from texts, ranks and numbers to numbers. No files, no bot.

em("105台。", ["105台"]) -> True        f1("交付105台", ["105台"]) -> 0.667
contains("1,300台", "300") -> False      digits are read as whole numbers
ratio, auroc, ece                        one value for each row of weights, so that an interval is
                                         the same call with more rows
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rag.types import Span, essence, is_ignorable

Floats = npt.NDArray[np.float64]

MAX_EXTRA_CHARS = 30  # the contract: a right answer may be this much longer than the form
RANK_CUT = 10  # the contract's MRR@10 and nDCG@10
ECE_BINS = 10  # equal width; with a few hundred questions finer bins hold too few to mean anything
RESAMPLES = 1000  # the 2.5 % tail then rests on 25 of them
SEED = 2018  # any fixed number: the same predictions give the same interval
LEVEL = 0.95  # the contract's interval

# ---------------------------------------------------------------- texts

NOT_PUNCTUATION = "%‰"  # Unicode calls them punctuation, but 30% is another answer than 30
ALSO_PUNCTUATION = "~`^"  # Unicode calls them symbols; Chinese text writes ranges as 10～20
THOUSANDS = re.compile(r"(?<!\d)(?<!\d[.,])\d{1,3}(?:,\d{3})+(?!\d|,\d)")


def normalise(text: str) -> str:
    """Return `text` in NFKC, lower case, no white space or punctuation, numbers kept apart.

    Commas of thousands go (1,300 -> 1300), decimal points stay, and where something else stood
    between two digits one space is left, so that 10-20 does not become 1020.

    >>> normalise("７ 月交付１,３００台！"), normalise("3.0"), normalise("2025-08-16")
    ('7月交付1300台', '3.0', '2025 08 16')
    >>> normalise("In July,1,300, the most")
    'injuly1300themost'
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    folded = THOUSANDS.sub(lambda number: number.group().replace(",", ""), folded)
    kept: list[str] = []
    gap = False
    for index, char in enumerate(folded):
        if _is_dropped(char) and not _is_decimal_point(folded, index):
            gap = True
            continue
        if gap and kept and kept[-1].isdigit() and char.isdigit():
            kept.append(" ")
        kept.append(char)
        gap = False
    return "".join(kept)


def _is_dropped(char: str) -> bool:
    if char in NOT_PUNCTUATION:
        return False
    return (
        is_ignorable(char) or char in ALSO_PUNCTUATION or unicodedata.category(char).startswith("P")
    )


def _is_decimal_point(text: str, index: int) -> bool:
    around = text[max(index - 1, 0) : index + 2]
    return len(around) == 3 and around[1] == "." and around[0].isdigit() and around[2].isdigit()


def contains(text: str, form: str) -> bool:
    """Tell whether `text` contains `form`, both normalised, without cutting a number in two.

    30 is not in 300, 3.0 or 1,300. Only digits have boundaries: 三 is in 十三, and "no" is in
    "now".
    """
    whole, part = normalise(text), normalise(form)
    start = whole.find(part) if part else -1
    while start >= 0:
        if not _inside_number(whole, start) and not _inside_number(whole, start + len(part)):
            return True
        start = whole.find(part, start + 1)
    return False


def _inside_number(normalised: str, index: int) -> bool:
    """Tell whether a cut before `index` divides a number; every dot kept is inside one."""
    beside = normalised[index - 1 : index + 1] if index > 0 else ""
    return len(beside) == 2 and all(char.isdigit() or char == "." for char in beside)


def correct(
    answer: str | None, answers: Sequence[str], all_of: Sequence[Sequence[str]] = ()
) -> bool:
    """Tell whether a short answer is right, as the contract defines it; None (a refusal) never is.

    EM; or it contains an accepted form and is at most `MAX_EXTRA_CHARS` normalised characters
    longer; or one form of each list of `all_of` occurs in it.
    """
    if answer is None:
        return False
    length = len(normalise(answer))
    return (
        em(answer, answers)
        or any(
            contains(answer, form) and length - len(normalise(form)) <= MAX_EXTRA_CHARS
            for form in answers
        )
        or (bool(all_of) and all(any(contains(answer, f) for f in forms) for forms in all_of))
    )


# ---------------------------------------------------------------- EM and F1 of CMRC 2018

# The marks that the CMRC 2018 evaluation strips. ASCII , . ? ! and the ellipsis are not among them:
# it lists "……" as one item of two characters, which no single character equals.
CMRC_MARKS = frozenset("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
CHINESE = re.compile(r"[\u4e00-\u9fa5]")  # the range that evaluation calls Chinese
# What is not Chinese goes through NLTK's English word rules there. These give the same segments for
# 56,768 of 56,815 answers and passages of five public sets (2026-11; sentences not split first).
WORD_BREAKS = (
    (re.compile(r"([\[\](){}<>?!;@#$%&\"“”«»–—]|\.{2,}|--)"), r" \1 "),
    (re.compile(r"([,:])(?=\D|$)"), r" \1 "),
    (re.compile(r"(?<!\S)(')(?=\w)"), r" \1 "),
    (re.compile(r"(?<=[^.\s])(\.)(?=[\s\"')\]}>]*$)"), r" \1 "),
    (re.compile(r"(?<=[^'\s])('(?:s|m|d|ll|re|ve)?)(?=\s|$)"), r" \1 "),
    (re.compile(r"(?<=\w)(n't|(?<=\bcan)not)\b"), r" \1 "),
)


def _cmrc_text(text: str) -> str:
    return "".join(char for char in text.lower().strip() if char not in CMRC_MARKS)


def segments(text: str) -> list[str]:
    """Cut `text` as the CMRC 2018 evaluation does: no marks, Chinese by character, rest by word.

    >>> segments("《松延动力》N2售价3.99万")
    ['松', '延', '动', '力', 'n2', '售', '价', '3.99', '万']
    """
    found: list[str] = []
    latin = ""
    for char in _cmrc_text(text):
        if CHINESE.match(char):
            found += [*_words(latin), char]
            latin = ""
        else:
            latin += char
    return found + _words(latin)


def _words(latin: str) -> list[str]:
    for pattern, spaced in WORD_BREAKS:
        latin = pattern.sub(spaced, latin)
    return latin.split()


def longest_shared_run(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest stretch of neighbours that stands in both sequences."""
    best = 0
    before = [0] * (len(second) + 1)
    for item in first:
        row = [0] * (len(second) + 1)
        for column, other in enumerate(second):
            if item == other:
                row[column + 1] = before[column] + 1
        best = max(best, *row)
        before = row
    return best


def em(answer: str, answers: Sequence[str]) -> bool:
    """Tell whether `answer` equals an accepted form, case, outer space and CMRC marks aside."""
    return any(_cmrc_text(answer) == _cmrc_text(form) for form in answers)


def f1(answer: str, answers: Sequence[str]) -> float:
    """Return the best F1 over the accepted forms, 0 to 1, as the CMRC 2018 evaluation computes it.

    The overlap is the longest run of neighbouring segments found in both texts. (That evaluation,
    and the contract after it, speak of a longest common subsequence, but its code resets the count
    at every gap.) Precision divides it by the answer's segments, recall by the form's.
    """
    mine = segments(answer)
    best = 0.0
    for theirs in map(segments, answers):
        shared = longest_shared_run(mine, theirs)
        if shared:
            precision, recall = shared / len(mine), shared / len(theirs)
            best = max(best, 2 * precision * recall / (precision + recall))
    return best


# ---------------------------------------------------------------- retrieval


class Quote(NamedTuple):
    """A piece of evidence: a stretch of `file`, white space removed."""

    file: str
    quote: str


def holds(text: str, quote: str) -> bool:
    """Tell whether `text` holds the whole quote, white space and other ignorables aside."""
    wanted = essence(quote)
    return bool(wanted) and wanted in essence(text)


def ranks(hits: Sequence[Mapping[str, Any]], evidence: Sequence[Quote]) -> list[int | None]:
    """Return for each quote the rank (from 1) of its source's first hit that holds it, or None."""
    texts = [(hit["source"], essence(hit["text"])) for hit in hits]
    found: list[int | None] = []
    for file, quote in evidence:
        wanted = essence(quote)
        holding = (n for n, (name, text) in enumerate(texts, 1) if name == file and wanted in text)
        found.append(next(holding, None) if wanted else None)
    return found


def hit_at(k: int, places: Sequence[int | None]) -> float:
    """Return 1 when the first `k` hits hold one of the quotes, else 0. `places`: from `ranks`."""
    return float(any(place is not None and place <= k for place in places))


def reciprocal_rank(places: Sequence[int | None]) -> float:
    """Return 1 / rank of the first hit that holds a quote, 0 beyond rank `RANK_CUT`."""
    first = min((place for place in places if place is not None), default=RANK_CUT + 1)
    return 1.0 / first if first <= RANK_CUT else 0.0


def ndcg(places: Sequence[int | None]) -> float:
    """Return the nDCG of the first `RANK_CUT` hits, 0 to 1; a hit with a new quote gains 1.

    A second hit with a quote already seen gains nothing; a hit with two quotes gains once, and
    then the ideal ranking needs one hit fewer. A quote that was not found counts as one more hit
    that should have been there.
    """
    gaining = {place for place in places if place is not None and place <= RANK_CUT}
    missed = sum(place is None or place > RANK_CUT for place in places)
    ideal = sum(1 / math.log2(n + 1) for n in range(1, min(len(gaining) + missed, RANK_CUT) + 1))
    return sum(1 / math.log2(place + 1) for place in sorted(gaining)) / ideal if ideal else 0.0


# ---------------------------------------------------------------- citations


class Squeezed(NamedTuple):
    """A text without its white space, and for each character left where it stood."""

    text: str
    origin: tuple[int, ...]


@lru_cache(maxsize=64)  # many rows share a source; 64 pages of 20,000 characters are some 15 MB
def squeeze(raw: str) -> Squeezed:
    """Return `raw` without white space, with the way back."""
    origin = tuple(index for index, char in enumerate(raw) if not char.isspace())
    return Squeezed("".join(raw[index] for index in origin), origin)


def occurrences(raw: str, quote: str) -> list[Span]:
    """Return every place of `quote` in `raw` as raw spans, white space ignored on both sides."""
    text, origin = squeeze(raw)
    wanted = "".join(quote.split())
    found: list[Span] = []
    start = text.find(wanted) if wanted else -1
    while start >= 0:
        found.append(Span(origin[start], origin[start + len(wanted) - 1] + 1))
        start = text.find(wanted, start + 1)
    return found


def cited_text(citation: Mapping[str, Any], sources: Mapping[str, str]) -> str | None:
    """Return the raw text of a citation's spans; None when the source or a span does not exist."""
    raw = sources.get(citation["source"])
    spans = citation["spans"]
    if raw is None or not all(0 <= start < end <= len(raw) for start, end in spans):
        return None
    return "".join(raw[start:end] for start, end in spans)


def is_valid(citation: Mapping[str, Any], sources: Mapping[str, str]) -> bool:
    """Tell whether a citation's spans, read in the raw source, are its quote (the contract's rule).

    A source that does not exist, a span outside it and a quote without words break the rule.
    """
    text = cited_text(citation, sources)
    quote = essence(citation["quote"])
    return text is not None and bool(quote) and essence(text) == quote


def cites_whole(
    citation: Mapping[str, Any], evidence: Sequence[Quote], sources: Mapping[str, str]
) -> bool:
    """Tell whether the cited source text holds a whole quote of the same source."""
    text = cited_text(citation, sources)
    return text is not None and any(
        file == citation["source"] and holds(text, quote) for file, quote in evidence
    )


def cites_part(
    citation: Mapping[str, Any], evidence: Sequence[Quote], sources: Mapping[str, str]
) -> bool:
    """Tell whether the cited source text holds or, by position, overlaps a quote of the source."""
    if cited_text(citation, sources) is None:
        return False
    places = [
        place
        for file, quote in evidence
        if file == citation["source"]
        for place in occurrences(sources[file], quote)
    ]
    overlaps = any(
        max(start, place.start) < min(end, place.end)
        for start, end in citation["spans"]
        for place in places
    )
    return overlaps or cites_whole(citation, evidence, sources)


# ---------------------------------------------------------------- many questions at once
# Each takes two columns of n questions and weights (b, n), and returns (b,), NaN where undefined.


def ratio(numerator: Floats, denominator: Floats, weights: Floats) -> Floats:
    """Return the weighted sum of `numerator` over that of `denominator`; a mean where that is 1."""
    return _divide(weights @ numerator, weights @ denominator)


def auroc(confidence: Floats, right: Floats, weights: Floats) -> Floats:
    """Return the chance that a right answer has more confidence than a wrong one; a tie is half.

    0.5 is no better than a coin. `right` holds 1 and 0. NaN without both right and wrong answers.
    """
    if not len(confidence):
        return np.full(len(weights), np.nan)
    order = np.argsort(confidence, kind="stable")
    starts = np.unique(confidence[order], return_index=True)[1]
    positive = np.add.reduceat((weights * right)[:, order], starts, axis=1)
    negative = np.add.reduceat((weights * (1 - right))[:, order], starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    won = (positive * (below + negative / 2)).sum(axis=1)
    return _divide(won, positive.sum(axis=1) * negative.sum(axis=1))


def ece(confidence: Floats, right: Floats, weights: Floats) -> Floats:
    """Return the expected calibration error: |mean confidence - share right|, weighted by bin.

    `ECE_BINS` bins of equal width over [0, 1], the last one closed. 0 is perfect. Biased upwards
    when bins hold few answers.
    """
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gap = weights * (confidence - right)
    gaps = [np.abs(gap[:, bins == number].sum(axis=1)) for number in range(ECE_BINS)]
    return _divide(np.sum(gaps, axis=0), weights.sum(axis=1))


def _divide(above: Floats, below: Floats) -> Floats:
    quotient: Floats = np.full(len(below), np.nan)
    np.divide(above, below, out=quotient, where=below > 0)
    return quotient


def cluster_weights(
    clusters: Sequence[str], *, resamples: int = RESAMPLES, seed: int = SEED
) -> Floats:
    """Return `(resamples, n)`: how often each question comes when clusters are drawn anew.

    `clusters[i]` names the article question i rests on: questions on one article succeed and fail
    together, so drawing single questions would give intervals that are too narrow (the cluster
    bootstrap).
    """
    names, member = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    if not len(names):
        return np.zeros((resamples, 0))
    share = np.full(len(names), 1 / len(names))
    counts = np.random.default_rng(seed).multinomial(len(names), share, size=resamples)
    return counts[:, member].astype(np.float64)


def interval(resampled: Floats) -> tuple[float, float] | None:
    """Return the middle `LEVEL` of the resampled values; None when half of them are NaN."""
    usable = resampled[~np.isnan(resampled)]
    if len(usable) <= len(resampled) / 2:
        return None
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(usable, [tail, 1 - tail])
    return float(low), float(high)
