"""rag.terms: the same terms for every spelling of the same words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.terms import fold, joined_terms, terms


def test_chinese_becomes_characters_and_pairs():
    assert terms("机器人") == ["机", "机器", "器", "器人", "人"]


def test_a_pair_never_crosses_a_sign_or_a_number():
    assert "月交" not in terms("7月，交付")
    assert terms("7月") == ["7", "月"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("機器人產業", "机器人产业", id="Traditional"),
        pytest.param("ＡＩ１０５", "AI105", id="full width"),
        pytest.param("PPT", "ppt", id="case"),
        pytest.param("ÉCOLE", "école", id="accented capitals"),
        pytest.param("1,500", "1500", id="thousands"),
        pytest.param("机器人！？", "机器人", id="punctuation"),
        pytest.param("China's", "China’s", id="apostrophes"),
    ],
)
def test_spellings_of_the_same_words_have_the_same_terms(one, other):
    assert terms(one) == terms(other)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("3.44吨", ["3.44", "吨"], id="decimals"),
        pytest.param("1500多个", ["1500", "多", "多个", "个"], id="counts"),
        pytest.param("the robots", ["the", "robots"], id="English"),
        pytest.param("5V5", ["5", "v", "5"], id="digits and letters"),
        pytest.param("，。 \n", [], id="signs only"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_words_and_numbers_are_whole(text, wanted):
    assert terms(text) == wanted


@given(st.text())
def test_folding_keeps_every_character_in_its_place(text):
    assert len(fold(text)) == len(text)


@given(st.text("台臺灣湾ＡaＺ０9，,。éÉßſ"))
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_terms_hold_no_white_space_and_no_quotation_mark(text):
    assert not any(c.isspace() or c == '"' for term in terms(text) for c in term)


def test_chinese_punctuation_stays_chinese():
    assert fold("，：；！？（）") == "，：；！？（）"


@given(st.lists(st.text(alphabet="字機交付月1０5.,aＢÀß \0\n😀\ud800，", max_size=30), max_size=6))
def test_terms_of_many_texts_are_those_of_each(texts):
    joined = joined_terms(texts)
    assert [sorted(one.split()) for one in joined] == [sorted(terms(text)) for text in texts]
