"""The evaluation's page as HTML: what to run, what came out, what readers said, a question to keep.

Pure functions to safe markup, like `ui.render`. The plots come as SVG from `eval.plots`, which
escapes what it writes.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ui.feedback import Judgement
from ui.render_text import button, escape, lang
from ui.words import STRINGS


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of a run: its word in `STRINGS`, its value as shown, its interval or ""."""

    word: str
    value: str
    interval: str = ""


@dataclass(frozen=True, slots=True)
class Missed:
    """A question that went wrong. `answer` None: it was refused; `expected` "": it should be."""

    question: str
    answer: str | None
    expected: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Draft:
    """A turn on its way into the gold set, as the form shows it and gives it back."""

    question: str
    answers: str  # one form a line
    type: str
    evidence: tuple[tuple[str, str], ...]  # source, quote
    history: str  # JSON: [[question, answer], …]


def intro_html(sets: Sequence[tuple[str, str]], *, language: str = "zh") -> str:
    """Return title and the form that starts a run; `sets` are (value, words)."""
    words = STRINGS[language]
    options = "".join(
        f'<option value="{escape(value)}">{escape(name)}</option>' for value, name in sets
    )
    return (
        f'<div class="intro" lang="{words["lang"]}"><h2>{escape(words["eval_title"])}</h2>'
        f"<p>{escape(words['eval_note'])}</p>"
        f'<form class="run" data-form="act"><label>{escape(words["eval_set"])} '
        f'<select name="set">{options}</select></label> '
        f'<button type="submit" class="primary">{escape(words["eval_run"])}</button></form></div>'
    )


def progress_html(done: int, total: int, *, language: str = "zh") -> str:
    """Return how many questions are answered; all of them: they are being counted up."""
    words = STRINGS[language]
    line = words["eval_running"].format(done=done, total=total)
    line = words["eval_measuring"] if done >= total else line
    return (
        f'<div class="progress" role="status" lang="{words["lang"]}"><p>{escape(line)} '
        f"{button(words['stop'], 'plain', stop='') if done < total else ''}</p>"
        f'<progress max="{total}" value="{done}" aria-label="{escape(line)}"></progress></div>'
    )


def report_html(
    figures: Sequence[Figure],
    plots: Sequence[tuple[str, str]],
    missed: Sequence[Missed],
    *,
    language: str = "zh",
) -> str:
    """Return the measures, the plots ((word, SVG) each) and the questions that went most wrong."""
    words = STRINGS[language]
    cards = "".join(
        f"<div><dt>{escape(words[one.word])}</dt><dd><b>{escape(one.value)}</b>"
        f"<span>{escape(one.interval)}</span></dd></div>"
        for one in figures
    )
    drawn = "".join(
        f"<figure><figcaption>{escape(words[word])}</figcaption>{svg}</figure>"
        for word, svg in plots
        if svg
    )
    rows = "".join(_missed_html(one, words) for one in missed)
    worst = f'<h3>{escape(words["eval_worst"])}</h3><ol class="missed">{rows}</ol>' if rows else ""
    return (
        f'<div class="report" lang="{words["lang"]}"><dl class="figures">{cards}</dl>'
        f'<div class="plots">{drawn}</div>{worst}</div>'
    )


def _missed_html(one: Missed, words: dict[str, str]) -> str:
    given = words["eval_refused"]
    if one.answer is not None:
        percent = f" ({100 * one.confidence:.0f}%)"
        given = words["eval_given"].format(answer=one.answer) + percent
    expected = words["eval_should_refuse"]
    if one.expected:
        expected = words["eval_expected"].format(answer=one.expected)
    return (
        f'<li><p class="asked" dir="auto"{lang(one.question)}>{escape(one.question)}</p>'
        f'<p class="facts" dir="auto"><span class="given">{escape(given)}</span>'
        f"<span>{escape(expected)}</span></p>"
        f"{button(words['eval_ask'], 'tool', ask=one.question)}</li>"
    )


def feedback_html(
    counts: Mapping[str, int], latest: Sequence[Judgement], *, language: str = "zh"
) -> str:
    """Return what readers said, the newest first."""
    words = STRINGS[language]
    title = f"<h3>{escape(words['feedback_title'])}</h3>"
    if not latest:
        none = f"<p>{escape(words['feedback_none'])}</p>"
        return f'<div class="feedback" lang="{words["lang"]}">{title}{none}</div>'
    line = words["feedback_count"].format(up=counts["up"], down=counts["down"])
    rows = "".join(_judgement_html(one, words) for one in latest)
    return (
        f'<div class="feedback" lang="{words["lang"]}">{title}<p>{escape(line)}</p>'
        f'<ol class="missed">{rows}</ol></div>'
    )


def _judgement_html(one: Judgement, words: dict[str, str]) -> str:
    day = datetime.datetime.fromtimestamp(one.time).astimezone().strftime("%Y-%m-%d %H:%M")
    given = words["eval_refused"]
    if one.answer is not None:
        given = words["eval_given"].format(answer=one.answer)
    note = f'<p class="note" dir="auto">{escape(one.note)}</p>' if one.note else ""
    return (
        f'<li class="{one.verdict}"><p class="asked" dir="auto"{lang(one.question)}>'
        f'{escape(one.question)}</p><p class="facts" dir="auto"><span>{escape(words[one.verdict])}'
        f"</span><span>{escape(given)}</span><time>{escape(day)}</time></p>{note}"
        f"{button(words['eval_ask'], 'tool', ask=one.question)}</li>"
    )


def draft_html(
    draft: Draft, types: Sequence[str], *, problem: str = "", language: str = "zh"
) -> str:
    """Return the form in which a turn becomes a gold row; `problem` says what a row still lacks."""
    words = STRINGS[language]
    options = "".join(
        f"<option{' selected' if name == draft.type else ''}>{escape(name)}</option>"
        for name in types
    )
    evidence = "".join(
        f"<label>{escape(words['gold_evidence'].format(source=source))}"
        f'<textarea name="quote" rows="4" dir="auto">{escape(quote)}</textarea></label>'
        f'<input type="hidden" name="file" value="{escape(source)}">'
        for source, quote in draft.evidence
    )
    wrong = f'<p class="error" role="alert" dir="auto">{escape(problem)}</p>' if problem else ""
    return (
        f'<form class="source draft" lang="{words["lang"]}" data-form="save">'
        f'<h2>{escape(words["gold_title"])}</h2><p class="note">{escape(words["gold_note"])}</p>'
        f'{wrong}<label>{escape(words["question"])}<textarea name="question" rows="2" dir="auto">'
        f"{escape(draft.question)}</textarea></label><label>{escape(words['gold_answers'])}"
        f'<textarea name="answers" rows="3" dir="auto">{escape(draft.answers)}</textarea></label>'
        f'<label>{escape(words["gold_type"])}<select name="type">{options}</select></label>'
        f'{evidence}<input type="hidden" name="history" value="{escape(draft.history)}">'
        f'<p><button type="submit" class="primary">{escape(words["gold_save"])}</button></p></form>'
    )


def saved_html(line: str, *, language: str = "zh") -> str:
    """Return what the panel says once a row is kept."""
    words = STRINGS[language]
    return (
        f'<div class="source draft" lang="{words["lang"]}"><p class="said" role="status">'
        f"{escape(line)}</p></div>"
    )
