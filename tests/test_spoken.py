"""rag.readers.spoken: a clause's words as people would ask."""

from __future__ import annotations

import lzma
import random

import pytest

from rag.readers.spoken import Word, Wording, same_gloss, topics

GLOSSES = (
    "医生\tdoctor; physician\n大夫\tdoctor\n医\tdoctor\n开车\tto drive\n驾驶\tto drive (a car)\n"
)


@pytest.fixture
def wording(tmp_path):
    folder = tmp_path / "dictionary"
    folder.mkdir()
    with lzma.open(folder / "cedict.tsv.xz", "wt", encoding="utf-8") as out:
        out.write(GLOSSES)
    return Wording(tmp_path, random.Random(1))


def words(*tagged: str) -> list[Word]:
    """Words of "text/part" in a row."""
    found, at = [], 0
    for item in tagged:
        text, part = item.split("/")
        found.append(Word(text, part, at, at + len(text)))
        at += len(text)
    return found


CLAUSE = words(
    *("医院/n", "今年/t", "购买/v", "救护车/n", "多少辆/r"),
    *("，/x", "用/v", "于/p", "急救/vn"),
)


def test_words_of_one_gloss_are_alike(tmp_path):
    path = tmp_path / "glosses.tsv.xz"
    with lzma.open(path, "wt", encoding="utf-8") as out:
        out.write(GLOSSES)
    assert same_gloss(path) == {"医生": ["大夫"], "大夫": ["医生"]}
    assert same_gloss(tmp_path / "none.tsv.xz") == {}


def test_the_asking_word_stays_and_signs_go(wording):
    asked = [wording.question(CLAUSE, "多少辆", None) for _ in range(200)]
    assert all("多少辆" in question and "，" not in question for question in asked if question)
    assert len(set(asked)) > 100


def test_everyday_words_come_in(wording):
    asked = "".join(wording.question(CLAUSE, "多少辆", None) or "" for _ in range(100))
    assert "买" in asked.replace("购买", "")


def test_what_the_text_is_about_comes_first(wording):
    asked = [wording.question(CLAUSE, "多少辆", "青堰") for _ in range(50)]
    assert all(question.startswith("青堰") for question in asked if question)


def test_a_clause_of_too_few_words_makes_no_question(wording):
    assert wording.question(words("有/v", "多少辆/r"), "多少辆", None) is None


def test_long_names_are_shortened(wording):
    assert wording.short_name("顺坚紧固件有限公司") == "顺坚紧固件"
    assert wording.short_name("北京市") == "北京"
    assert wording.short_name("公司") == "公司"


def test_topics_are_the_names_named_most():
    text = words("北京/ns", "公司/n", "北京/ns", "张玉峰/nr", "京/ns")
    assert topics(text) == ["北京", "张玉峰"]
