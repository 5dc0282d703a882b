"""The reader's second look: as it is run against the same network in torch, what it is trained on,
and that it tells right from wrong."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from eval.mining import Mined
from eval.tried import kept, passages_for, rows_of, tried
from rag.answer import Bot
from rag.claims import Claim
from rag.confidence import RANKED_BY, UNCALIBRATED, Calibration
from rag.ingest import index_sources
from rag.readers.examples import collate
from rag.readers.extractive import WEIGHTS, ExtractiveReader, _best_spans
from rag.readers.judge import FILE, Judge, Read
from rag.readers.judging import JudgeNetwork, judged, save_judge, windows
from rag.readers.tokens import Vocabulary
from rag.readers.train import ReaderNetwork
from rag.readers.words import load_word_table
from rag.types import Source

PASSAGE = "产业发展火热，7月交付人形机器人105台创了纪录，8月的目标是200台！"
QUESTION = "松延动力7月交付多少台?"
OTHERS = {
    "b.txt": "优必选上半年交付机器人两百余台，下半年目标是交付五百台。",
    "c.txt": "北京市经信局局长姜广智说，目前已培育57家企业。",
}


def row(*spans):
    told = [
        [PASSAGE.find(words), PASSAGE.find(words) + len(words), *rest] for words, *rest in spans
    ]
    return {"q": QUESTION, "c": PASSAGE, "spans": told}


@pytest.fixture(scope="module")
def table():
    return load_word_table(WEIGHTS / "words.safetensors")


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.load(WEIGHTS / "vocabulary.tsv")


def looked_at(table, vocabulary, rows):
    """Return windows, and what a random network says of them."""
    torch.manual_seed(0)
    characters = len(vocabulary.characters) + 2
    network = ReaderNetwork(torch.from_numpy(table.vectors), characters).eval()
    every = list(windows(rows, vocabulary, table))
    with torch.no_grad():
        return every, network.look(*collate([window.example for window in every]).inputs)


def test_numpy_and_torch_judge_alike(table, vocabulary, tmp_path):
    rows = [row(("105台", 1, 1.0), ("200台", 0, 0.0), ("产业", 0, 0.0)), row(("200台！", 0, 0.0))]
    rows[1]["c"] = rows[1]["c"] * 2  # a longer neighbour
    every, looked = looked_at(table, vocabulary, rows)
    network = JudgeNetwork().eval()
    save_judge(network, tmp_path)
    judge = Judge.load(tmp_path)
    assert judge is not None
    with torch.no_grad():
        theirs = judged(looked, network, every)[0].numpy()
    mine = []
    for k, window in enumerate(every):
        n = len(window.example.passage_ids)
        null = looked.null[k].item()
        scores = (looked.spans[k, :n, :n] - null).numpy()
        read = Read(
            scores, looked.rows[k, :n].numpy(), looked.vector[k : k + 1].numpy(), np.array([[null]])
        )
        spans = [(first, last, scores[first, last]) for first, last, _ in window.spans]
        best = _best_spans(scores, 1)[0]  # how far behind it the others are is told
        spans.append(best)
        mine += judge.log_odds(read, spans)[:-1].tolist()
    assert np.allclose(mine, theirs, atol=0.02)  # weights are stored as float16


def test_the_reader_learns_only_from_spans_that_are_right_to_the_letter(table, vocabulary):
    exact, nearly, wrong = windows(
        [
            row(("105台", 1, 1.0), ("200台", 0, 0.0)),
            row(("105台创了纪录", 1, 0.6)),
            row(("200台", 0, 0.0)),
        ],
        vocabulary,
        table,
    )
    assert exact.example.target == exact.spans[0][:2]
    assert [right for *_, right in exact.spans] == [1.0, 0.0]
    assert (exact.example.weight, nearly.example.weight) == (1.0, 0.0)
    assert (wrong.example.target, wrong.example.weight) == ((-1, -1), 1.0)


def test_a_reader_without_a_second_look_says_nothing_of_it(tmp_path):
    for file in WEIGHTS.iterdir():
        if file.name != FILE:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    assert {r.judged for r in ExtractiveReader.load(tmp_path).read(QUESTION, [PASSAGE])} == {0.0}


def test_a_second_look_prefers_the_right_answer_to_one_that_is_not_said():
    reader = ExtractiveReader.load()
    texts = [PASSAGE, OTHERS["c.txt"]]
    readings = reader.read(QUESTION, texts)
    best = max(readings, key=lambda reading: reading.judged)
    assert (best.passage, PASSAGE[best.span.start : best.span.end]) == (0, "105台")
    elsewhere = [r.judged for r in reader.read("宇树科技的创始人是谁?", texts)]
    assert best.judged > max(elsewhere) + 1


def test_of_some_questions_the_passages_that_answer_are_left_out(tmp_path):
    index_sources(
        tmp_path, (Source(n, t) for n, t in {"a.txt": PASSAGE, **OTHERS}.items())
    )
    hits = Bot.open(tmp_path).search(QUESTION, limit=10)
    asked = Mined(QUESTION, PASSAGE, ["105台"])
    seen = [passages_for(hits, asked, random.Random(seed)) for seed in range(40)]
    without = [passages for passages, answers in seen if not answers]
    assert 3 < len(without) < 20
    assert all(PASSAGE not in hit.text for passages in without for hit in passages)
    assert all(
        any(hit.text == PASSAGE for hit in passages) for passages, answers in seen if answers
    )


def test_what_was_tried_tells_right_from_wrong_at_places_of_the_passage(tmp_path):
    index_sources(
        tmp_path, (Source(n, t) for n, t in {"a.txt": PASSAGE, **OTHERS}.items())
    )
    asked = [Mined(QUESTION, "", ["105台"])]
    rows = list(
        tried(
            Bot.open(tmp_path),
            ExtractiveReader.load(),
            asked,
            Calibration.from_json(UNCALIBRATED),
            random.Random(0),
        )
    )
    told = {row["c"][start:end]: right for row in rows for start, end, right, _ in row["spans"]}
    assert told["105台"] == 1
    assert told["200台"] == 0
    assert {row["q"] for row in rows} == {QUESTION}


def test_the_first_and_the_right_answers_are_kept():
    claims = [
        Claim(text, -n, (), 0, (0.0,) * len(RANKED_BY))
        for n, text in enumerate(["一家", "两家", *("多家",) * 20, "57家"])
    ]
    some = kept(claims, ["57家"], random.Random(0))
    assert {*range(8), len(claims) - 1} <= set(some)
    assert len(some) == 8 + 1 + 4
    assert rows_of(QUESTION, [], [], ["57家"]) == []
