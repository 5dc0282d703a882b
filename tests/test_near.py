"""Near misses: questions made to ask for something that the passage does not hold."""

from __future__ import annotations

import random

import pytest

from rag.readers.near import NearMisses
from rag.readers.spoken import Word

PASSAGE = "松延动力2025年7月在北京交付人形机器人105台，张玉峰说。"


def word(text: str, part: str) -> Word:
    return Word(text, part, 0, len(text))


def maker(names: list[str], part: str = "ns") -> NearMisses:
    near = NearMisses(random.Random(0))
    near.learn(word(name, part) for name in names * 50)
    return near


def test_a_name_gives_way_to_another_of_its_kind() -> None:
    words = [word("北京", "ns"), word("交付", "v")]
    assert maker(["成都"]).of("在北京交付多少台", words, PASSAGE) == "在成都交付多少台"


@pytest.mark.parametrize("other", ["北京", "北京市"], ids=["the same", "a longer form of it"])
def test_a_name_that_the_passage_holds_is_no_miss(other: str) -> None:
    assert maker([other]).of("在北京交付多少台", [word("北京", "ns")], PASSAGE) is None


def test_a_person_does_not_become_a_place() -> None:
    assert maker(["成都"]).of("张玉峰说了什么", [word("张玉峰", "nr")], PASSAGE) is None


def test_a_name_that_the_passage_does_not_hold_stays() -> None:
    assert maker(["成都"]).of("在上海交付多少台", [word("上海", "ns")], PASSAGE) is None


@pytest.mark.parametrize(
    ("question", "before", "after"),
    [("2025年交付多少台", "", "年交付多少台"), ("松延动力7月交付多少台", "松延动力", "交付多少台")],
    ids=["year", "month"],
)
def test_a_year_or_month_gives_way_to_one_that_the_passage_does_not_hold(
    question: str, before: str, after: str
) -> None:
    for seed in range(20):
        other = NearMisses(random.Random(seed)).of(question, [], PASSAGE)
        assert other is not None
        assert other.startswith(before)
        assert other.endswith(after)
        assert other.removeprefix(before).removesuffix(after) not in PASSAGE


def test_what_offers_nothing_to_exchange_is_left_alone() -> None:
    assert maker(["成都"]).of("交付多少台", [word("交付", "v")], PASSAGE) is None
