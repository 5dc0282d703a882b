"""rag.wanted: what an English question asks for, told by its nouns."""

import pytest

from rag.wanted import wanted


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("on which day did it open?", "time"),
        ("during which hours is road work banned?", "time"),
        ("what share of a thesis may be quoted?", "number"),
        ("what's the manager's win rate on his trades?", "number"),
        ("price of the bigger model?", "number"),
        ("total pupils at the tutoring class?", "number"),
        ("which three directors were voted out?", "list"),
        ("what kinds of friends do you good?", "list"),
        ("which directors did not reply?", "list"),
        ("what fake papers do they show?", "list"),
        ("which old leaders came back?", "list"),
        ("which swimmer's final stunned them?", "person"),
        ("which german company boss said so?", "person"),
    ],
)
def test_the_noun_behind_the_asking_word_tells(question, kind):
    found = wanted(question)
    assert found is not None and found.kind == kind


@pytest.mark.parametrize(
    "question",
    [
        "at which toll station was he seen?",  # the toll is no price
        "which studio makes the game?",  # makes is no plural
        "what were railway workers doing there?",  # no worker is asked for
        "what should drivers do before the price change?",
        "how did the price of petrol change?",
        "who set the date?",
        "",
    ],
)
def test_other_nouns_tell_nothing(question):
    assert wanted(question) is None


@pytest.mark.parametrize(
    ("question", "unit"),
    [
        ("what percentage of berries is damaged?", "%"),
        ("what is the price of the car?", "元"),
        ("what was the score?", "比"),
    ],
)
def test_an_amount_has_its_unit(question, unit):
    found = wanted(question)
    assert found is not None and found.unit == unit
