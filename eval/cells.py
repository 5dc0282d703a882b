"""Cells and tables of the report's page: values as a person reads them, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

TITLES = {
    "right": "Dealt with rightly",
    "correct": "Right answers",
    "em": "Exact match",
    "f1": "F1",
    "hit@1": "Evidence in first passage",
    "hit@3": "Evidence in first 3",
    "hit@5": "Evidence in first 5",
    "hit@10": "Evidence in first 10",
    "mrr@10": "MRR@10",
    "ndcg@10": "nDCG@10",
    "citation_precision": "Citations that touch the evidence",
    "citation_recall": "Answers that cite the whole evidence",
    "span_validity": "Spans that are exactly their quote",
    "false_answers": "Answers where there is none",
    "false_refusals": "Refusals where there is one",
    "auroc": "AUROC of the confidence",
    "ece": "Calibration error",
}
NUMBERS = ("f1", "mrr@10", "ndcg@10", "auroc", "ece")  # no shares: shown as 0.595, not 59.5 %
DASH = '<span class="soft">–</span>'


def shown(name: str, value: float | None, *, signed: bool = False) -> str:
    """Return a measure's value as it is read: a share in per cent, anything else as a number."""
    if value is None:
        return DASH
    if name in NUMBERS:
        return with_sign(value, 3) if signed else f"{value:.3f}"
    return with_sign(100 * value, 1) if signed else f"{100 * value:.1f} %"


def with_sign(value: float, digits: int) -> str:
    """Return a number with its sign, a minus as wide as the plus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def ends(name: str, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return DASH
    if name in NUMBERS:
        return f"{low:.3f} to {high:.3f}"
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def moved(name: str, move: float | None, better: str) -> str:
    """Return a difference, coloured by whether it is for the better."""
    if move is None:
        return DASH
    if not round(move, 4):
        return '<span class="soft">no change</span>'
    kind = "good" if (move > 0) == (better == "higher") else "bad"
    unit = "" if name in NUMBERS else " points"
    return f'<span class="{kind}">{shown(name, move, signed=True)}{unit}</span>'


def p_value(value: float | None) -> str:
    if value is None:
        return DASH
    return "&lt; 0.001" if value < 0.001 else f"{value:.3f}"


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    words: Sequence[int] = (0,),
    caption: str = "",
) -> str:
    """Return a table of cells that are HTML already; columns not in `words` are numbers."""

    def row(tag: str, cells: Sequence[str]) -> str:
        kinds = ("" if column in words else ' class="n"' for column in range(len(cells)))
        inner = (f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))
        return f"<tr>{''.join(inner)}</tr>\n"

    told = f"<caption>{caption}</caption>" if caption else ""
    body = "".join(row("td", cells) for cells in rows)
    return f'<div class="scroll"><table>{told}{row("th", heads)}{body}</table></div>'


def answer(answer: str | None) -> str:
    return '<span class="soft">refused</span>' if answer is None else escape(answer)


def expected(question: Mapping[str, Any]) -> str:
    if not question["answerable"]:
        return '<span class="soft">no answer</span>'
    return escape(" / ".join(question["expected"]))
