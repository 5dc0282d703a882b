"""The reader's second look: as it is run against the same network in torch, what it is trained on,
and that it tells right from wrong."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from eval.mining import Mined
from eval.tried import kept, passages_for, tried
from rag.answer import Bot
from rag.confidence import UNCALIBRATED, Calibration
from rag.ingest import index_sources, load_embedder
from rag.readers.examples import token_span
from rag.readers.extractive import WEIGHTS, ExtractiveReader, best_spans
from rag.readers.judge import FILE, Judge
from rag.readers.judging import JudgeNetwork, save_judge, saved_judge, seen, train
from rag.settings import Settings
from rag.stores import open_search
from rag.types import Source

PASSAGE = "松延动力的订单排得很满，7月交付人形机器人105台创了纪录，8月的目标是200台！"
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


def test_numpy_and_torch_judge_alike(tmp_path):
    reader = ExtractiveReader.load()
    found, scores, right = seen([row(("105台", 1), ("200台", 0))], reader)
    assert right.tolist() == [1.0, 0.0]
    torch.manual_seed(0)
    network = JudgeNetwork(found.shape[1]).eval()
    save_judge(network, tmp_path)
    judge = Judge.load(tmp_path)
    assert judge is not None
    with torch.no_grad():
        theirs = network(torch.from_numpy(found).float(), torch.from_numpy(scores)).numpy()
    ((_, tokens, read),) = reader.look(QUESTION, [PASSAGE])
    spans = best_spans(read.scores, 5)
    mine = dict(zip([span[:2] for span in spans], judge.log_odds(read, spans), strict=True))
    for words, expected in zip(("105台", "200台"), theirs, strict=True):
        start = PASSAGE.find(words)
        span = token_span(tokens, start, start + len(words))
        assert mine[span] == pytest.approx(float(expected), abs=0.02)  # stored as float16


def test_passages_judged_together_are_judged_as_each_alone():
    reader, judge = ExtractiveReader.load(), Judge.load(WEIGHTS)
    assert judge is not None
    reads = [read for *_, read in reader.look(QUESTION, [PASSAGE, *OTHERS.values(), "是"])]
    spans = [best_spans(read.scores, 5) for read in reads]
    together = judge.log_odds_of_all(reads, spans)
    for read, some, said in zip(reads, spans, together, strict=True):
        assert said == pytest.approx(judge.log_odds(read, some), abs=1e-4)


def test_a_judge_learns_to_tell_right_from_wrong():
    rng = np.random.default_rng(0)
    found = rng.normal(size=(60_000, 20)).astype(np.float16)
    right = (found[:, 0] > 0).astype(np.float32)  # which the score does not say
    scores = rng.normal(size=60_000).astype(np.float32)
    judge = train(found, scores, right, seed=0)
    with torch.no_grad():
        said = judge(torch.from_numpy(found).float(), torch.from_numpy(scores)).numpy()
    assert np.mean((said > 0) == (right > 0)) > 0.9


def test_a_judge_that_learns_further_keeps_what_it_learnt_before(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60_000, 20)).astype(np.float16)
    scores = np.zeros(60_000, np.float32)
    first, second = ((x[:, k] > 0).astype(np.float32) for k in (0, 1))
    first_only, second_only = x.copy(), x.copy()
    first_only[:, 1], second_only[:, 0] = 0, 0  # each half of the questions shows one alone

    def told(judge: JudgeNetwork, right: np.ndarray, among: np.ndarray) -> float:
        """How many of the right ones are judged above the median of the others."""
        with torch.no_grad():
            said = judge(torch.from_numpy(x).float(), torch.from_numpy(scores)).numpy()
        middle = np.median(said[among & (right == 0)])
        return float(np.mean(said[among & (right > 0)] > middle))

    before = train(first_only, scores, first, seed=0)
    save_judge(before, tmp_path)
    further = train(second_only, scores, second, seed=0, before=saved_judge(tmp_path))
    assert told(further, first, second == 0) > 0.9  # 0.5 where it is forgotten
    assert told(further, second, first == 0) > told(before, second, first == 0) + 0.1


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
    assert best.passage == 0
    assert "105台" in PASSAGE[best.span.start : best.span.end]
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
    index_sources(tmp_path, (Source(n, t) for n, t in {"a.txt": PASSAGE, **OTHERS}.items()))
    search = open_search(tmp_path, load_embedder("default"), Settings())
    asked = [Mined(QUESTION, "", ["105台"])]
    uncalibrated = Calibration.from_json(UNCALIBRATED)
    rows = list(tried(search, ExtractiveReader.load(), asked, uncalibrated, random.Random(0)))
    told = {row["c"][start:end]: right for row in rows for start, end, right in row["spans"]}
    assert told["105台"] == 1
    assert told["200台"] == 0
    assert {row["q"] for row in rows} == {QUESTION}


def test_the_first_and_the_right_answers_are_kept():
    right = [False] * 22 + [True]
    some = kept(right, random.Random(0))
    assert {*range(8), 22} <= set(some)
    assert len(some) == 8 + 1 + 4
    assert kept([], random.Random(0)) == []
