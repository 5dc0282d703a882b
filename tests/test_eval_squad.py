"""eval.squad: public sets in their forms, closed and open reading, SQuAD's own rules."""

import json
import lzma

import pytest

from eval.squad import closed_book, load, open_book, squad_em, squad_f1
from rag.errors import GoldError
from rag.types import Answer, Article, Hit, Run, Span

FIRST, SECOND = "今年7月交付105台。", "The Eiffel Tower is in Paris."
LINES = [
    {
        "id": "q1",
        "context": FIRST,
        "question": "交付多少台？",
        "answers": [{"text": "105台", "start": 6}],
    },
    {
        "id": "q2",
        "context": SECOND,
        "question": "Where?",
        "answers": {"text": ["Paris"], "answer_start": [23]},
    },
    {"id": "q3", "context": SECOND, "question": "Who?", "answers": []},
]
NESTED = {
    "data": [
        {
            "title": "t",
            "paragraphs": [
                {
                    "context": FIRST,
                    "qas": [{k: LINES[0][k] for k in ("id", "question", "answers")}],
                },
                {
                    "context": SECOND,
                    "qas": [
                        {k: LINES[n][k] for k in ("id", "question", "answers")} for n in (1, 2)
                    ],
                },
            ],
        }
    ]
}


def as_lines(rows):
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def write(folder, name, data):
    path = folder / name
    path.write_bytes(lzma.compress(data) if name.endswith(".xz") else data)
    return path


class RecallingBot:
    """Answers from a table, None to refuse; finds the contexts in the order given."""

    def __init__(self, answers, contexts=()):
        self.answers = answers
        self.must_answer = []
        self.hits = tuple(
            Hit(
                n,
                Article(s.name, s.name, s.text, (Run(0, 0, len(s.text)),)),
                Span(0, 1),
                (Span(0, 1),),
                1.0,
            )
            for n, s in enumerate(contexts, 1)
        )

    def ask(self, question, history=()):
        answer = self.answers[question]
        return Answer(question, answer, answer or "", answer is None, 0.5, hits=self.hits)

    def ask_text(self, question, text, *, must_answer=False):
        self.must_answer.append(must_answer)
        return self.ask(question)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("set.jsonl", as_lines(LINES)),
        ("set.jsonl.xz", as_lines(LINES)),
        ("set.json", json.dumps(NESTED).encode()),
        ("set.json.xz", json.dumps(NESTED).encode()),
    ],
    ids=["lines", "lines compressed", "SQuAD", "SQuAD compressed"],
)
def test_each_form_gives_the_same_questions(tmp_path, name, data):
    items = load(write(tmp_path, name, data))
    assert [(item.id, item.context, item.answers) for item in items] == [
        ("q1", FIRST, ("105台",)),
        ("q2", SECOND, ("Paris",)),
        ("q3", SECOND, ()),
    ]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("set.csv", b"", "neither .json nor .jsonl"),
        ("set.jsonl", b"", "holds no questions"),
        ("set.jsonl", as_lines(LINES) + b"\n{", "line 4 is not JSON"),
        ("set.jsonl", as_lines([LINES[0], {"id": "q"}]), "line 2: needs id, context"),
        ("set.jsonl", as_lines([LINES[0] | {"answers": [7]}]), "line 1: needs id, context"),
        ("set.json", b"[]", "not in SQuAD form"),
        ("set.json", b"{", "cannot read"),
    ],
)
def test_a_set_that_cannot_be_used_says_why(tmp_path, name, data, message):
    with pytest.raises(GoldError, match=message):
        load(write(tmp_path, name, data))


def test_a_compressed_name_on_plain_content_is_an_error(tmp_path):
    path = tmp_path / "set.jsonl.xz"
    path.write_bytes(b"plain")
    with pytest.raises(GoldError, match="cannot read"):
        load(path)


@pytest.mark.parametrize(
    ("answer", "form", "exact", "score"),
    [
        ("The Eiffel Tower!", "eiffel tower", True, 1),
        ("in Paris", "Paris", False, 2 / 3),
        ("Tower Eiffel", "Eiffel Tower", False, 1),  # a bag: order does not count
        ("an", "the", True, 1),  # nothing is left of either
        ("the", "Paris", False, 0),
    ],
)
def test_squad_rules_equal_rows_worked_out_by_hand(answer, form, exact, score):
    assert squad_em(answer, [form]) is exact
    assert squad_f1(answer, [form]) == pytest.approx(score)


def test_closed_reading_scores_refusals_as_squad_2_does(tmp_path):
    path = write(tmp_path, "set.jsonl", as_lines(LINES))
    bot = RecallingBot({"交付多少台？": "交付105台", "Where?": None, "Who?": None})
    result = closed_book(bot, path)
    assert [(q["em"], pytest.approx(q["f1"])) for q in result["questions"]] == [
        (0, 2 / 3),
        (0, 0),
        (1, 1),
    ]
    assert result["em"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert (result["asked"], result["contexts"], result["unanswerable"]) == (3, 2, 1)
    assert (result["false_refusals"], result["false_answers"]) == (0.5, 0.0)
    assert bot.must_answer == [False] * 3
    assert result["must_answer"] is False


def test_an_answer_where_there_is_none_scores_nothing(tmp_path):
    path = write(tmp_path, "set.jsonl", as_lines(LINES[2:]))
    result = closed_book(RecallingBot({"Who?": "Eiffel"}), path)
    assert (result["em"]["value"], result["f1"]["value"], result["false_answers"]) == (0, 0, 1)


def test_a_set_without_unanswerable_questions_must_be_answered(tmp_path):
    bot = RecallingBot({"交付多少台？": "105台", "Where?": "Paris"})
    result = closed_book(bot, write(tmp_path, "set.jsonl", as_lines(LINES[:2])))
    assert bot.must_answer == [True, True]
    assert result["f1"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert result["false_answers"] is None


def test_open_reading_indexes_each_context_once_and_ranks_the_own_one(tmp_path):
    given = []

    def build(folder, sources, progress):
        assert folder.is_dir()
        given.extend(sources)
        return RecallingBot({"交付多少台？": "105台", "Where?": "Paris", "Who?": None}, sources)

    result = open_book(write(tmp_path, "set.jsonl", as_lines(LINES)), build=build)
    assert [source.text for source in given] == [FIRST, SECOND]
    assert [q["rank"] for q in result["questions"]] == [1, 2, 2]
    assert result["hit@1"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert result["hit@5"]["value"] == 1
    assert result["mode"] == "open"


def test_a_limit_spreads_over_the_set(tmp_path):
    rows = [LINES[0] | {"id": f"q{n}"} for n in range(10)]
    told = []
    path = write(tmp_path, "set.jsonl", as_lines(rows))
    result = closed_book(
        RecallingBot({"交付多少台？": "105台"}), path, limit=3, progress=told.append
    )
    assert [q["id"] for q in result["questions"]] == ["q0", "q3", "q6"]
    assert told[-1] == "answered 3 of 3: q6"
