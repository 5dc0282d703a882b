"""A report's dictionary to one HTML page: no script, nothing fetched, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

STYLE = """
body { font: 15px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; margin: 2rem auto;
  max-width: 72rem; padding: 0 1rem; color: #222; background: #fff }
table { border-collapse: collapse; margin: 1rem 0 2rem; width: 100% }
th, td { border-bottom: 1px solid #ddd; padding: .3rem .6rem; text-align: left;
  vertical-align: top }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.wrong { color: #a40000 } .quiet { color: #666 }
"""
GROUP_MEASURES = ("right", "correct", "em", "f1", "hit@5", "citation_recall", "false_refusals")


def page(measures: Mapping[str, Any]) -> str:
    """Return the whole page: all measures, a table by group, and the questions that went wrong."""
    overall, noise = measures["overall"], measures["interval"]
    intro = (
        f"{overall['questions']} questions. 95 % intervals from {noise['resamples']} resamplings "
        f"of {noise['resampled']} ({noise['clusters']} groups of questions)."
    )
    groups = "".join(
        f"<h2>By {escape(name)}</h2>{_group_table(name, values)}"
        for name, values in measures["by"].items()
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Youju evaluation</title><style>{STYLE}</style></head><body>\n"
        f"<h1>Youju evaluation</h1><p>{escape(intro)}</p>\n"
        f"{_headline(measures)}\n{groups}\n<h2>Milliseconds</h2>{_latency(measures)}\n"
        f"{_wrong(measures['questions'])}\n</body></html>\n"
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], words: Sequence[int] = (0,)) -> str:
    """Return a table of cells that are HTML already; columns not in `words` are numbers."""

    def line(tag: str, cells: Sequence[str]) -> str:
        kinds = ("" if column in words else ' class="number"' for column in range(len(cells)))
        inner = (f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))
        return f"<tr>{''.join(inner)}</tr>\n"

    return f"<table>{line('th', heads)}{''.join(line('td', row) for row in rows)}</table>"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _headline(measures: Mapping[str, Any]) -> str:
    rows = (
        (
            escape(name),
            _number(cell["value"]),
            "–" if cell["low"] is None else f"{_number(cell['low'])} to {_number(cell['high'])}",
            str(cell["n"]),
            f'<span class="quiet">{escape(measures["meanings"].get(name, ""))}</span>',
        )
        for name, cell in measures["overall"]["measures"].items()
    )
    heads = ("measure", "value", "95 % interval", "questions", "over what, and meaning")
    return _table(heads, rows, words=(0, 4))


def _group_table(name: str, values: Mapping[str, Any]) -> str:
    rows = (
        (
            escape(value),
            str(part["questions"]),
            *(_number(part["measures"][measure]["value"]) for measure in GROUP_MEASURES),
        )
        for value, part in values.items()
    )
    return _table((escape(name), "questions", *map(escape, GROUP_MEASURES)), rows)


def _latency(measures: Mapping[str, Any]) -> str:
    stages = measures["milliseconds"]
    names = list(dict.fromkeys(name for times in stages.values() for name in times))
    rows = ((escape(s), *(f"{t[name]:.1f}" for name in names)) for s, t in stages.items())
    return _table(("stage", *map(escape, names)), rows)


def _wrong(questions: Sequence[Mapping[str, Any]]) -> str:
    missed = [q for q in questions if not q["right"]]
    heads = ("id", "question", "answer", "expected", "evidence", "cited", "confidence")
    shown = _table(heads, map(_wrong_row, missed), words=range(6))
    return f"<h2>Wrong: {len(missed)} of {len(questions)}</h2>{shown if missed else ''}"


def _wrong_row(question: Mapping[str, Any]) -> tuple[str, ...]:
    answer = question["answer"]
    expected = " / ".join(question["expected"]) if question["answerable"] else None
    return (
        f'{escape(question["id"])}<br><span class="quiet">{escape(question["type"])}</span>',
        escape(question["question"]),
        '<span class="quiet">refused</span>'
        if answer is None
        else f'<span class="wrong">{escape(answer)}</span>',
        '<span class="quiet">no answer</span>' if expected is None else escape(expected),
        "<br>".join(f"{escape(file)}: {escape(quote)}" for file, quote in question["evidence"]),
        "<br>".join(escape(f"{c['source']}: {c['quote']}") for c in question["citations"]),
        f"{question['confidence']:.2f}",
    )
