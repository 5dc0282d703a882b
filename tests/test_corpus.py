"""What the browser may send to the articles' page and to the gold form, and what comes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

gradio = pytest.importorskip("gradio")

from test_app import FakeBot, Request, asked, click  # noqa: E402  (gradio may be missing)

from rag.ingest import index_paths  # noqa: E402
from ui.corpus import MAX_FILES, CorpusView, harmless, uploaded  # noqa: E402
from ui.evaluation import EvaluationView  # noqa: E402
from ui.feedback import Feedback  # noqa: E402
from ui.shelf import Shelf  # noqa: E402
from ui.talk import Page  # noqa: E402
from ui.turns import from_json  # noqa: E402

QUESTION = "松延动力7月交付多少台?"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index over one article."""
    (tmp_path / "000.txt").write_text("7月交付人形机器人105台创了纪录。", encoding="utf-8")
    index_paths(tmp_path / "index", [tmp_path / "000.txt"])
    return tmp_path / "index"


def test_a_file_outside_the_uploads_is_not_taken(tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "in.txt").write_text("上传的")
    (tmp_path / "secret.txt").write_text("别处的")
    (uploads / "link.txt").symlink_to(tmp_path / "secret.txt")
    sent = [
        {"path": str(uploads / "in.txt"), "name": "a/in.txt"},
        {"path": str(tmp_path / "secret.txt"), "name": "b.txt"},
        {"path": str(uploads / ".." / "secret.txt"), "name": "c.txt"},
        {"path": str(uploads / "link.txt"), "name": "d.txt"},
        {"path": str(uploads / "missing.txt"), "name": "e.txt"},
        "f.txt",
    ]
    assert uploaded({"files": sent}, uploads) == [(uploads / "in.txt", "a/in.txt")]
    assert uploaded(None, uploads) == []
    assert len(uploaded({"files": sent[:1] * (MAX_FILES + 9)}, uploads)) == 1


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a/b.txt", "a/b.txt"),
        ("../../x.txt", "x.txt"),
        ("C:\\d\\x.txt", "C:/d/x.txt"),
        ("", "file"),
    ],
)
def test_a_name_is_made_harmless(name: str, kept: str) -> None:
    assert harmless(name) == kept


def test_articles_that_may_only_be_read_are_not_removed(index: Path) -> None:
    view = CorpusView(Shelf(index), editable=False)
    view.act(click(act="remove", source="000.txt"), Request())  # type: ignore[arg-type]
    intro, _, listing = view.greet(Request())  # type: ignore[arg-type]
    assert "000.txt" in listing
    assert 'data-act="remove"' not in listing
    assert 'type="file"' not in intro


def test_a_verdict_and_a_note_are_kept_and_changed_in_place(index: Path) -> None:
    feedback = Feedback(index)
    page = Page(FakeBot(), [], feedback=feedback)
    kept = asked(page, QUESTION)
    kept, shown = page.judge(kept, click(turn=0, verdict="up"), Request())  # type: ignore[arg-type]
    assert 'aria-pressed="true" type="button" class="tool"' in shown
    kept, _ = page.judge(kept, click(turn=0, verdict="down"), Request())  # type: ignore[arg-type]
    page.note(kept, click(note="0", fields={"note": ["应为<b>106</b>台"]}))
    (told,) = feedback.latest(9)
    assert (told.question, told.answer, told.verdict) == (QUESTION, "105台", "down")
    assert told.note == "应为<b>106</b>台"
    assert feedback.counts() == {"up": 0, "down": 1}


@pytest.mark.parametrize("data", [{}, {"turn": 9, "verdict": "up"}, {"turn": 0, "verdict": "x"}])
def test_a_verdict_that_the_page_never_offered_is_not_kept(
    index: Path, data: dict[str, Any]
) -> None:
    feedback = Feedback(index)
    page = Page(FakeBot(), [], feedback=feedback)
    page.judge(asked(page, QUESTION), click(**data), Request())  # type: ignore[arg-type]
    assert feedback.latest(9) == []


class Bot(FakeBot):
    """Cites the article of the index."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self.shelf = shelf

    def ask(self, question: str, history: Any = ()) -> Any:
        from rag.types import Answer, Citation, Span

        (article,) = self.shelf.listed().articles
        span = Span(0, len(article.text))
        cited = (Citation(1, article, span, (Span(9, 13),), (span,), (Span(9, 13),)),)
        return Answer(question, "105台", "105台 [1]", False, 0.9, cited)


def test_a_turn_becomes_a_gold_row_with_its_answer_and_evidence(index: Path) -> None:
    shelf = Shelf(index)
    page, view = Page(Bot(shelf), []), EvaluationView(Bot(shelf), shelf, Feedback(index))
    form = view.offer(asked(page, QUESTION), click(turn=0), Request())  # type: ignore[arg-type]
    assert QUESTION in form
    assert ">105台</textarea>" in form
    assert "7月交付人形机器人105台创了纪录。" in form
    fields = {
        "question": [QUESTION],
        "answers": ["105台\n105"],
        "type": ["number"],
        "file": ["000.txt"],
        "quote": ["7月交付人形机器人105台创了纪录"],
        "history": ["[]"],
    }
    assert "共 1 题" in view.save(click(fields=fields), Request())  # type: ignore[arg-type]
    row = json.loads((index / "gold.jsonl").read_text(encoding="utf-8"))
    assert row["answers"] == ["105台", "105"]
    assert row["evidence"] == [{"file": "000.txt", "quote": fields["quote"][0]}]
    assert "题库里已有" in view.save(click(fields=fields), Request())  # type: ignore[arg-type]


def test_a_gold_row_whose_evidence_is_nowhere_is_not_kept(index: Path) -> None:
    shelf = Shelf(index)
    view = EvaluationView(FakeBot(), shelf, Feedback(index))
    fields = {
        "question": ["问?"],
        "answers": ["答"],
        "type": ["number"],
        "file": ["000.txt"],
        "quote": ["别处的话"],
    }
    form = view.save(click(fields=fields), Request())  # type: ignore[arg-type]
    assert 'role="alert"' in form
    assert ">别处的话</textarea>" in form
    assert not (index / "gold.jsonl").exists()


def test_an_evaluation_shows_measures_plots_and_what_went_wrong(index: Path) -> None:
    shelf = Shelf(index)
    view = EvaluationView(Bot(shelf), shelf, Feedback(index))
    for number, answer in enumerate(["105台", "200台"]):
        fields = {
            "question": [f"第{number}问?"],
            "answers": [answer],
            "type": ["number"],
            "file": ["000.txt"],
            "quote": ["105台"],
        }
        view.save(click(fields=fields), Request())  # type: ignore[arg-type]
    *steps, (_, report, _) = view.run(click(fields={"set": ["own"]}), Request())  # type: ignore[arg-type]
    assert "2 / 2" in steps[-1][0] or "正在统计" in steps[-1][0]
    assert report.count("<svg") == 4
    assert 'data-ask="第1问?"' in report
    assert 'data-ask="第0问?"' not in report


def test_a_gold_set_of_other_articles_is_one_line(index: Path) -> None:
    shelf = Shelf(index)
    view = EvaluationView(Bot(shelf), shelf, Feedback(index))
    ((said, _, _),) = view.run(click(fields={"set": ["dev"]}), Request())  # type: ignore[arg-type]
    assert 'class="error"' in said


def test_what_a_conversation_kept_is_read_back_whole(index: Path) -> None:
    page = Page(Bot(Shelf(index)), [])
    kept = asked(page, QUESTION)
    talk = from_json(kept)
    assert talk.turns[0].reply is not None
    assert talk.turns[0].reply.citations[0].quote == "7月交付人形机器人105台创了纪录。"
