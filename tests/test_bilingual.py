"""rag.readers.bilingual: questions in one language over text in the other."""

from __future__ import annotations

import random

import pytest

from rag.readers.bilingual import WordByWord, english_words, number_rows, translations

PAIRS = [
    ("公司交付机器人", "the company delivered robots"),
    ("公司成立", "the company was founded"),
    ("机器人跑步", "robots run"),
    ("交付汽车", "delivered cars"),
]


def test_words_that_stand_together_translate_each_other():
    known = translations(
        [
            (zh.split(), english_words(en))
            for zh, en in [
                ("公司 机器人", "company robots"),
                ("公司 成立", "company founded"),
                ("机器人 跑步", "robots run"),
            ]
        ]
    )
    assert [known[word][0][0] for word in ("公司", "机器人", "成立", "跑步")] == [
        "company",
        "robots",
        "founded",
        "run",
    ]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("公司交付多少机器人", "how many"),
        ("公司什么时候成立", "when"),
        ("谁成立公司", "who"),
        ("机器人为什么跑步", "why"),
    ],
)
def test_the_asking_word_comes_first(question, first):
    put = WordByWord(PAIRS * 3, random.Random(0)).question(question)
    firsts = {"how many": ("how many", "how much", "what")}.get(first, (first,))
    assert put.startswith(firsts)
    assert not any("\u4e00" <= c <= "\u9fff" for c in put)


def test_names_are_put_in_letters():
    assert "Gulingzhou" in WordByWord(PAIRS, random.Random(0)).question("谷凌洲交付多少")


def test_a_number_that_both_sides_write_is_asked_for():
    news = [
        ("前一行。", "The line before."),
        (
            "该港今年共完成集装箱4180万箱。",
            "The port handled a total of 4180 ten thousand boxes of cargo this year.",
        ),
        ("后一行。", "The line behind."),
    ]
    rows = [row for seed in range(10) for row in number_rows(news, random.Random(seed))]
    assert rows
    for row in rows:
        assert "4180" in row["c"][row["s"] : row["e"]]
        assert "4180" not in row["q"]
    assert any(row["c"][row["s"] : row["e"]] == "4180万箱" for row in rows)


def test_lines_without_a_common_number_make_no_row():
    assert not list(number_rows([("共3人。", "Three people came there today.")], random.Random(0)))
