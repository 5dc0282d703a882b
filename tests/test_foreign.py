"""Words of a question in the other language, and what they do to the match features."""

import numpy as np
import pytest

from rag.readers.extractive import WEIGHTS, ExtractiveReader
from rag.readers.features import match_features
from rag.readers.foreign import foreign_places
from rag.readers.tokens import Vocabulary
from rag.readers.words import load_word_table
from rag.terms import fold

ENGLISH = "How many robots did Songyan deliver in July?"
CHINESE = fold("松延动力在7月交付人形机器人105台。北京举办了运动会。")


@pytest.fixture(scope="module")
def cut():
    return Vocabulary.load(WEIGHTS / "vocabulary.tsv").cut


def said(question, passage):
    """Return which words of the question are said by what, and where."""
    (places,) = foreign_places(question, [passage])
    return {(fold(question)[p.at : p.to], passage[p.start : p.end]) for p in places}


def test_names_numbers_and_words_are_found_in_the_other_language():
    found = said(ENGLISH, CHINESE)
    assert {("songyan", "松延"), ("july", "7月"), ("robots", "机器人")} <= found


def test_a_chinese_question_is_found_in_english_text():
    passage = fold("The university disciplined three students in July.")
    assert {("大学", "university"), ("学生", "students")} <= said("大学处分了几名学生?", passage)


def test_another_form_of_an_english_word_is_found_in_english_text():
    found = said("Who opened the gallery?", fold("The opening of galleries was Ann's idea."))
    assert found == {("opened", "opening"), ("gallery", "galleries")}


def test_every_place_of_a_word_is_found():
    (places,) = foreign_places("Which robots?", ["机器人和机器人"])
    assert [p.start for p in places if p.end - p.start == 3] == [0, 4]


def test_a_passage_in_the_language_of_the_question_has_no_foreign_places():
    assert (
        foreign_places("松延动力交付多少台?", [CHINESE, fold("Songyan shipped robots.")])[0] == []
    )
    assert foreign_places(ENGLISH, [fold("Songyan shipped robots in July.")]) == [[]]


def test_a_latin_word_inside_a_longer_one_is_not_that_word():
    assert said("战争什么时候结束?", fold("the warning came late in the day")) == set()


def test_a_word_beside_latin_letters_is_found():
    assert ("market", "市场") in said("What of the market?", fold("去年SUV市场走弱"))


def test_the_sentence_that_says_it_in_the_other_language_covers_more(cut):
    table = load_word_table(WEIGHTS / "words.safetensors")
    question, passage = cut([ENGLISH])[0], cut([CHINESE])[0]
    (places,) = foreign_places(ENGLISH, [passage.text])
    plain = match_features(question, passage, table.match, table.rarity).passage
    found = match_features(question, passage, table.match, table.rarity, places).passage
    first = passage.borders[:, 1] <= CHINESE.index("北京")
    assert found[first, 4].min() > 0.3 > plain[first, 4].max()
    assert np.array_equal(found[~first, 4], plain[~first, 4])


def test_words_behind_the_part_of_a_question_that_is_read_change_nothing():
    reader = ExtractiveReader.load()
    long = "What was said? " * 12
    (plain,) = reader.look(long, [CHINESE])
    (more,) = reader.look(f"{long} Songyan robots", [CHINESE])
    assert np.array_equal(plain[2].scores, more[2].scores)
