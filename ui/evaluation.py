"""The evaluation's page: runs a gold set, shows what came out, and makes gold rows of turns.

The one module of the page that knows `eval`; it imports it when a run or a row asks for it, so that
the page opens without.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.errors import GoldError, YoujuError
from ui.feedback import Feedback
from ui.render_corpus import said_html
from ui.render_evaluation import (
    Draft,
    Figure,
    Missed,
    draft_html,
    feedback_html,
    intro_html,
    progress_html,
    report_html,
    saved_html,
)
from ui.shelf import Shelf
from ui.talk import Asked, count_in, language_for
from ui.turns import Turn, from_json, history_of
from ui.words import STRINGS

if TYPE_CHECKING:
    from eval.authoring import Verdict
    from eval.gold import GoldRow
    from eval.judge import Judged

logger = logging.getLogger(__name__)

OWN_GOLD = "gold.jsonl"
"""In the index folder: the rows made of turns. `youju eval --gold` takes it too."""

SHOWN_WORST, SHOWN_FEEDBACK = 20, 20
"""Rows of each list: what one sitting looks through."""

EVERY = 5
"""Answers between two pictures of the progress: about three a second."""

FIGURES = {
    "right": "eval_right",
    "correct": "eval_correct",
    "hit@5": "eval_hit",
    "false_answers": "eval_false_answers",
    "false_refusals": "eval_false_refusals",
}
"""The measures shown in large, and their words."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class EvaluationView:
    """The callbacks of the evaluation's page."""

    def __init__(self, bot: Asked, shelf: Shelf, feedback: Feedback) -> None:
        self.bot = bot
        self.shelf = shelf
        self.feedback = feedback
        self.report: gr.HTML
        self.own = shelf.folder / OWN_GOLD

    def lay_out(self, blocks: gr.Blocks, html: Callable[..., gr.HTML]) -> None:
        """Put the parts on the page and connect them."""
        with gr.Column(elem_id="evaluation-view", min_width=0):
            intro = html("", "eval-intro", "youju.visited('evaluation', trigger);")
            progress = html("", "eval-progress")
            self.report = html("", "eval-report")
            said = html("", "eval-feedback")
        blocks.load(self.greet, None, [intro, said], **QUIET)
        intro.fresh(self.greet, None, [intro, said], **QUIET)
        # one at a time: two would only take turns at the same two cores
        running = intro.act(self.run, None, [progress, self.report, said], **QUIET)
        progress.halt(lambda: "", None, progress, cancels=[running], **QUIET)

    def greet(self, request: gr.Request) -> tuple[str, str]:
        """Return intro and feedback in a reader's language."""
        language = language_for(request)
        words = STRINGS[language]
        sets = [("dev", words["eval_dev"]), ("test", words["eval_test"])]
        if own := self._count():
            sets.insert(0, ("own", words["eval_own"].format(count=own)))
        return intro_html(sets, language=language), self._feedback(language)

    def _feedback(self, language: str) -> str:
        latest = self.feedback.latest(SHOWN_FEEDBACK)
        return feedback_html(self.feedback.counts(), latest, language=language)

    def _count(self) -> int:
        if not self.own.exists():
            return 0
        return sum(1 for line in self.own.read_bytes().splitlines() if line.strip())

    # -- a run

    def run(self, event: gr.EventData, request: gr.Request) -> Iterator[tuple[Any, Any, Any]]:
        """Ask a gold set; yield (progress, report, feedback) as it goes."""
        language, keep = language_for(request), gr.skip()
        fields = event._data.get("fields") if isinstance(event._data, dict) else None
        chosen = fields.get("set") if isinstance(fields, dict) else None
        name = str(chosen[0]) if isinstance(chosen, list) and chosen else ""
        try:
            rows = self._rows(name)
            if not rows:
                yield said_html(STRINGS[language]["eval_none"]), keep, keep
                return
            predictions: list[dict[str, Any]] = []
            for prediction in self._answered(rows):
                predictions.append(prediction)
                if len(predictions) % EVERY == 1 or len(predictions) == len(rows):
                    done = progress_html(len(predictions), len(rows), language=language)
                    yield done, keep, keep
            sources = self.shelf.texts(
                {file for row in rows for file, _ in row.evidence}
                | {c["source"] for p in predictions for c in p["citations"]}
            )
            report = _report(rows, predictions, sources, self.bot, language)
            yield "", report, self._feedback(language)
        except YoujuError as error:
            first = str(error).strip().splitlines()
            yield said_html(" ".join(first[:2]), wrong=True), keep, keep
        except Exception:  # the page's edge
            logger.exception("the evaluation failed")
            yield said_html(STRINGS[language]["failed"], wrong=True), keep, keep

    def _rows(self, name: str) -> list[GoldRow]:
        """Return the rows of a set. Raises GoldError when its evidence is not in the articles."""
        from eval import gold

        if name == "own" and not self.own.exists():
            return []
        path = self.own if name == "own" else gold.DEFAULT_GOLD
        split = name if name in gold.SPLITS else None if name == "own" else "dev"
        cited = {file for row in gold.load(path, None, split) for file, _ in row.evidence}
        return gold.load(path, self.shelf.texts(cited), split)

    def _answered(self, rows: Sequence[GoldRow]) -> Iterator[dict[str, Any]]:
        from eval.run import answer_one

        for row in rows:
            yield answer_one(lambda one: self.bot.ask(one.question, one.history), row)

    # -- a turn becomes a gold row

    def offer(self, kept: str, event: gr.EventData, request: gr.Request) -> Any:
        """Return the form, filled with what a turn asked, answered and cited."""
        from eval.authoring import type_of
        from eval.gold import TYPES

        talk, number = from_json(kept), count_in(event, "turn")
        if number is None or number >= len(talk.turns):
            return gr.skip()
        turn = talk.turns[number]
        reply = turn.reply
        answered = reply is not None and reply.answer is not None
        draft = Draft(
            turn.question,
            (reply.answer or "") if reply else "",
            type_of(turn.question) if answered else "unanswerable",
            tuple(self._evidence(turn)),
            json.dumps(history_of(talk.turns[:number]), ensure_ascii=False),
        )
        return draft_html(draft, TYPES, language=language_for(request))

    def _evidence(self, turn: Turn) -> Iterator[tuple[str, str]]:
        """Yield the citations that are one stretch of their source: a gold quote is contiguous."""
        for place in turn.reply.citations if turn.reply else ():
            found = self.shelf.article(place.article_id)
            spans = found[0].to_source(place.span, found[1].text) if found else ()
            if found and len(spans) == 1:
                raw = found[1].text[slice(*spans[0])]
                yield place.source, "".join(raw.split())

    def save(self, event: gr.EventData, request: gr.Request) -> str:
        """Keep the row of a form, or show the form again with what it lacks."""
        from eval import authoring, gold

        language = language_for(request)
        words = STRINGS[language]
        draft = _draft(event._data)
        try:
            row = _row(draft)
            cited = self.shelf.texts({file for file, _ in draft.evidence})
            gold.parse(json.dumps(row, ensure_ascii=False), cited)
            new = authoring.append_row(self.own, row)
        except (GoldError, OSError) as error:
            return draft_html(draft, gold.TYPES, problem=str(error), language=language)
        said = words["gold_saved"].format(count=self._count()) if new else words["gold_there"]
        return saved_html(said, language=language)


def _draft(data: Any) -> Draft:
    """Return what a form sent."""
    fields = data.get("fields") if isinstance(data, dict) else None

    def values(name: str) -> list[str]:
        sent = fields.get(name) if isinstance(fields, dict) else None
        return [str(one) for one in sent] if isinstance(sent, list) else []

    def first(name: str) -> str:
        return next(iter(values(name)), "").strip()

    evidence = tuple(zip(values("file"), values("quote"), strict=False))
    return Draft(
        first("question"), first("answers"), first("type"), evidence, first("history") or "[]"
    )


def _row(draft: Draft) -> dict[str, Any]:
    """Return the gold row of a form. Raises GoldError when its history is none."""
    from eval.authoring import feedback_row

    answers = [line.strip() for line in draft.answers.splitlines() if line.strip()]
    try:
        history = [(str(q), str(a)) for q, a in json.loads(draft.history)]
    except (ValueError, TypeError) as error:
        raise GoldError(f"the history of the question is damaged ({error})") from error
    nothing: dict[str, Any] = {"answer": None, "citations": []}
    verdict: Verdict = "wrong" if answers else "no answer"
    row = feedback_row(draft.question, nothing, verdict, sources={}, history=history)
    quotes = [(file, "".join(quote.split())) for file, quote in draft.evidence]
    row |= {"answers": answers, "made": "chat", "type": draft.type if answers else "unanswerable"}
    row["evidence"] = [{"file": f, "quote": q} for f, q in quotes if q] if answers else []
    del row["status"]  # a person has read it and pressed save
    return row


# -- what came out -----------------------------------------------------------------------------


def _report(
    rows: Sequence[GoldRow],
    predictions: Sequence[Mapping[str, Any]],
    sources: Mapping[str, str],
    bot: Asked,
    language: str,
) -> str:
    from eval import report

    articles = report.cited_articles(rows, bot.articles())
    questions = report.judge_all(rows, predictions, sources, articles)
    measures = report.measure(questions)
    return report_html(
        _figures(measures), _plots(measures, language), _missed(questions), language=language
    )


def _figures(measures: Mapping[str, Any]) -> list[Figure]:
    cells = measures["overall"]["measures"]
    figures = [
        Figure(word, f"{100 * cell['value']:.0f}%", _interval(cell))
        for name, word in FIGURES.items()
        if (cell := cells[name])["value"] is not None
    ]
    times = measures["milliseconds"].get("total")
    if times:
        figures.append(Figure("eval_time", f"{times['p50']:.0f} ms", f"p95 {times['p95']:.0f} ms"))
    return figures


def _interval(cell: Mapping[str, Any]) -> str:
    if cell["low"] is None:
        return f"n = {cell['n']}"
    return f"{100 * cell['low']:.0f}–{100 * cell['high']:.0f}%, n = {cell['n']}"


def _plots(measures: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    from eval import plots

    words = STRINGS[language]

    def by(group: str) -> str:
        rows: list[plots.Row] = []
        for name, part in measures["by"][group].items():
            cell = part["measures"]["right"]
            if cell["value"] is not None:
                count = f"n = {cell['n']}"
                rows.append((name, cell["value"], cell["low"], cell["high"], count))
        return plots.dots(rows, title=words[f"eval_by_{group}"]) if rows else ""

    risk = plots.line(
        measures["curves"]["risk_coverage"],
        x=words["eval_answered"],
        y=words["eval_wrong"],
        title=words["eval_risk"],
    )
    times = plots.bars(
        _histogram(measures["curves"]["times"]), x=words["eval_ms"], title=words["eval_latency"]
    )
    return [
        ("eval_by_type", by("type")),
        ("eval_by_lang", by("lang")),
        ("eval_risk", risk),
        ("eval_latency", times),
    ]


def _histogram(times: Sequence[float]) -> list[tuple[str, int]]:
    """Return up to ten bars, (from … milliseconds, answers); the slowest share the last one."""
    if not times:
        return []
    top = times[min(len(times) - 1, int(0.98 * len(times)))]
    width = next(w * 10**n for n in range(9) for w in (1, 2, 5) if top <= 10 * w * 10**n)
    counts = [0] * (int(top // width) + 1)
    for time in times:
        counts[min(int(time // width), len(counts) - 1)] += 1
    return [(str(n * width), count) for n, count in enumerate(counts)]


def _missed(questions: Sequence[Judged]) -> list[Missed]:
    """Return what went most wrong: wrong answers first, the most confident before all."""
    wrong = sorted(
        (question for question in questions if not question.right),
        key=lambda q: (q.answer is None, -q.confidence, q.id),
    )
    return [
        Missed(q.question, q.answer, q.expected[0] if q.expected else "", q.confidence)
        for q in wrong[:SHOWN_WORST]
    ]
