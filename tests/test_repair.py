"""rag.repair: damage mended, clean text left alone, the way back kept."""

import json
import time
import unicodedata
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import messes, pages

from eval.damage import DAMAGES, damaged, hard_wraps, mixture, page_of
from eval.repairs import edits, mistakes
from rag.repair import RULES, Repaired, furniture, repair
from rag.types import essence, is_ignorable

BOOKS = json.loads((Path(__file__).parent / "cases/repair.json").read_text(encoding="utf-8"))
CLEAN = json.loads((Path(__file__).parent / "cases/clean.json").read_text(encoding="utf-8"))
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


@settings(max_examples=150, deadline=None)
@given(any_text())
def test_mending_twice_is_mending_once(raw):
    once = repair(raw).text
    assert repair(once).text == once


@settings(max_examples=60, deadline=None)
@given(any_text())
def test_the_words_kept_are_the_words_of_the_raw_text(raw):
    text, origin = repair(raw)
    pieces = "".join(raw[i] for i in origin)
    assert essence(pieces) == essence(text)


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


def error_rate(clean, page):
    return sum(map(edits, mistakes(clean, page, repair(page.text)))) / len(clean)


ARTICLES = [pytest.param(text, id=text[:6]) for text in CLEAN["zh"] + CLEAN["en"]]


@pytest.mark.parametrize("clean", ARTICLES)
def test_a_clean_article_passes_unchanged(clean):
    assert repair(clean).text == clean


@pytest.mark.parametrize("name", DAMAGES)
def test_one_damage_leaves_hardly_an_error(name):
    rates = [
        error_rate(clean, damaged(clean, [name], Random(f"{name} {seed}")))
        for clean in CLEAN["zh"]
        for seed in range(12)
    ]
    assert sum(rates) / len(rates) <= 0.002


@pytest.mark.parametrize("language", CLEAN)
def test_damages_mixed_leave_hardly_an_error(language):
    rates = [
        error_rate(clean, mixture(clean, Random(seed)))
        for clean in CLEAN[language]
        for seed in range(40)
    ]
    assert sum(rates) / len(rates) <= 0.003


def test_an_error_would_be_seen():
    assert error_rate("一二三。\n四五六。", page_of("一二三。\n四五六。")) == 0
    clean, page = "一二三。", page_of("一二三。")
    wrong = mistakes(clean, page, Repaired("一二。", np.array([0, 1, 3])))
    assert [(m.wanted, m.got) for m in wrong] == [("三", "")]


def test_furniture_is_covered_by_no_character_and_found_by_name():
    page = hard_wraps(page_of("\n".join(CLEAN["zh"])), Random(5), width=10, indent="", apart="\n")
    page = DAMAGES["furniture"](page, Random(5))
    kept = set(repair(page.text).origin.tolist())
    aside = [i for start, end in furniture(page.text) for i in range(start, end)]
    assert aside
    assert not kept.intersection(aside)
    words = [i for i, place in enumerate(page.origin) if place >= 0 and page.text[i].isalnum()]
    assert kept.issuperset(words)


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param(" ", id="blanks"),
        pytest.param("\n", id="newlines"),
        pytest.param(" \n", id="blank lines"),
        pytest.param("\f", id="form feeds"),
        pytest.param("1", id="one number"),
        pytest.param("1\n", id="numbers"),
        pytest.param("字", id="one long line"),
        pytest.param("字 ", id="characters set apart"),
        pytest.param("字  ", id="characters far apart"),
        pytest.param("名字  ", id="one long row"),
        pytest.param("名字  年龄\n", id="rows"),
        pytest.param("“", id="quotes never closed"),
        pytest.param("a-\n", id="hyphens"),
        pytest.param("记者 王", id="bylines"),
        pytest.param("（字", id="open brackets"),
        pytest.param("）", id="closed brackets"),
        pytest.param("第1版\n\f", id="page numbers"),
        pytest.param("......", id="points"),
        pytest.param("。 ", id="stops and blanks"),
        pytest.param("\u00ad\u200b", id="nothing to be seen"),
        pytest.param("２０", id="full width"),
    ],
)
def test_repetition_takes_linear_time(unit):
    started = time.process_time()
    repair(unit * (1_000_000 // len(unit)))
    assert time.process_time() - started < 10


@pytest.mark.parametrize("end", ["\r\n", "\r\r\n", "\r \n"])
def test_one_line_end_however_it_is_written_is_no_blank_line(end):
    text = "规划提出，到2030年建成\n12个产业园区，引进企\n业300多家，带动就业5\n万人。"
    assert repair(text.replace("\n", end)).text == repair(text).text


def test_a_lone_carriage_return_ends_a_line():
    assert repair("第一条 总则\r\r第二条 附则").text == "第一条 总则\n第二条 附则"
