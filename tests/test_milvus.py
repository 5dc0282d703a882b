"""rag.milvus: what differs from the store on one machine: no transactions, a network between."""

import json
import os
from pathlib import Path

import grpc
import numpy as np
import pytest
from fakes import CharacterEmbedder, put
from hypothesis import given
from hypothesis import strategies as st
from pymilvus.exceptions import MilvusException
from test_stores import GAMES, KNEES, ROBOTS, seen

import embeddings
import rag.milvus
import rag.milvus_calls
from eval.gold import load
from rag.errors import DamagedIndex, MissingIndex, StoreError
from rag.ingest import index_paths, index_sources, remove_sources
from rag.milvus import MilvusStore
from rag.milvus_calls import Calls, connection
from rag.milvus_rows import Holders, packed_counts, rounded, sparse, unpacked_counts
from rag.settings import Settings
from rag.stores import open_search, open_store
from rag.types import Source
from ui.cli import main

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = int(os.environ.get("YOUJU_PARITY_STEP", "20"))  # 1 in the full measure
EMBEDDER = CharacterEmbedder()
KNOWN = EMBEDDER.name, EMBEDDER.fingerprint, EMBEDDER.dimension


class Failing:
    """A client whose calls fail, from one on, or only some times."""

    def __init__(self, client, error, *, first=1, times=10**9):
        self.client, self.error, self.first, self.times = client, error, first, times
        self.made = 0

    def __getattr__(self, name):
        def call(*arguments, **options):
            self.made += 1
            if self.first <= self.made < self.first + self.times:
                raise self.error
            return getattr(self.client, name)(*arguments, **options)

        return call


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(rag.milvus_calls, "_WAIT", 0.001)


@pytest.fixture
def where(tmp_path):
    return str(tmp_path / "corpus.db")


@pytest.fixture
def filled(where):
    store = MilvusStore.create(connection(where), *KNOWN)
    with store.transaction():
        put(store, "robots.txt", ROBOTS)
        put(store, "knees.txt", KNEES)
    return store


def change(store):
    with store.transaction():
        put(store, "robots.txt", GAMES)
        put(store, "games.txt", GAMES)
        store.remove("knees.txt")


def frequency(store, word):
    words = rag_words()
    words.refresh(store)
    return words.frequencies([word])[word]


def rag_words():
    from rag.milvus_legs import MilvusWords

    return MilvusWords()


def test_a_writer_that_dies_at_any_call_leaves_the_old_state_or_the_new(where, filled, monkeypatch):
    monkeypatch.setattr(rag.milvus, "_LEASE", 0.0)  # the dead one's is over at once
    client = connection(where)
    client("list_collections")
    old, new, died = seen(filled), None, 0
    for n in range(1, 100):
        dying = Failing(client._client, MilvusException(65535, "broken pipe"), first=n)
        store = MilvusStore(Calls(where, lambda dying=dying: dying), filled.refresh())
        try:
            change(store)
        except StoreError:
            died += 1
        state = seen(open_store(where))
        if state != old:
            assert state[0][0].name == "games.txt"
            assert new is None or state == new
            new = state
            assert frequency(open_store(where), "膝") == 0
            with filled.transaction():  # back to the old
                put(filled, "robots.txt", ROBOTS)
                put(filled, "knees.txt", KNEES)
                filled.remove("games.txt")
            assert seen(filled) == old
        assert frequency(filled, "膝") == 1
        if dying.made < n:
            break
    assert died > 8
    assert new is not None


def test_what_a_dead_writer_left_is_deleted_by_the_next(where, filled, monkeypatch):
    rows = filled._call("query", "youju_chunk", filter="doc >= 0", output_fields=["count(*)"])
    calls = connection(where)
    calls("list_collections")
    monkeypatch.setattr(rag.milvus, "_LEASE", 0.0)
    dying = MilvusStore(calls, filled.refresh())
    monkeypatch.setattr(dying, "_write_state", lambda state: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        change(dying)
    with filled.transaction():
        pass
    assert filled._call(
        "query", "youju_chunk", filter="doc >= 0", output_fields=["count(*)"]
    ) == rows


def test_a_short_failure_is_tried_again(where, filled):
    client = connection(where)
    client("list_collections")
    flaky = Failing(client._client, MilvusException(1, "DEADLINE_EXCEEDED"), times=2)
    assert MilvusStore.open(Calls(where, lambda: flaky)).sources() == ["knees.txt", "robots.txt"]
    assert flaky.made > 3


@pytest.mark.parametrize(
    ("code", "message", "said", "kind", "calls"),
    [
        (14, "UNAVAILABLE: connection refused", "cannot be reached.*is it running", StoreError, 4),
        (4, "Deadline Exceeded", "cannot be reached", StoreError, 4),
        (65535, "auth check failure, please check api key", "MILVUS_TOKEN", StoreError, 1),
        (100, "collection not found[collection=youju_row]", "youju index PATH", MissingIndex, 1),
        (9, "disk quota exceeded", "failed .*disk quota", StoreError, 1),
    ],
    ids=["no connection", "time-out", "credentials", "no collection", "anything else"],
)
def test_a_lasting_failure_is_told_with_what_to_do(code, message, said, kind, calls):
    failing = Failing(None, MilvusException(code, message))
    with pytest.raises(kind, match=said) as caught:
        MilvusStore.open(Calls("http://cluster:19530", lambda: failing))
    assert failing.made == calls
    assert "\n" not in str(caught.value)


def test_an_error_of_the_transport_that_pymilvus_lets_through_is_told_too():
    with (
        grpc.insecure_channel("127.0.0.1:9") as channel,
        pytest.raises(grpc.RpcError) as raised,
    ):
        channel.unary_unary("/milvus/Upsert")(b"", timeout=5)
    failing = Failing(None, raised.value)
    with pytest.raises(StoreError, match="cluster:19530 cannot be reached") as caught:
        MilvusStore.open(Calls("http://cluster:19530", lambda: failing))
    assert failing.made == 4
    assert "\n" not in str(caught.value)


def test_a_dead_port_is_told(capsys):
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9 cannot be reached"):
        open_store("http://127.0.0.1:9")
    assert main(["ask", "问题?", "--store", "http://127.0.0.1:9"]) == 2
    assert "is it running" in capsys.readouterr().err


@pytest.mark.parametrize("few", [0, 30, 10**6], ids=["each time", "now and then", "never"])
def test_counts_of_commits_are_merged_and_stay_the_same(where, monkeypatch, few):
    monkeypatch.setattr(rag.milvus, "_FEW_TERMS", few)
    store, along = MilvusStore.create(connection(where), *KNOWN), rag_words()
    for n, text in enumerate([ROBOTS, KNEES, GAMES, ROBOTS, "机器人。"]):
        with store.transaction():
            put(store, f"{n % 4}.txt", text)
        along.refresh(store)
    fresh = rag_words()
    fresh.refresh(store)
    held = [text for _, text in zip(range(4), ["机器人。", KNEES, GAMES, ROBOTS], strict=True)]
    for word in ("机器", "膝", "开幕", "目标"):
        expected = sum(word in store.texts([n])[n].text for n in store.chunk_numbers())
        assert along.frequencies([word]) == fresh.frequencies([word]) == {word: expected}
    assert held == [store.source(name).text for name in store.sources()]
    assert bool(store.state.merged) is (few < 10**6)


def test_another_schema_version_is_refused(where, filled):
    state = filled.refresh()
    state.format = 99
    filled._write_state(state)
    with pytest.raises(DamagedIndex, match=r"schema version 99.*update Youju"):
        open_store(where)
    told = json.loads(state.to_json())
    filled._call("upsert", "youju_row", [rag.milvus._row("state", 3, -1, 0, 0, "{" + str(told))])
    with pytest.raises(DamagedIndex, match="cannot be read"):
        open_store(where)


def test_sources_are_indexed_asked_and_removed(where, monkeypatch):
    monkeypatch.setattr(embeddings, "load", lambda name: EMBEDDER)
    sources = [Source("robots.txt", ROBOTS), Source("knees.txt", KNEES)]
    assert index_sources(where, sources).added == 2
    again = index_sources(where, [*sources, Source("games.txt", GAMES)])
    assert (again.added, again.unchanged) == (1, 2)
    assert remove_sources(where, ["knees.txt", "nowhere"]) == (["knees.txt"], ["nowhere"])
    assert open_store(where).sources() == ["games.txt", "robots.txt"]


def test_the_commands_take_a_store(where, tmp_path, monkeypatch, capsys):
    (tmp_path / "a.txt").write_text(ROBOTS, encoding="utf-8")
    assert main(["index", str(tmp_path / "a.txt"), "--store", where]) == 0
    assert main(["articles", "--store", where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["source"] == "a.txt"
    assert main(["ask", "7月交付多少台人形机器人?", "--store", where, "--json"]) in (0, 1)
    answer = json.loads(capsys.readouterr().out)
    assert answer["hits"][0]["source"] == "a.txt"
    start, end = answer["hits"][0]["spans"][0]
    assert ROBOTS[start:end] == answer["hits"][0]["text"]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """The seeds in both stores, by the bundled embedder."""
    folder = tmp_path_factory.mktemp("seeds")
    places = [folder / "index", str(folder / "corpus.db")]
    for place in places:
        index_paths(place, [ROOT / "seeds"])
    return places


def test_the_first_ten_are_those_of_the_store_on_one_machine(seeds):
    """On every QUESTIONS-th question of the gold set's dev half; Milvus gathers no twins."""
    model, settings = embeddings.load("default"), Settings(search="lexical dense order translation")
    one, other = (open_search(place, model, settings) for place in seeds)
    rows = load(ROOT / "eval" / "gold.jsonl", split="dev")[::QUESTIONS]
    assert len(rows) >= 10
    for row in rows:
        found, there = one.find(row.question, 10), other.find(row.question, 10)
        assert [(h.article.source, h.span) for h in found] == [
            (h.article.source, h.span) for h in there
        ], row.id
        assert [h.score for h in found] == pytest.approx([h.score for h in there], abs=1e-3)


# -- BM25 taken apart --------------------------------------------------------------------------


def one_byte_lengths():
    """Lengths that tantivy keeps exactly, as Lucene's SmallFloat.byte4ToInt lays them down."""
    yield from range(24)
    for i in range(232):
        bits, shift = i & 7, (i >> 3) - 1
        yield 24 + (bits if shift < 0 else (bits | 8) << shift)


@given(st.integers(0, 100_000))
def test_a_length_is_rounded_down_to_one_that_a_byte_can_tell(length):
    assert rounded(length) == max(n for n in one_byte_lengths() if n <= length)


def test_sparse_vectors_grow_with_the_count_and_shrink_with_the_length():
    assert sparse({1: 2, 2: 1}, 3.0)[1] > sparse({1: 1, 2: 2}, 3.0)[1]
    assert sparse({1: 1}, 3.0)[1] > sparse({1: 1, 2: 30}, 3.0)[1]


def test_holders_are_the_sum_of_what_commits_changed():
    holders = Holders()
    holders.add({5: 2, 3: 1})
    holders.add(unpacked_counts(packed_counts({5: -1, 7: 4})))
    assert [holders[place] for place in (3, 5, 7, 9)] == [1, 1, 4, 0]
    assert np.all(holders._counts >= 0)
