"""rag.rebuild: passages embedded anew from the stored text; until the switch the old ones serve."""

import sqlite3

import numpy as np
import pytest
from fakes import CharacterEmbedder
from test_store import CrashingConnection, connect, io_error, state

import embeddings
import rag.rebuild
from rag.errors import StoreError, WrongEmbedder
from rag.ingest import index_sources
from rag.lexical import LexicalIndex
from rag.rebuild import rebuild
from rag.search import Search
from rag.settings import Settings
from rag.store import Store
from rag.store_file import FORMAT
from rag.types import Source
from ui.cli import main

SOURCES = [Source(f"{n}.txt", f"第{n}篇文章说机器人。", f"题{n}") for n in range(10)]


class Wider(CharacterEmbedder):
    """Another embedder: other places, other dimension; may be stopped at one of its calls."""

    name = "wider"
    dimension = 24

    def __init__(self, *, stop_at=0, before=lambda: None):
        super().__init__("facade000000")
        self.calls, self.stop_at, self.before = 0, stop_at, before

    def encode_passages(self, texts):
        self.calls += 1
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        self.before()
        return super().encode_passages(texts)


@pytest.fixture
def models(monkeypatch):
    known = {"characters": CharacterEmbedder(), "default": CharacterEmbedder(), "wider": Wider()}
    monkeypatch.setattr(embeddings, "load", known.__getitem__)
    monkeypatch.setattr(rag.rebuild, "_BATCH", 3)
    return known


def searched(folder, model):
    return Search(lambda: Store.open(folder), LexicalIndex(folder), model, Settings())


def test_the_index_is_of_the_new_embedder_and_its_texts_are_the_same(tmp_path, models):
    index_sources(tmp_path, SOURCES)
    store = Store.open(tmp_path)
    before, numbers = store.articles(), store.chunk_numbers()
    assert rebuild(tmp_path, "wider") == 10
    store.check_embedder("wider", "facade000000")
    assert (store.articles(), store.chunk_numbers()) == (before, numbers)
    exact = Wider().encode_queries([f"{a.title}\n{a.text}" for a in before])
    assert np.allclose(store.vectors(numbers), exact, atol=3e-3)
    assert "being embedded anew by" not in store.describe()


def test_an_interrupted_rebuild_serves_the_old_state_and_goes_on_later(tmp_path, models):
    index_sources(tmp_path, SOURCES)
    old = state(Store.open(tmp_path))
    models["wider"] = Wider(stop_at=3)
    with pytest.raises(KeyboardInterrupt):
        rebuild(tmp_path, "wider")
    store = Store.open(tmp_path)
    assert state(store) == old
    assert store.describe()["being embedded anew by"] == "wider"
    store.check_embedder("characters", "c0ffee000000")
    models["wider"] = Wider()
    told = []
    assert rebuild(tmp_path, "wider", told.append) == 4
    assert told[0] == "going on after 6 passages"


def test_what_another_process_stores_meanwhile_is_embedded_too(tmp_path, models):
    index_sources(tmp_path, SOURCES)
    late = [Source("late.txt", "晚到的文章。")]
    models["wider"] = Wider(before=lambda: index_sources(tmp_path, late))
    assert rebuild(tmp_path, "wider") == 11


def test_a_search_that_is_open_follows_the_index_to_its_new_embedder(tmp_path, models):
    index_sources(tmp_path, SOURCES)
    search = searched(tmp_path, CharacterEmbedder())
    assert search.find("第3篇文章", 3)[0].article.source == "3.txt"
    rebuild(tmp_path, "wider")
    assert search.find("第3篇文章", 3)[0].article.source == "3.txt"


def test_an_embedder_that_cannot_be_followed_is_named(tmp_path, models):
    index_sources(tmp_path, SOURCES)
    search = searched(tmp_path, CharacterEmbedder())
    rebuild(tmp_path, "wider")

    def load(name):
        raise embeddings.EmbedderError(f"{name} is not installed")

    embeddings.load = load  # the fixture puts it back
    with pytest.raises(WrongEmbedder, match="now made by embedder 'wider': wider is not installed"):
        search.find("第3篇文章", 3)


def test_a_failure_at_any_statement_of_the_switch_leaves_the_old_state(tmp_path, models):
    index_sources(tmp_path, SOURCES)
    store = Store.open(tmp_path)
    numbers = store.chunk_numbers()
    with store.transaction():
        store.begin_fresh("wider", "facade000000", 24)
        store.put_fresh(numbers, Wider().encode_passages(["字"] * len(numbers)))
    old = state(store)
    for n in range(1, 1000):
        crashing = Store(tmp_path, CrashingConnection(connect(tmp_path), n, io_error))
        try:
            with crashing.transaction():
                crashing.switch_to_fresh()
        except StoreError:
            assert state(Store.open(tmp_path)) == old
        else:
            break
        finally:
            crashing.close()
    assert n > 20
    assert store.setting("fingerprint") == "facade000000"


def test_the_command_rebuilds_and_tells_what_the_index_is_made_of(tmp_path, models, capsys):
    index_sources(tmp_path, SOURCES)
    words = ["index", "--index", str(tmp_path)]
    assert main([*words, "--rebuild", "--embedder", "wider"]) == 0
    assert main([*words, "--info"]) == 0
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert (told["embedder"], told["dimension"], told["chunks"]) == ("wider", "24", "10")
    assert (told["max_chunk_chars"], told["format"]) == ("300", str(FORMAT))


def test_a_rebuild_while_another_process_writes_says_so(tmp_path, models):
    index_sources(tmp_path, SOURCES)
    writing = Store.open(tmp_path)
    with writing.transaction():
        waiting = Store(tmp_path, connect(tmp_path, timeout=0))
        with (
            pytest.raises(StoreError, match=r"another process.*answers meanwhile"),
            waiting.transaction(),
        ):
            waiting.begin_fresh("wider", "facade000000", 24)
    assert sqlite3.connect(tmp_path / "index.sqlite3").execute("PRAGMA quick_check").fetchone()
