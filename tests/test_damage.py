"""eval.damage: pages damaged the way extraction does, with the truth kept."""

import unicodedata
from random import Random

import pytest

from eval.damage import (
    ADDED,
    DAMAGES,
    FURNITURE,
    Page,
    changed,
    clean_lines,
    damaged,
    hard_wraps,
    mixture,
    page_of,
    paragraphs,
    with_headings,
)
from rag.types import is_ignorable

BODY = (
    "松江新区管委会昨天公布规划，到2030年建成12个产业园区，引进企业300多家，带动就业5万人。"
    "负责人王伟说：“首批3个园区已经动工，预计明年年底前交付使用，届时将提供1万个岗位。”"
    "这家名为Carbon Engineering的公司由哈佛大学教授 李明 创立，用AI大模型训练机器人。\n"
    "专家认为，这一做法值得推广。本报记者 张涛"
)


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("seed", range(5))
def test_every_character_is_known(name, seed):
    page = damaged(BODY, [name], Random(seed))
    assert len(page.text) == len(page.origin)
    kept = [(c, o) for c, o in zip(page.text, page.origin, strict=True) if o >= 0]
    assert [o for _, o in kept] == sorted({o for _, o in kept})
    for new, place in kept:
        old = BODY[place]
        same = unicodedata.normalize("NFKC", new) == unicodedata.normalize("NFKC", old)
        assert same or (is_ignorable(old) and is_ignorable(new))


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_added_carries_no_text(name):
    for seed in range(5):
        page = damaged(BODY, [name], Random(seed))
        added = {c for c, o in zip(page.text, page.origin, strict=True) if o == ADDED}
        assert all(is_ignorable(c) or c == "-" for c in added)


@pytest.mark.parametrize("name", [n for n in DAMAGES if n != "furniture"])
def test_a_damage_changes_some_page(name):
    assert any(damaged(BODY, [name], Random(seed)).text != BODY for seed in range(20))


def test_furniture_is_marked_as_such():
    body = "\n".join(f"第{i}段的文字说了一些事情。" for i in range(60))
    page = damaged(body, ["furniture"], Random(1))
    left = "".join(c for c, o in zip(page.text, page.origin, strict=True) if o != FURNITURE)
    assert left == body
    assert len(page.text) > len(body)


@pytest.mark.parametrize("seed", range(10))
def test_the_same_seed_gives_the_same_page(seed):
    assert mixture(BODY, Random(seed)) == mixture(BODY, Random(seed))


@pytest.mark.parametrize("width", [8, 12, 20, 40])
def test_no_line_is_wider_than_the_column(width):
    text = hard_wraps(page_of(BODY), Random(3), width=width, indent="", apart="\n").text
    cells = [sum(1 if c.isascii() else 2 for c in line.rstrip("\r ")) for line in text.split("\n")]
    assert max(cells) <= 2 * width + 2  # a closing sign may hang over


def test_changes_keep_the_place_of_what_they_replace():
    page = changed(Page("ab\ncd", (0, 1, 2, 3, 4)), [(2, 3, "\n\n"), (4, 4, " ")])
    assert page == Page("ab\n\nc d", (0, 1, 2, ADDED, 3, ADDED, 4))


def test_clean_lines_are_normal():
    assert clean_lines("用时 ２ 分钟 ，很快。　　第二\u200b段\xa0来了") == [
        "用时2分钟，很快。",
        "第二段 来了",
    ]


def test_paragraphs_hold_every_sentence():
    body = paragraphs(BODY, Random(4))
    assert "".join(body) == "".join(clean_lines(BODY))
    assert all(any(p in line for line in with_headings(body, Random(4))) for p in body[1:-1])
