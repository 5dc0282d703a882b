"""rag.repair: damage mended, clean text left alone, the way back kept."""

import json
import time
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import messes, pages, paragraphs

from rag.repair import RULES, repair
from rag.types import is_ignorable

BOOKS = json.loads((Path(__file__).parent / "cases/repair.json").read_text(encoding="utf-8"))
SEEDS = sorted((Path(__file__).parent.parent / "seeds").glob("*.txt"))


def cases(book):
    return [pytest.param(case, id=case["name"]) for case in BOOKS[book]]


def any_text():
    return st.one_of(pages(), messes, st.text(max_size=60))


@pytest.mark.parametrize("case", cases("synthetic"))
def test_damage_is_mended(case):
    assert repair(case["before"]).text == case["after"]


@pytest.mark.parametrize("case", cases("synthetic"))
def test_mended_text_is_left_alone(case):
    assert repair(case["after"]).text == case["after"]


@pytest.mark.parametrize("case", cases("negative"))
def test_clean_text_passes_unchanged(case):
    assert repair(case["text"]).text == case["text"]


@pytest.mark.parametrize("case", cases("known_failures"))
@pytest.mark.xfail(strict=True, reason="known failure")
def test_known_failure_is_mended(case):
    assert repair(case["before"]).text == case["after"]


@settings(max_examples=60, deadline=None)
@given(any_text())
def test_origin_rises_strictly_inside_the_raw_text(raw):
    text, origin = repair(raw)
    assert len(text) == len(origin) <= len(raw)
    places = [-1, *origin.tolist(), len(raw)]
    assert all(a < b for a, b in pairwise(places))


@settings(max_examples=60, deadline=None)
@given(any_text())
def test_every_character_stands_for_its_raw_one(raw):
    text, origin = repair(raw)
    for new, place in zip(text, origin, strict=True):
        old = raw[place]
        same = unicodedata.normalize("NFKC", new) == unicodedata.normalize("NFKC", old)
        assert same or (new.isspace() and old.isspace())


@settings(max_examples=60, deadline=None)
@given(any_text())
def test_nothing_but_ignorable_characters_and_hyphens_is_dropped(raw):
    kept = set(repair(raw).origin.tolist())
    assert all(is_ignorable(c) or c == "-" for i, c in enumerate(raw) if i not in kept)


@settings(max_examples=60, deadline=None)
@given(any_text())
def test_no_odd_character_is_left(raw):
    text = repair(raw).text
    assert not [c for c in text if is_ignorable(c) and c not in " \n"]


@settings(max_examples=40, deadline=None)
@given(st.lists(paragraphs, min_size=1, max_size=6).map("\n".join))
def test_ordinary_clean_text_is_not_changed_the_second_time(text):
    once = repair(text).text
    assert repair(once).text == once


@settings(max_examples=40, deadline=None)
@given(any_text())
def test_each_rule_edits_in_order_and_never_lengthens(raw):
    for rule in RULES:
        at = 0
        for edit in rule(raw):
            assert at <= edit.start <= edit.end <= len(raw)
            assert len(edit.text) <= edit.end - edit.start
            at = edit.end


@pytest.mark.parametrize("path", SEEDS, ids=lambda p: p.name[:3])
def test_a_seed_page_loses_only_white_space(path):
    raw = path.read_bytes().decode("utf-8")
    kept = set(repair(raw).origin.tolist())
    assert all(is_ignorable(c) for i, c in enumerate(raw) if i not in kept)


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param(" ", id="blanks"),
        pytest.param("\n", id="newlines"),
        pytest.param("字 ", id="characters set apart"),
        pytest.param("“", id="quotes never closed"),
        pytest.param("a-\n", id="hyphens"),
        pytest.param("记者 王", id="bylines"),
        pytest.param("（字", id="open brackets"),
    ],
)
def test_repetition_takes_linear_time(unit):
    started = time.perf_counter()
    repair(unit * (100_000 // len(unit)))
    assert time.perf_counter() - started < 5
