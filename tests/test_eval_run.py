"""eval.run: answers are kept line by line; an interrupted run goes on where it stopped."""

import json

import pytest

from eval.gold import GoldRow
from eval.metrics import Quote
from eval.run import answer_all, load_predictions
from rag.errors import GoldError, QuestionError
from rag.types import Answer, Article, Citation, Hit, Run, Span

TEXT = "今年7月交付人形机器人105台。"
ARTICLE = Article("a1", "a.txt", TEXT, (Run(0, 0, len(TEXT)),))


class OneSentenceBot:
    """Answers 105台 to 多少, refuses the rest, and stops after `patience` questions."""

    def __init__(self, patience=1000):
        self.patience = patience
        self.asked = []

    def ask(self, question, history=()):
        if len(self.asked) == self.patience:
            raise KeyboardInterrupt
        self.asked.append((question, tuple(history)))
        if "多少" not in question:
            return Answer(question, None, "没有找到", True, 0.1)
        whole = Span(0, len(TEXT))
        start = TEXT.index("105台")
        spot = (Span(start, start + 4),)
        return Answer(
            question,
            "105台",
            "105台 [1]",
            False,
            0.9,
            citations=(Citation(1, ARTICLE, whole, spot, (whole,), spot),),
            hits=(Hit(1, ARTICLE, whole, (whole,), 1.0),),
            milliseconds={"total": 1.0},
        )


def row(name, question="交付多少台？", **more):
    fields = {
        "lang": "zh",
        "answers": ("105台",),
        "answerable": True,
        "type": "number",
        "evidence": (Quote("a.txt", "交付人形机器人105台"),),
        "difficulty": "easy",
    }
    return GoldRow(id=name, question=question, **(fields | more))


ROWS = [
    row("g1"),
    row("g2", "谁？"),
    row("g3", "8月多少？"),
    row("g4", "那多少？", history=(("谁？", "他"),)),
]


def test_every_row_gets_a_prediction_in_order_and_on_disk(tmp_path):
    path = tmp_path / "new" / "out.jsonl"
    predictions = answer_all(OneSentenceBot(), ROWS, path)
    assert [p["id"] for p in predictions] == ["g1", "g2", "g3", "g4"]
    assert predictions[0]["citations"][0]["quote"] == TEXT
    assert predictions[1]["refused"]
    assert load_predictions(path) == predictions


def test_the_history_is_passed_on_and_kept(tmp_path):
    bot = OneSentenceBot()
    predictions = answer_all(bot, ROWS, tmp_path / "out.jsonl")
    assert bot.asked[3] == ("那多少？", (("谁？", "他"),))
    assert predictions[3]["history"] == [["谁？", "他"]]


def test_progress_is_told_for_every_question_and_for_kept_ones(tmp_path):
    told = []
    answer_all(OneSentenceBot(), ROWS[:2], tmp_path / "out.jsonl")
    answer_all(OneSentenceBot(), ROWS[:3], tmp_path / "out.jsonl", told.append)
    assert told[0].startswith("2 of 3 answers kept")
    assert told[1:] == ["answered 3 of 3: g3"]


@pytest.mark.parametrize("patience", range(4))
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, patience):
    path = tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        answer_all(OneSentenceBot(patience), ROWS, path)
    bot = OneSentenceBot()
    predictions = answer_all(bot, ROWS, path)
    assert len(bot.asked) == 4 - patience
    assert [p["id"] for p in predictions] == ["g1", "g2", "g3", "g4"]


def test_a_file_cut_at_any_byte_is_mended(tmp_path):
    path = tmp_path / "out.jsonl"
    predictions = answer_all(OneSentenceBot(), ROWS[1:3], path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert answer_all(OneSentenceBot(), ROWS[1:3], path) == predictions
        assert path.read_bytes() == whole


def test_an_answer_to_another_question_is_replaced_and_other_ids_stay(tmp_path):
    path = tmp_path / "out.jsonl"
    answer_all(OneSentenceBot(), ROWS, path)
    bot = OneSentenceBot()
    answer_all(bot, [row("g1"), row("g2", "是谁？"), row("g4", "那多少？")], path)
    assert [question for question, _ in bot.asked] == ["是谁？", "那多少？"]
    assert [p["id"] for p in load_predictions(path)] == ["g1", "g3", "g2", "g4"]


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "g1", "question": "交付多少台？", "answers": ["105台"]}',
        "not JSON at all\n{}",
        "[]",
    ],
    ids=["a gold row", "no JSON", "a list"],
)
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path, line):
    path = tmp_path / "gold.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(GoldError, match="line 1"):
        answer_all(OneSentenceBot(), ROWS, path)
    assert path.read_bytes() == before


def test_a_prediction_that_refuses_and_answers_is_named(tmp_path):
    path = tmp_path / "out.jsonl"
    (prediction,) = answer_all(OneSentenceBot(), ROWS[:1], path)
    path.write_text(json.dumps(prediction | {"refused": True}) + "\n")
    with pytest.raises(GoldError, match=r"line 1: \(g1\) refused"):
        load_predictions(path)


def test_a_question_that_cannot_be_asked_is_named_by_its_id(tmp_path):
    class StrictBot(OneSentenceBot):
        def ask(self, question, history=()):
            raise QuestionError("the question is empty")

    with pytest.raises(GoldError, match="question g1 cannot be asked: the question is empty"):
        answer_all(StrictBot(), ROWS, tmp_path / "out.jsonl")
