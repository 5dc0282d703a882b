"""rag.claims: what a reader found, put together into answers."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from rag.claims import Claim, evidence, make_claims, passage_around
from rag.confidence import UNCALIBRATED, Calibration
from rag.ranking import Group
from rag.types import Article, Reading, Run, Span

TEXT = "夏天充一辆车平均28分钟，入冬以后要45分钟上下。“冬天大家都慢。”站长苗青松说。"


@dataclass(frozen=True)
class Passage:
    article: Article
    span: Span
    score: float = 1.0


def answers(question: str, found: str, text: str = TEXT) -> list[str]:
    """The answers made of what a pattern finds in a text, best first."""
    passage = Passage(Article("a", "a.txt", text, (Run(0, 0, len(text)),)), Span(0, len(text)))
    readings = [Reading(0, Span(*m.span()), 5.0) for m in re.finditer(found, text)]
    calibration = Calibration.from_json(UNCALIBRATED)
    return [claim.text for claim in make_claims(question, [passage], readings, calibration)]


def test_two_things_asked_at_once_may_be_answered_from_the_first_to_the_second():
    both = "28分钟，入冬以后要45分钟"
    assert both in answers("夏天和冬天各要多久?", "28分钟|45分钟")
    assert both not in answers("夏天要多久?", "28分钟|45分钟")


def test_two_sentences_are_not_joined():
    text = "夏天要28分钟。冬天要45分钟。"
    assert all(
        "。" not in answer for answer in answers("夏天和冬天各要多久?", "28分钟|45分钟", text)
    )


def test_what_somebody_said_is_quoted_whole():
    assert answers("站长怎么说?", "大家都")[0] == "冬天大家都慢"
    assert answers("谁都慢?", "大家都")[0] == "大家都"


def test_the_new_side_of_a_change_comes_first():
    text = "违约金由1200万元提高到2000万元。"
    found = "1200万元|2000万元"
    assert answers("违约金提到多少?", found, text)[0] == "2000万元"
    assert answers("违约金原来是多少?", found, text)[0] == "1200万元"


def test_the_question_said_again_in_the_other_language_is_no_answer():
    asked, text = "How many robots did Songyan deliver in July?", "松延动力7月交付105台机器人。"
    passage = Passage(Article("a", "a.txt", text, (Run(0, 0, len(text)),)), Span(0, len(text)))
    readings = [Reading(0, Span(*m.span()), 5.0) for m in re.finditer("7月|105台|松延动力", text)]
    words = [Group({"7月": 1.0}, 1.0), Group({"松延": 0.6}, 2.0), Group({"动力": 0.5}, 1.0)]
    calibration = Calibration.from_json(UNCALIBRATED)
    claims = make_claims(asked, [passage], readings, calibration, words)
    assert [claim.text for claim in claims] == ["105台"]


def test_a_sentence_that_holds_more_of_a_translated_question_tells_more_for_its_answer():
    text = "松延动力7月交付105台。\n宇树交付200台。"
    passage = Passage(Article("a", "a.txt", text, (Run(0, 0, len(text)),)), Span(0, len(text)))
    readings = [Reading(0, Span(*m.span()), 5.0) for m in re.finditer(r"\d+台", text)]
    words = [Group({"松延": 0.6}, 2.0), Group({"交付": 1.0}, 1.0)]
    calibration = Calibration.from_json(UNCALIBRATED)
    claims = make_claims("How many did Songyan deliver?", [passage], readings, calibration, words)
    assert [claim.text for claim in claims] == ["105台", "200台"]


def test_another_form_of_an_english_word_says_it_too():
    text = "Nobody apologised. Trees were planted by Ann Lee. Bob Ray sat under palms."
    found = "Ann Lee|Bob Ray"
    assert answers("Who plants a tree?", found, text) == ["Ann Lee", "Bob Ray"]


@pytest.mark.parametrize(
    ("question", "text", "share"),
    [
        ("Who got 1.2 million yuan on July 3?", "7月3日姜广智领了120万元。", 1.0),
        ("Who got 1.2 million yuan on July 3?", "7月9日姜广智领了120万元。", 0.75),
        ("谁在7月3日领了120万元?", "Ann Lee was paid 1.2 million yuan on July 3.", 1.0),
        ("Who got the prize?", "姜广智领了120万元。", 1.0),
    ],
)
def test_a_number_may_be_written_as_the_other_language_does(question, text, share):
    passage = Passage(Article("a", "a.txt", text, (Run(0, 0, len(text)),)), Span(0, len(text)))
    readings = [Reading(0, Span(*m.span()), 5.0) for m in re.finditer("姜广智|Ann Lee", text)]
    calibration = Calibration.from_json(UNCALIBRATED)
    claims = make_claims(question, [passage], readings, calibration)
    assert evidence(question, claims, [passage]).numbers_held == share


def test_what_was_answered_before_is_no_answer_to_a_follow_up():
    text = "7月交付105台，8月的目标是200台。"
    passage = Passage(Article("a", "a.txt", text, (Run(0, 0, len(text)),)), Span(0, len(text)))
    readings = [Reading(0, Span(*m.span()), 5.0) for m in re.finditer("105台|200台", text)]
    calibration = Calibration.from_json(UNCALIBRATED)
    question = "松延动力 交付 8月的目标呢?"
    claims = make_claims(question, [passage], readings, calibration, told=["105台"])
    assert [claim.text for claim in claims] == ["200台"]


def test_what_is_shown_with_a_refusal_goes_on_until_it_tells_something():
    article = Article("a", "a.txt", TEXT, (Run(0, 0, len(TEXT)),))
    name = Span(TEXT.index("站长"), TEXT.index("站长") + 5)

    def shown(at_least: int) -> str:
        span = passage_around(article, name, at_least)
        return TEXT[span.start : span.end]

    assert "大家都慢" in shown(15) and shown(15) != TEXT
    assert shown(1000) == TEXT
    assert shown(0) in shown(15)


def test_the_confidence_is_told_what_else_was_read_and_how_well_its_passage_was_found():
    one = Article("a", "a.txt", TEXT, (Run(0, 0, len(TEXT)),))
    passages = [Passage(one, Span(0, len(TEXT)), 0.7), Passage(one, Span(0, 20), 0.4)]

    def claim(words: str, score: float, reader: float, passage: int) -> Claim:
        at = TEXT.find(words)
        return Claim(words, score, ((one, Span(at, at + len(words))),), passage, (reader,))

    claims = [
        claim("28分钟", 2.0, 3.0, 0),
        claim("45分钟", 1.5, 4.0, 0),
        claim("28", 1.2, 9.0, 1),
        claim("冬天", -2.0, 1.0, 0),
    ]
    told = evidence("夏天要多久?", claims, passages)
    assert (told.read, told.second, told.close, told.found) == (4.0, 1.5, 3, 0.7)
    alone = evidence("夏天要多久?", claims[:1], passages)
    assert (alone.read, alone.close) == (3.0, 1)
    assert alone.second < claims[-1].score
