"""Passages that any leg found → one order: a weighted sum of a few things that tell how well a
passage fits.

The question is a list of groups. A group is what one word or pair of characters of the question may
look like in a passage: {"松延": 1.0}, or, for an English question, {"交付": 1.0, "交货": 0.6}. How
much of a question a passage covers is counted in groups, the rare ones more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.lexicon.groups import stands_in
from rag.terms import whole_words

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Group:
    """One thing the question speaks of."""

    forms: Mapping[str, float]  # folded words, pairs or numbers, and how sure each stands for it
    weight: float  # how much it tells: the inverse document frequency of its best form


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage and what the legs say of it."""

    lexical: float  # BM25; of a passage that leg did not bring, somewhat less than its last one's
    cosine: float
    folded: str  # the passage, folded by `rag.terms.fold`
    opens: bool  # the article's first passage
    article: str = ""  # whose passage it is; "" of one that stands alone


FEATURES = ("lexical", "cosine", "cover", "exact", "opens", "article", "meant")
"""
lexical  BM25 over that of the best candidate, 0 to 1
cosine   less the highest among the candidates, -2 to 0
cover    share of the groups' weight that stands in the passage, 0 to 1
exact    share of the question's numbers and Latin words in the passage, 1 when it has none
opens    1 for the passage that an article begins with
article  share of the groups' weight that stands in any of the candidates of the same article: who
         is meant is often said in its first passage alone
meant    how well the passage's own words stand for those of the question, 0 to 1: see `meant`. It
         costs more than all others, so the passages best without it are given it by `rag.search`
"""
MEANT = FEATURES.index("meant")
_NOTHING_NEAR = 0.1  # what a word of the question counts that nothing in a passage comes near to


@dataclass(frozen=True, slots=True)
class Weights:
    """What each of FEATURES counts; `fit` is 1 for a passage that is best in all of them."""

    values: tuple[float, ...]

    def fit(self, rows: Floats) -> Floats:
        """Return how well passages fit, (n,), from their features, (n, len(FEATURES))."""
        weights = np.asarray(self.values, np.float32)
        best = weights[weights > 0].sum() - weights[FEATURES.index("cosine")]
        # not @: of so few columns OpenBLAS computes beside the array too, and numpy warns of that
        return np.asarray((rows * weights).sum(1) / best, np.float32)


# Fitted by `python -m eval.ranking` (softmax over the candidates of a question), 2026-11-22, on
# 5,442 questions about 61,549 articles and, as a gold file with 12 characters on each side of an
# answer as its evidence, the second 500 about the texts of CMRC 2018 trial.
SAME_LANGUAGE = Weights((4.1, 1.5, 2.8, 1.2, 0.2, 0.0, 15.8))
OTHER_LANGUAGE = Weights((2.3, 4.7, 2.3, 0.2, 0.3, 5.6, 16.3))


def features(
    groups: Sequence[Group], candidates: Sequence[Candidate], *, top: float, nearest: float
) -> Floats:
    """Return what tells how well each candidate fits, (len(candidates), len(FEATURES)).

    `top` is the highest BM25 and `nearest` the highest cosine of all candidates of the question, of
    either language.
    """
    weights = np.array([group.weight for group in groups], np.float32)
    total = float(weights.sum()) or 1.0
    exact = np.array([any(form.isascii() for form in group.forms) for group in groups], bool)
    held = np.array([shares(groups, c.folded) for c in candidates], np.float32)
    held = held.reshape(len(candidates), len(groups))
    together = _together([c.article for c in candidates], held)
    columns = (
        np.array([c.lexical for c in candidates]) / (top or 1.0),
        np.array([c.cosine for c in candidates]) - nearest,
        (held * weights).sum(1).astype(float) / total,
        (held[:, exact] > 0).mean(1) if exact.any() else np.ones(len(candidates)),
        np.array([c.opens for c in candidates]),
        (together * weights).sum(1).astype(float) / total,
        np.zeros(len(candidates)),
    )
    return np.stack(columns, 1).astype(np.float32)


def meant(near: Floats, lengths: Floats) -> Floats:
    """Return how well passages stand for the words of a question, (n,), from how near their nearest
    words come to each, (n, words), 0 to 1, and how long the words' vectors are.

    The weighted geometric mean: a word that is missed altogether is not made up for by others that
    stand there, as it is in a sum. (Late interaction, Khattab and Zaharia 2020, adds up.)

    >>> meant(np.array([[1.0, 1.0], [1.0, 0.0]]), np.array([1.0, 1.0])).round(2).tolist()
    [1.0, 0.5]
    """
    weights = lengths**2
    missed = np.log10(_NOTHING_NEAR + (1 - _NOTHING_NEAR) * near)
    # not @: equal rows are to give equal sums, to the last bit
    return np.asarray(1 + (missed * weights).sum(1) / (weights.sum() or 1), np.float32)


def _together(articles: Sequence[str], held: Floats) -> Floats:
    """Return of each candidate how sure any candidate of its article speaks of each group."""
    of_article: dict[str, list[int]] = {}
    for number, article in enumerate(articles):
        of_article.setdefault(article or f" {number}", []).append(number)
    together = held.copy()
    for numbers in of_article.values():
        if len(numbers) > 1:
            together[numbers] = held[numbers].max(0)
    return together


def shares(groups: Sequence[Group], folded: str) -> list[float]:
    """Return how sure a folded text speaks of each group: the best of its forms that stand in it.

    Latin words and numbers must stand alone: 7 is not in 17.

    >>> shares([Group({"松延": 1.0}, 5.0), Group({"7": 1.0}, 2.0)], "松延动力17月")
    [1.0, 0.0]
    """
    words: set[str] | None = None
    held = []
    for group in groups:
        best = 0.0
        for form, sure in group.forms.items():
            if sure <= best:
                continue
            if words is None and form.isascii():
                words = whole_words(folded)
            if _stands(form, folded, words or frozenset()):
                best = sure
        held.append(best)
    return held


def _stands(form: str, folded: str, words: AbstractSet[str]) -> bool:
    """Tell whether a form stands in a folded text, whose Latin words and numbers are `words`."""
    if not form.isascii():
        return form in folded
    return form.replace(",", "") in words or (" " in form and stands_in(form, folded))


def held_share(groups: Sequence[Group], folded: str, otherwise: float) -> float:
    """Return the share of the groups' weight that stands in a folded text, 0 to 1; `otherwise`
    when there are none."""
    total = sum(group.weight for group in groups)
    if not total:
        return otherwise
    held = shares(groups, folded)
    return sum(g.weight * share for g, share in zip(groups, held, strict=True)) / total


def marked(groups: Sequence[Group], folded: str) -> float:
    """Return the share of a folded text's letters and digits that are forms of the groups.

    >>> marked([Group({"july": 1.0, "7月": 1.0}, 1.0)], "7月"), marked([], "7月")
    (1.0, 0.0)
    """
    forms = {form for group in groups for form in group.forms if form in folded}
    if not forms:
        return 0.0
    letters = {n for n, c in enumerate(folded) if c.isalnum()}
    held: set[int] = set()
    for form in forms:
        words = re.escape(form)
        if form.isascii():
            words = f"(?<![a-z0-9]){words}(?![a-z0-9])"
        for match in re.finditer(words, folded):
            held.update(range(*match.span()))
    return len(held & letters) / len(letters) if letters else 0.0


def matched(groups: Sequence[Group], folded: str) -> tuple[str, ...]:
    """Return the question's words, as they stand in a folded text."""
    forms = dict.fromkeys(form for group in groups for form in group.forms)
    words = whole_words(folded)
    return tuple(form for form in forms if _stands(form, folded, words))
