"""rag.ingest: files become an index; what is unchanged is left alone, what is bad is named."""

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from fakes import CharacterEmbedder

import embeddings
import rag.ingest
from rag.errors import EmptySource, MissingSource, ModelError, WrongEmbedder
from rag.ingest import index_paths, index_sources, with_embedder
from rag.lexical import LexicalIndex
from rag.prepare import passage_texts
from rag.settings import Settings
from rag.store import Store
from rag.types import Article, Chunk, Run, Source, Span

SEEDS = Path(__file__).parent.parent / "seeds"
ROBOTS = Source("robots.txt", "今年7月交付人形机器人105台，创了纪录。8月的目标是200台！")
KNEES = Source("knees.txt", "调整步态训练可以减轻膝关节疼痛。")


@pytest.fixture
def model(monkeypatch):
    """The embedder every run of a test loads: a small one that counts."""
    model = CharacterEmbedder()
    monkeypatch.setattr(embeddings, "load", lambda name="default": model)
    return model


def counted(report):
    return report.added, report.changed, report.unchanged


def test_the_seeds_are_indexed_without_a_problem(tmp_path, model):
    report = index_paths(tmp_path, [SEEDS])
    assert (counted(report), report.problems, report.articles) == ((5, 0, 0), [], 13)
    assert Store.open(tmp_path).counts() == {"source": 5, "article": 13, "chunk": report.chunks}
    assert len(model.passages) == report.chunks


def test_unchanged_input_is_not_embedded_again(tmp_path, model):
    index_sources(tmp_path, [ROBOTS, KNEES])
    embedded = list(model.passages)
    report = index_sources(tmp_path, [ROBOTS, KNEES])
    assert counted(report) == (0, 0, 2)
    assert model.passages == embedded


def test_only_what_changed_is_embedded_again(tmp_path, model):
    index_sources(tmp_path, [ROBOTS, KNEES])
    model.passages.clear()
    report = index_sources(tmp_path, [ROBOTS, Source("knees.txt", "新的研究。")])
    assert counted(report) == (0, 1, 1)
    assert model.passages == ["新的研究。"]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(Source(ROBOTS.name, ROBOTS.text, "题"), id="title"),
        pytest.param(Source(ROBOTS.name, ROBOTS.text, None, "2025-08-16"), id="date"),
        pytest.param(Source(ROBOTS.name, ROBOTS.text + " "), id="one blank"),
    ],
)
def test_any_change_of_a_source_counts(tmp_path, model, changed):
    index_sources(tmp_path, [ROBOTS])
    assert counted(index_sources(tmp_path, [changed])) == (0, 1, 0)
    assert Store.open(tmp_path).source(ROBOTS.name) == changed


def test_another_chunk_size_indexes_anew(tmp_path, model):
    index_sources(tmp_path, [ROBOTS])
    report = index_sources(tmp_path, [ROBOTS], settings=Settings(max_chunk_chars=20))
    assert (counted(report), report.chunks) == ((0, 1, 0), 2)


def test_a_second_folder_is_added_to_the_first(tmp_path, model):
    index_sources(tmp_path, [ROBOTS])
    index_sources(tmp_path, [KNEES])
    assert Store.open(tmp_path).sources() == ["knees.txt", "robots.txt"]


def test_a_missing_path_stops_the_run_before_anything_is_written(tmp_path, model):
    (tmp_path / "a.txt").write_text("字。", encoding="utf-8")
    with pytest.raises(MissingSource):
        index_paths(tmp_path / "index", [tmp_path / "a.txt", tmp_path / "nowhere"])
    assert not (tmp_path / "index").exists()


def test_an_empty_folder_stops_the_run_before_anything_is_written(tmp_path, model):
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmptySource):
        index_paths(tmp_path / "index", [tmp_path / "empty"])
    assert not (tmp_path / "index").exists()


def test_a_bad_file_is_reported_and_the_rest_is_indexed(tmp_path, model):
    (tmp_path / "a.txt").write_text("字。", encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"\0")
    report = index_paths(tmp_path / "index", [tmp_path])
    assert (counted(report), len(report.problems)) == ((1, 0, 0), 1)
    assert "b.txt" in str(report.problems[0])


def test_a_source_above_the_limit_is_reported(tmp_path, model):
    report = index_sources(tmp_path, [ROBOTS, KNEES], settings=Settings(max_source_chars=20))
    assert counted(report) == (1, 0, 0)
    assert "limit 20" in str(report.problems[0])


def test_two_different_sources_of_one_name_are_reported(tmp_path, model):
    report = index_sources(tmp_path, [ROBOTS, Source(ROBOTS.name, "别的。")])
    assert counted(report) == (1, 0, 0)
    assert "two sources of this name" in str(report.problems[0])
    assert Store.open(tmp_path).source(ROBOTS.name) == ROBOTS


def test_the_same_source_twice_is_stored_once(tmp_path, model):
    assert counted(index_sources(tmp_path, [ROBOTS, ROBOTS])) == (1, 0, 1)


def test_a_source_without_words_is_kept_without_articles(tmp_path, model):
    index_sources(tmp_path, [Source("a.txt", "\ufeff")])
    assert Store.open(tmp_path).counts() == {"source": 1, "article": 0, "chunk": 0}


def test_more_sources_than_one_batch_are_all_indexed(tmp_path, model):
    told = []
    sources = (Source(f"{n}.txt", f"第{n}篇文章。") for n in range(600))
    report = index_sources(tmp_path, sources, progress=told.append)
    assert (report.added, Store.open(tmp_path).counts()["chunk"]) == (600, 600)
    assert told[-1].startswith("indexed 600 sources, 600 articles, 600 passages")


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_any_number_of_workers_makes_the_same_index(tmp_path, model, workers):
    sources = [Source(f"{n}.txt", f"第{n}篇文章。") for n in range(600)]
    index_sources(tmp_path, sources, workers=workers)
    store = Store.open(tmp_path)
    assert [a.text for a in store.articles("7.txt")] == ["第7篇文章。"]
    assert store.counts() == {"source": 600, "article": 600, "chunk": 600}


def test_a_failing_model_leaves_the_index_as_it_was(tmp_path, model):
    index_sources(tmp_path, [ROBOTS])

    def fail(texts):
        raise MemoryError

    model.encode_passages = fail
    with pytest.raises(MemoryError):
        index_sources(tmp_path, [KNEES, Source(ROBOTS.name, "别的。")])
    store = Store.open(tmp_path)
    assert (store.sources(), store.source(ROBOTS.name)) == (["robots.txt"], ROBOTS)


def test_an_index_of_another_embedder_is_left_alone(tmp_path, model):
    index_sources(tmp_path, [ROBOTS])
    model.fingerprint = "000000000000"
    with pytest.raises(WrongEmbedder):
        index_sources(tmp_path, [KNEES])
    assert Store.open(tmp_path).sources() == ["robots.txt"]


def test_an_embedder_that_cannot_be_had_is_a_model_error(tmp_path, monkeypatch):
    def load(name):
        raise embeddings.EmbedderError(f"{name} is not there: check the spelling")

    monkeypatch.setattr(embeddings, "load", load)
    with pytest.raises(ModelError, match="no-model is not there: check the spelling"):
        index_sources(tmp_path / "index", [ROBOTS], embedder="no-model")
    assert not (tmp_path / "index").exists()


def test_a_passage_is_embedded_with_its_title_once():
    text = "题\n一。二。"
    article = Article("a", "a.txt", text, (Run(0, 0, len(text)),), "题")
    chunks = [Chunk("a", Span(0, 4)), Chunk("a", Span(4, 6))]
    assert passage_texts([article], chunks) == ["题\n一。", "题\n二。"]


def test_an_embedder_named_on_the_command_line_wins():
    assert with_embedder(Settings(), "model").embedder == "model"
    assert with_embedder(Settings(embedder="kept"), None).embedder == "kept"


def test_one_embedding_call_serves_a_batch(tmp_path, model, monkeypatch):
    calls = []
    encode = model.encode_passages
    monkeypatch.setattr(model, "encode_passages", lambda t: calls.append(len(t)) or encode(t))
    index_sources(tmp_path, (Source(f"{n}.txt", f"第{n}篇文章。") for n in range(600)))
    assert calls == [256, 256, 88]


def test_progress_is_at_most_a_line_a_second(tmp_path, model, monkeypatch):
    told = []
    index_sources(
        tmp_path,
        (Source(f"{n}.txt", "字。" * 10) for n in range(2000)),
        progress=lambda line: line.startswith("indexed") and told.append(time.monotonic()),
    )
    assert told
    assert all(b - a >= 1 for a, b in pairwise(told[:-1]))


def test_the_word_index_is_level_with_the_store_after_a_run(tmp_path, model, monkeypatch):
    monkeypatch.setattr(rag.ingest, "_REFRESH", 100)
    index_sources(tmp_path, (Source(f"{n}.txt", f"第{n}篇文章。") for n in range(1200)))
    store = Store.open(tmp_path)
    state = json.loads((tmp_path / "lexical" / "state.json").read_text())
    assert (state["revision"], state["count"]) == (store.revision, 1200)
    told = []
    index = LexicalIndex(tmp_path, told.append)
    index.refresh(store)
    assert index.frequencies(["文章", "1199"]) == {"文章": 1200, "1199": 1}
    assert told == []


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_a_run_stopped_half_way_keeps_whole_batches_and_goes_on_later(tmp_path, model, stop):
    sources = [Source(f"{n}.txt", f"第{n}篇文章。") for n in range(1200)]

    def until(count):
        yield from sources[:count]
        raise stop

    with pytest.raises(stop):
        index_sources(tmp_path, until(1100))
    kept = Store.open(tmp_path).counts()
    assert 0 < kept["source"] < 1100
    assert kept["source"] % 256 == 0
    assert kept["chunk"] == kept["source"]
    report = index_sources(tmp_path, sources)
    assert counted(report) == (1200 - kept["source"], 0, kept["source"])
    index = LexicalIndex(tmp_path)
    index.refresh(Store.open(tmp_path))
    assert index.frequencies(["文章"]) == {"文章": 1200}
