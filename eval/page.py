"""A report's dictionary to one HTML page: no script, nothing fetched, every text escaped.

The page is read from top to bottom by someone who has a minute, then by someone who has an hour:
headline measures, what changed, plots, robustness, every measure, the groups, the worst questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from eval.cases import changed_questions, worst_questions
from eval.cells import DASH, TITLES, ends, moved, p_value, shown, table, with_sign
from eval.kinds import KINDS
from eval.plots import Row, bars, dots, line, points, whisker

STYLE = Path(__file__).with_name("report.css")
CARDS = (
    *("correct", "f1", "hit@5", "citation_precision"),
    *("false_answers", "false_refusals", "auroc"),
)
GROUP_MEASURES = {
    "correct": "right",
    "f1": "F1",
    "hit@5": "evidence in 5",
    "citation_recall": "evidence cited",
    "false_answers": "false answers",
    "false_refusals": "false refusals",
}


def page(measures: Mapping[str, Any]) -> str:
    """Return the whole page."""
    parts = [
        ("", "", _head(measures) + _cards(measures)),
        ("change", "Against the baseline", _change(measures)),
        ("plots", "Plots", _plots(measures)),
        ("robustness", "Robustness", _suites(measures)),
        ("measures", "Every measure", _headline(measures)),
        ("groups", "Groups", _groups(measures)),
        ("kinds", "Kinds of answers", _confusion(measures)),
        ("worst", "The worst questions", worst_questions(measures)),
    ]
    there = [(name, title, inner) for name, title, inner in parts if inner]
    links = "".join(f'<a href="#{name}">{title}</a>' for name, title, _ in there if name)
    body = "".join(
        inner.replace("<!--nav-->", f"<nav>{links}</nav>")
        if not name
        else f'<section id="{name}"><h2>{title}</h2>\n{inner}</section>\n'
        for name, title, inner in there
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Youju evaluation</title><style>\n{STYLE.read_text(encoding='utf-8')}</style>"
        f"</head><body>\n{body}</body></html>\n"
    )


# ---------------------------------------------------------------- head


def _head(measures: Mapping[str, Any]) -> str:
    noise, about = measures["interval"], measures.get("about", {})
    facts = [f"{measures['overall']['questions']} questions", *map(str, about.get("facts", []))]
    method = (
        f"95 % intervals from {noise['resamples']} resamplings of {noise['resampled']} "
        f"({noise['clusters']} groups of questions)."
    )
    return (
        f"<h1>Youju evaluation</h1><p>{' · '.join(map(escape, facts))}<br>"
        f'<span class="soft small">{escape(method)}</span></p>\n<!--nav-->\n'
    )


def _cards(measures: Mapping[str, Any]) -> str:
    cells = measures["overall"]["measures"]
    differences = measures.get("difference", {}).get("measures", {})
    cards = []
    for name in CARDS:
        cell = cells[name]
        if cell["value"] is None:
            continue
        told = ends(name, cell["low"], cell["high"])
        if name in differences:
            told += f"<br>{moved(name, differences[name]['difference'], measures['better'][name])}"
        cards.append(_card(TITLES[name], shown(name, cell["value"]), told))
    total = measures["milliseconds"].get("total")
    if total:
        told = f"95 % within {total['p95']:.0f} ms"
        cards.append(_card("Median time of an answer", f"{total['p50']:.0f} ms", told))
    return f'<div class="cards">{"".join(cards)}</div>\n'


def _card(title: str, value: str, told: str) -> str:
    small = f'<span class="soft small">{told}</span>'
    return (
        f'<div class="card"><span class="small">{escape(title)}</span><b>{value}</b>{small}</div>'
    )


# ---------------------------------------------------------------- the change


def _change(measures: Mapping[str, Any]) -> str:
    difference = measures.get("difference")
    if not difference:
        return ""
    worse = "".join(
        f'<p class="bad">Worse beyond noise: {escape(w)}</p>' for w in difference["worse"]
    )
    same = '<p class="good">No measure is worse beyond noise.</p>'
    alike = (
        f"{difference['compared']} of {difference['asked_now']} questions were asked alike before: "
        f"<b>{len(difference['won'])} won</b>, <b>{len(difference['lost'])} lost</b>, "
        f"{difference['unchanged']} unchanged. "
        f"p: {p_value(difference['mcnemar'])} by McNemar's exact test over questions, "
        f"{p_value(difference['permutation'])} by sign flips over articles."
    )
    if difference["only_before"]:
        alike += f" {difference['only_before']} of the baseline were not asked now, or otherwise."
    return f"{worse or same}<p>{alike}</p>{_moved_table(measures)}{changed_questions(measures)}"


def _moved_table(measures: Mapping[str, Any]) -> str:
    rows = [
        (
            escape(TITLES.get(name, name)),
            shown(name, cell["before"]),
            shown(name, cell["now"]),
            moved(name, cell["difference"], measures["better"][name]),
            f"±{shown(name, cell['margin'], signed=True).lstrip('+')}" if cell["margin"] else DASH,
        )
        for name, cell in measures["difference"]["measures"].items()
    ]
    caption = (
        "The margin is what chance moves one of these measures by, all of them looked at together "
        f"({measures['difference']['resampled']} drawn anew)."
    )
    heads = ("measure", "baseline", "now", "difference", "margin")
    return table(heads, rows, caption=caption)


# ---------------------------------------------------------------- plots


def _plots(measures: Mapping[str, Any]) -> str:
    drawn, by = measures["curves"], measures["by"]
    ranks = list(drawn["evidence_rank"].items())
    figures = [
        (
            "Risk against coverage",
            line(drawn["risk_coverage"], x="questions answered", y="of those, wrong", title="risk"),
            "Answers in order of confidence: what is gained in answers as one accepts more errors.",
        ),
        (
            "Reliability of the confidence",
            points(
                [(b["confidence"], b["right"], b["n"]) for b in drawn["reliability"]],
                x="confidence told",
                y="answers right",
                title="reliability",
            ),
            "On the diagonal the confidence keeps its word. Area: number of answers.",
        ),
        ("Right answers by type", _by(by["type"], "correct"), "With 95 % intervals."),
        (
            "Dealt with rightly, by language and difficulty",
            _by({**by["lang"], **by["difficulty"], **_yes_no(by)}, "right"),
            "Answered correctly, or refused where there is no answer.",
        ),
        ("Time of an answer", _times(drawn["times"]), "Search, reading and citing together."),
        (
            "Rank of the evidence",
            bars(
                [("none" if name.startswith("not") else name, n) for name, n in ranks],
                x="rank of the first passage with a whole quote",
                title="rank of the evidence",
                odd=("none",),
            ),
            "Answerable questions.",
        ),
    ]
    drawings = "".join(
        f"<figure><h3>{title}</h3>{drawing}<figcaption>{words}</figcaption></figure>\n"
        for title, drawing, words in figures
        if drawing
    )
    return f'<div class="plots">{drawings}</div>'


def _yes_no(by: Mapping[str, Any]) -> dict[str, Any]:
    names = {"yes": "answerable", "no": "not answerable"}
    return {names[name]: part for name, part in by["answerable"].items()}


def _by(groups: Mapping[str, Any], measure: str) -> str:
    rows: list[Row] = []
    for name, part in groups.items():
        cell = part["measures"][measure]
        if cell["value"] is not None:
            counted = f"{cell['n']} asked"
            rows.append((name, cell["value"], cell["low"], cell["high"], counted))
    return dots(rows, title=f"{measure} by group") if rows else ""


def _times(times: Sequence[float]) -> str:
    """Return a histogram of at most 10 bars; the slowest 1 % share the last one."""
    if not times:
        return ""
    top = times[min(len(times) - 1, int(0.99 * len(times)))]
    width = next(w * 10**n for n in range(9) for w in (1, 2, 5) if top <= 10 * w * 10**n)
    counts = [0] * (int(top // width) + 1)
    for time in times:
        counts[min(int(time // width), len(counts) - 1)] += 1
    last = len(counts) - 1
    slower = "+" if times[-1] >= (last + 1) * width else ""
    named = [(f"{n * width}{slower if n == last else ''}", c) for n, c in enumerate(counts)]
    named = named[max(0, int(times[0] // width) - 1) :]
    return bars(named, x=f"milliseconds, from … to {width} more", title="milliseconds")


# ---------------------------------------------------------------- robustness


def _suites(measures: Mapping[str, Any]) -> str:
    lines = measures.get("suites")
    if not lines:
        return ""
    rows = [
        (
            escape(one["suite"]),
            escape(one["meaning"] + (f" ({one['remark']})" if one["remark"] else "")),
            str(one["questions"]),
            shown("right", one["plain"]),
            shown("right", one["right"]),
            _suite_move(one),
            shown("hit@5", one["measures"]["hit@5"]),
            shown("false_refusals", one["measures"]["false_refusals"]),
            p_value(one["p"]),
        )
        for one in lines
    ]
    heads = (
        *("suite", "what is done", "questions", "plain", "under it", "difference"),
        *("evidence in first 5", "refused", "p"),
    )
    caption = (
        "Share dealt with rightly. Only questions that the suite changes take part, so both "
        "figures are over the same ones; p is McNemar's."
    )
    return table(heads, rows, words=(0, 1), caption=caption)


def _suite_move(one: Mapping[str, Any]) -> str:
    if one["plain"] is None or one["low"] is None:
        return DASH
    move = round(100 * (one["right"] - one["plain"]), 1)
    kind = "bad" if one["high"] < 0 else "good" if one["low"] > 0 else "soft"
    ends = f"{with_sign(100 * one['low'], 1)} to {with_sign(100 * one['high'], 1)}"
    return (
        f'<span class="{kind}">{with_sign(move, 1)}</span> <span class="soft small">{ends}</span>'
    )


# ---------------------------------------------------------------- tables


def _headline(measures: Mapping[str, Any]) -> str:
    rows = (
        (
            escape(TITLES.get(name, name)),
            f'<code class="soft small">{escape(name)}</code>',
            shown(name, cell["value"]),
            ends(name, cell["low"], cell["high"]),
            whisker(cell["value"], cell["low"], cell["high"]),
            str(cell["n"]),
            f'<span class="soft small">{escape(measures["meanings"].get(name, ""))}</span>',
        )
        for name, cell in measures["overall"]["measures"].items()
    )
    heads = ("measure", "", "value", "95 % interval", "", "questions", "over what, and meaning")
    return table(heads, rows, words=(0, 1, 4, 6)) + _latency(measures)


def _latency(measures: Mapping[str, Any]) -> str:
    stages = measures["milliseconds"]
    names = list(dict.fromkeys(name for times in stages.values() for name in times))
    rows = ((escape(s), *(f"{t[name]:.1f}" for name in names)) for s, t in stages.items())
    return table(("milliseconds", *map(escape, names)), rows) if stages else ""


def _groups(measures: Mapping[str, Any]) -> str:
    tables = "".join(_group_table(name, values) for name, values in measures["by"].items())
    return (
        '<p class="soft small">95 % intervals below; a group on a single article has none.</p>'
        f'<div class="groups">{tables}</div>'
    )


def _group_table(name: str, values: Mapping[str, Any]) -> str:
    heads = (
        f"by {escape('language' if name == 'lang' else name)}",
        "questions",
        *GROUP_MEASURES.values(),
    )
    rows = (
        (
            escape(value),
            str(part["questions"]),
            *(_group_cell(measure, part["measures"][measure]) for measure in GROUP_MEASURES),
        )
        for value, part in values.items()
    )
    return table(heads, rows)


def _group_cell(name: str, cell: Mapping[str, Any]) -> str:
    if cell["value"] is None or cell["low"] is None:
        return shown(name, cell["value"])
    low, high = ends(name, cell["low"], cell["high"]).removesuffix(" %").split(" to ")
    return f'{shown(name, cell["value"])}<br><span class="soft small">{low}–{high}</span>'


def _confusion(measures: Mapping[str, Any]) -> str:
    counted = measures["curves"]["confusion"]
    if not counted:
        return ""
    kinds = [k for k in KINDS if k in counted or any(k in given for given in counted.values())]
    heads = "".join(f'<th class="mid">{"refused" if k == "none" else k}</th>' for k in kinds)
    rows = "".join(_confusion_row(kind, counted[kind], kinds) for kind in KINDS if kind in counted)
    caption = (
        "Rows: the kind of answer that was wanted, told from the first accepted form. Columns: the "
        "kind that was given. The diagonal is of the right kind, not always the right answer."
    )
    return (
        f'<div class="scroll"><table><caption>{caption}</caption><tr><th>wanted</th>{heads}'
        f'<th class="n">questions</th></tr>{rows}</table></div>'
    )


def _confusion_row(wanted: str, given: Mapping[str, int], kinds: Sequence[str]) -> str:
    total = sum(given.values())
    cells = []
    for kind in kinds:
        count = given.get(kind, 0)
        same = " same" if kind == wanted else ""
        shade = f"background:rgba(var(--tint),{0.55 * count / total:.2f})" if count else ""
        cells.append(f'<td class="heat{same}" style="{shade}">{count or ""}</td>')
    name = "no answer" if wanted == "none" else wanted
    return f'<tr><td>{name}</td>{"".join(cells)}<td class="n">{total}</td></tr>\n'
