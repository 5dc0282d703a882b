"""Single questions on the report's page: those that went most wrong, those that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from eval.cells import answer, expected, table

SHOWN_CHANGED = 40  # won and lost questions listed; all of them are in report.json


def worst_questions(measures: Mapping[str, Any]) -> str:
    by_id = {question["id"]: question for question in measures["questions"]}
    wrong = sum(not question["right"] for question in measures["questions"])
    details = measures.get("worst", [])
    if not wrong:
        return "<p>Every question was dealt with rightly.</p>"
    rest = f"; {wrong - len(details)} more are in report.json" if wrong > len(details) else ""
    intro = (
        f"{wrong} of {len(measures['questions'])} went wrong. Wrong answers first, the most "
        f"confident before all, then refusals that were nearest to an answer{rest}. "
        "Open one to see what was retrieved, read and cited."
    )
    return f'<p class="soft">{intro}</p>' + "".join(_case(by_id[one["id"]], one) for one in details)


def _case(question: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    kind = "soft" if question["answer"] is None else "bad"
    summary = (
        f'<span class="soft small">{escape(question["id"])}</span>'
        f'<span class="n">{question["confidence"]:.2f}</span>'
        f"<span>{escape(question['question'])}<br>"
        f'<span class="{kind}">{answer(question["answer"])}</span> '
        f'<span class="soft small">{escape(one["verdict"])} · {escape(question["type"])}</span>'
        "</span>"
    )
    turns = "".join(f"{escape(q)} → {escape(a)}<br>" for q, a in one["history"])
    evidence = "<br>".join(f"“{escape(q)}” {_name(file)}" for file, q in question["evidence"])
    told = [
        ("earlier turns", turns),
        ("expected", expected(question)),
        ("evidence", evidence),
        ("cited", "<br>".join(map(_citation, question["citations"]))),
    ]
    facts = "".join(f"<dt>{name}</dt><dd>{words}</dd>" for name, words in told if words)
    return (
        f'<details><summary>{summary}</summary><div class="inside"><dl>{facts}</dl>'
        f"{_hits(one['hits'])}</div></details>\n"
    )


def _name(file: str) -> str:
    return f'<span class="soft small">{escape(file)}</span>'


def _citation(citation: Mapping[str, Any]) -> str:
    told = (
        '<span class="good">holds the evidence</span>'
        if citation["whole"]
        else '<span class="good">touches the evidence</span>'
        if citation["part"]
        else '<span class="bad">elsewhere</span>'
    )
    broken = "" if citation["valid"] else ' <span class="bad">spans do not hold the quote</span>'
    return f"“{escape(citation['quote'])}” {_name(citation['source'])} {told}{broken}"


def _hits(hits: Sequence[Mapping[str, Any]]) -> str:
    rows = (
        (
            str(hit["rank"]),
            "read" if hit["read"] else '<span class="soft">not read</span>',
            '<span class="good">evidence</span>' if hit["holds"] else "",
            f"{escape(hit['text'])} {_name(hit['source'])}",
        )
        for hit in hits
    )
    heads = ("rank", "", "", "retrieved")
    return table(heads, rows, words=(1, 2, 3)) if hits else ""


def changed_questions(measures: Mapping[str, Any]) -> str:
    by_id = {question["id"]: question for question in measures["questions"]}
    changed = measures["difference"].get("changed", [])
    rows = [_changed_row(one, by_id[one["id"]]) for one in changed[:SHOWN_CHANGED]]
    if not rows:
        return ""
    rest = f", the first {SHOWN_CHANGED}; all are in report.json" * (len(changed) > SHOWN_CHANGED)
    heads = ("", "question", "baseline", "now", "expected")
    inner = table(heads, rows, words=range(5))
    return (
        f'<details class="more"><summary>{len(changed)} questions that changed{rest}</summary>'
        f"{inner}</details>"
    )


def _changed_row(one: Mapping[str, Any], question: Mapping[str, Any]) -> tuple[str, ...]:
    won = '<span class="good">won</span>' if one["won"] else '<span class="bad">lost</span>'
    before = answer(one["before"]) if one["kept"] else '<span class="soft">(not kept)</span>'
    asked = f'{escape(question["question"])} <span class="soft small">{escape(one["id"])}</span>'
    return won, asked, before, answer(question["answer"]), expected(question)
