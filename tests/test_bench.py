"""eval.bench: figures of a small corpus, and what they are compared with."""

import json
import random

import numpy as np
import pytest

from eval.bench import as_text, bench, made_questions, nearest_of, plain_work
from eval.copies import with_copies
from eval.growth import growth
from eval.scale import forms, one_form
from eval.scale_corpus import Corpus
from rag.errors import SourceError
from rag.ingest import index_sources
from rag.store import Store
from rag.types import Source
from ui.cli import main

STORIES = [
    {"id": str(n), "text": f"第{n}届机器人运动会昨天在北京开幕。来自{n}个国家的队伍参加了比赛。"}
    for n in range(30)
]


@pytest.fixture
def docs(tmp_path):
    file = tmp_path / "stories.jsonl"
    file.write_text("\n".join(json.dumps(s, ensure_ascii=False) for s in STORIES), "utf-8")
    return file


def test_bench_prints_every_figure_as_json(docs, capsys):
    asked = ["--limit", "20", "--workers", "0", "--json"]
    assert main(["bench", "--docs", str(docs), *asked]) == 0
    figures = json.loads(capsys.readouterr().out)
    index = figures["index"]
    assert (index["sources"], index["articles"], index["skipped"]) == (20, 20, 0)
    assert index["passages_s"] == pytest.approx(index["passages"] / index["seconds"])
    assert index["text_bytes"] == sum(len(s["text"].encode()) for s in STORIES[:20])
    assert index["disk_bytes"] > 4096
    for what in ("search", "ask"):
        assert 0 < figures[what]["p50_ms"] <= figures[what]["p95_ms"] <= figures[what]["p99_ms"]
    assert figures["first_answer"]["seconds"] > figures["first_answer"]["opened_ms"] / 1000
    assert figures["memory_mb"] > 10
    assert figures["overlap"] == 1  # so few are all compared
    assert min(figures["another"].values()) > 0
    loop = figures["plain"]["loop_ms"]
    assert figures["ratios"]["search p50 / loop"] == figures["search"]["p50_ms"] / loop
    assert "times the text" in as_text(figures)


def test_copies_with_noise_make_a_corpus_as_large_as_one_likes(docs):
    figures = bench(docs, copies=2, limit=70, workers=0)
    assert figures["index"]["sources"] == 70


def test_a_copy_is_another_source_that_is_hardly_like_the_first():
    rng = random.Random(1)
    letters = [chr(rng.randrange(0x4E00, 0x9FA5)) for _ in range(500)]
    sources = [Source(str(n), "".join(letters[100 * n :][:100])) for n in range(5)]
    made = list(with_copies(lambda: sources, 3))
    assert made == list(with_copies(lambda: sources, 3))
    assert len({source.name for source in made}) == len({source.text for source in made}) == 20
    original, copy = made[2], made[12]
    assert copy.name == "2~2"
    assert len(copy.text) == len(original.text)
    same = sum(a == b for a, b in zip(original.text, copy.text, strict=True))
    assert 0.6 < same / len(copy.text) < 0.9


def test_a_file_that_is_not_there_is_named_at_once(tmp_path):
    with pytest.raises(SourceError, match=r"nowhere\.jsonl"):
        bench(tmp_path / "nowhere.jsonl")


def test_plain_work_takes_time():
    plain = plain_work()
    assert min(plain.values()) > 0


def test_questions_are_made_of_the_articles_and_the_same_every_time(tmp_path):
    index_sources(tmp_path, [Source(s["id"], s["text"]) for s in STORIES])
    store = Store.open(tmp_path)
    questions = made_questions(store, 10)
    assert questions == made_questions(store, 10)
    assert len(set(questions)) == 10
    assert all(any(q[:-1] in s["text"] for s in STORIES) for q in questions)
    assert len(made_questions(store, 45)) == 45


def test_pages_are_measured_on_request(capsys):
    assert main(["bench", "--pages", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["articles mapped wrongly"] == 0
    assert figures["boundary F1"] > 0.5  # a page cut at random has some 0.2
    assert figures["character error rate"] < 0.002
    assert figures["PDF: boundary F1"] > 0.7


def test_both_stores_give_the_same_ten_on_request(tmp_path, capsys):
    rows = [
        {"id": s["id"], "context": s["text"], "question": f"第{s['id']}届在哪里?", "answers": []}
        for s in STORIES[:12]
    ]
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), "utf-8")
    assert main(["bench", "--parity", str(file), "--limit", "8", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["questions"] == figures["the same ten in the same order"] == 8
    assert figures["scores apart at most"] < 1e-3


def test_growth_is_drawn_from_the_figures_with_the_limit_of_memory():
    costs = {"form": "exact <b>", "cpu_p50_ms": 3.0, "mb": 1.0}
    rows = [{"size": size} | costs for size in (1_000, 100_000)]
    svg = growth({"memory_gb_s": 10.0, "vectors": rows, "words": []})
    assert svg.startswith("<svg") and svg.count("<circle") == 4
    assert "exact &lt;b&gt;" in svg and "memory bandwidth" in svg


def test_every_form_of_faiss_finds_what_is_nearest(tmp_path):
    index_sources(tmp_path, [Source(s["id"], s["text"]) for s in STORIES])
    corpus = Corpus(tmp_path)
    table = corpus.vectors(2_000)  # copies with noise
    assert np.allclose(np.linalg.norm(table, axis=1), 1, atol=1e-2)
    queries = table[:3]
    best = nearest_of([table[:900], table[900:]], queries, 10)
    exact = [{place for place, _ in near} for near in best]
    assert all(n in found for n, found in enumerate(exact))
    for form in forms():
        first, *_ = one_form(form, table, queries, exact)
        assert first["overlap"] > 0.5, form.name
