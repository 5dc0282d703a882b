"""rag.reading: each passage is read with the question's words in its own language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.reading import foreign_words, read
from rag.types import Article, Reading, Run, Span

CHINESE = "松延动力7月交付无人机105台，创了纪录。"
ENGLISH = "Songyan shipped 105 drones in July, a record for the company."
QUESTION = "How many drones did Songyan ship in July?"


@dataclass(frozen=True)
class Passage:
    text: str
    matched: Sequence[str] = ()
    score: float = 1.0
    span: Span = field(init=False)
    article: Article = field(init=False)

    def __post_init__(self) -> None:
        run = (Run(0, 0, len(self.text)),)
        object.__setattr__(self, "article", Article("a", "a.txt", self.text, run))
        object.__setattr__(self, "span", Span(0, len(self.text)))


class Listening:
    """A reader that finds the first two characters of each passage, and remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, tuple[str, ...]]] = []

    def read(
        self, question: str, passages: Sequence[str], *, per_passage: int = 5
    ) -> list[Reading]:
        self.heard.append((question, tuple(passages)))
        return [Reading(k, Span(0, 2), float(len(text))) for k, text in enumerate(passages)]


def test_passages_of_the_other_language_are_read_with_its_words():
    reader = Listening()
    passages = [
        Passage(ENGLISH, ("drones",)),
        Passage(CHINESE, ("无人机", "交付")),
        Passage(ENGLISH),
    ]
    found = read(reader, QUESTION, passages)
    assert reader.heard[0] == (QUESTION, (ENGLISH, ENGLISH))
    assert reader.heard[1] == (f"{QUESTION} 无人机 交付", (CHINESE,))
    assert [(r.passage, r.score) for r in found] == [
        (0, len(ENGLISH)), (2, len(ENGLISH)), (1, len(CHINESE)),
    ]  # fmt: skip


def test_a_question_is_read_as_it_is_where_nothing_was_translated():
    reader = Listening()
    read(reader, QUESTION, [Passage(CHINESE), Passage(ENGLISH, ("drones",))])
    assert reader.heard == [(QUESTION, (CHINESE, ENGLISH))]


def test_words_of_many_passages_come_first_and_single_characters_not():
    passages = [
        Passage(CHINESE, ("交付", "无人机", "架")),
        Passage(CHINESE, ("无人机", "7")),
        Passage(ENGLISH, ("drones", "july")),
    ]
    assert foreign_words(QUESTION, passages) == ["无人机", "交付", "7"]


def test_nothing_to_read_gives_nothing():
    assert read(Listening(), QUESTION, []) == []
