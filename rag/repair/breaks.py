"""Is a line break a wrap or a paragraph's end? Decided for all breaks of a page at once, by weights
fitted on damaged news (`python -m eval.repairs fit`).

What is looked at, of the line before and the line after a break:
  layout   how far the line falls short of its column, and whether the next word would have fitted;
           how many lines around are as wide; blank lines and indents, against what is usual here
  text     the last and the first character; whether a quotation or bracket is open; whether the two
           characters often stand together in running text, or the second often begins a paragraph
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from rag.repair.signs import KINDS, Floats, Integers
from rag.repair.table import Weights

# name → number of values: each is one indicator, and the products of some are too
_FIELDS = {
    "end": len(KINDS) * 2,  # kind of the last character; seen through a closing quote or not
    "start": len(KINDS) + 3,
    "short": 9,  # of the column
    "fits": 2,
    "gap": 9,  # newlines, against the share of blank lines around
    "indent": 6,
    "width": 8,
    "alike": 5,  # lines around as wide as this
    "wider": 5,  # lines around wider than this
    "next": 5,  # the next line against this
    "cut": 5,  # share of the lines around that stop in mid-sentence
    "open": 5,
    "signs": 6,  # commas and stops in the line
    "next signs": 6,
    "mark": 9,
    "finish": 2,
    "pair": 8,
    "opens": 7,
    "first": 5,  # whether the line before the break begins a paragraph
    "shape": 6,  # heading, headlines in a row, middle of a paragraph: see `_shapes`
}
_PRODUCTS = (
    ("short", "end"),
    ("short", "cut"),
    ("short", "gap"),
    ("short", "alike"),
    ("short", "next"),
    ("short", "fits", "cut"),
    ("gap", "cut"),
    ("gap", "end"),
    ("end", "start"),
    ("end", "cut"),
    ("width", "cut"),
    ("width", "end"),
    ("indent", "gap"),
    ("indent", "short"),
    ("signs", "width"),
    ("signs", "next signs"),
    ("signs", "short"),
    ("alike", "wider"),
    ("next", "width"),
    ("pair", "end"),
    ("pair", "short"),
    ("opens", "short"),
    ("opens", "end"),
    ("mark", "short"),
    ("mark", "gap"),
    ("finish", "short"),
    ("start", "gap"),
    ("start", "short"),
    ("signs", "end"),
    ("open", "short"),
    ("first", "short"),
    ("first", "short", "gap"),
    ("first", "signs"),
    ("first", "end"),
    ("shape", "short"),
    ("shape", "end"),
    ("shape", "alike"),
    ("shape", "gap"),
    ("shape", "pair"),
)


@cache
def layout() -> tuple[Floats, int]:
    """Return the map from field values to the numbers of the indicators that hold, (fields + 1,
    fields and products), and how many indicators there are.

    The number of a product's indicator is a linear form of its fields: one matrix does them all.
    """
    names = list(_FIELDS)
    forms = [*((name,) for name in names), *_PRODUCTS]
    matrix, at = np.zeros((len(names) + 1, len(forms)), np.float32), 0
    for column, form in enumerate(forms):
        matrix[-1, column], size = at, 1
        for name in reversed(form):
            matrix[names.index(name), column] = size
            size *= _FIELDS[name]
        at += size
    return matrix, at


def indicators(fields: dict[str, Integers]) -> npt.NDArray[np.int32]:
    """Return the numbers of the indicators that hold, (breaks, fields and products)."""
    matrix, _ = layout()
    values = np.ones((len(_FIELDS) + 1, len(fields["end"])), np.float32)
    for row, name in enumerate(_FIELDS):
        values[row] = fields[name]
    return (values.T @ matrix).astype(np.int32)


# log-odds added for each shape: columns of real pages waver more than those fitted on
_BY_SHAPE = np.array([0, -1, -1, -1, 3, 1.5], np.float32)


def scores(fields: dict[str, Integers], table: Weights) -> Floats:
    """Return for every break the log-odds that the text goes on across it, by the weights."""
    out = table.indicators[indicators(fields)].sum(axis=1) + np.float32(table.bias)
    return np.asarray(out + _BY_SHAPE[fields["shape"]], np.float32)
