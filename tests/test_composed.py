"""rag.composed and eval.composed: the order of rules, and the questions they are measured by."""

from __future__ import annotations

import json

from eval.composed import QUESTIONS, Outcome, Row, by_rule, by_type, rows
from rag.readers.written import is_held_out


def outcome(right: bool, rule: str = "", *, answers: tuple[str, ...] = ("1",)) -> Outcome:
    row = Row("c1", "n1", "sum", "?", answers, ())
    return Outcome(row, "1", right, False, rule, "2", False)


def test_every_question_is_of_an_article_kept_out_of_training():
    asked = rows()
    assert len({row.id for row in asked}) == len(asked) > 200
    assert all(is_held_out(row.article) for row in asked)


def test_one_third_of_the_articles_is_for_the_last_look_alone():
    halves = {row.article: row.split for row in rows()}
    assert 0.25 < list(halves.values()).count("test") / len(halves) < 0.4


def test_one_question_in_six_is_not_answered_by_its_article():
    asked = rows()
    assert 0.12 < sum(not row.answerable for row in asked) / len(asked) < 0.3


def test_no_article_is_kept_with_the_questions():
    longest = max(len(json.loads(x)["question"]) for x in QUESTIONS.read_text().splitlines())
    assert longest < 120


def test_a_rule_is_told_by_how_often_it_was_right():
    (line,) = by_rule([outcome(True, "sum"), outcome(False, "sum"), outcome(True)])
    assert "fired   2   right   1" in line


def test_what_the_article_does_not_say_is_counted_apart():
    lines = list(by_type([outcome(True), outcome(False, answers=())]))
    assert any("right   1/  1" in line and "without ground  1/ 1" in line for line in lines)
