"""rag.search and rag.vectors: the passages a question asks for, best first, and why."""

import threading
from itertools import pairwise

import numpy as np
import pytest
from fakes import CharacterEmbedder, put
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import embeddings
from rag.search import Search
from rag.settings import Settings
from rag.store import Store
from rag.types import essence
from rag.vectors import VectorIndex

STORIES = {
    "robots.txt": "松延动力今年7月交付人形机器人105台，创了纪录。\n8月的目标是200台！",
    "knees.txt": "调整步态训练可以减轻膝关节疼痛。",
    "drugs.txt": "创新药的审批速度加快，上半年批准43个新药。",
    "jobs.txt": "政府将稳定和扩大就业，向小企业提供贷款。",
}


@pytest.fixture(scope="module")
def model():
    return embeddings.load()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, model):
    """An index of the stories, made with the bundled embedder."""
    from rag.ingest import index_sources
    from rag.types import Source

    folder = tmp_path_factory.mktemp("index")
    index_sources(folder, [Source(name, text) for name, text in STORIES.items()])
    return folder


@pytest.fixture
def search(folder, model):
    return Search(lambda: Store.open(folder), model, Settings())


def small_index(folder, stories):
    """Return a store and a search over it, with the small embedder."""
    model = CharacterEmbedder()
    store = Store.create(folder, model.name, model.fingerprint, model.dimension)
    with store.transaction():
        for name, text in stories.items():
            put(store, name, text)
    return store, Search(lambda: Store.open(folder), model, Settings())


def unit(vectors):
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


whole_numbers = st.integers(-4, 4).map(float)
tables = st.integers(0, 30).flatmap(lambda n: arrays(np.float32, (n, 4), elements=whole_numbers))


@given(tables, arrays(np.float32, 4, elements=whole_numbers), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_vector_search_equals_brute_force(table, query, limit):
    vectors = unit(table)
    ids = [7 * i + 3 for i in range(len(vectors))]
    found = VectorIndex(ids, vectors).search(query, limit)
    exact = dict(zip(ids, (vectors @ query).tolist(), strict=True))
    assert len({i for i, _ in found}) == len(found) == min(limit, len(ids))
    assert all(abs(exact[i] - score) < 1e-4 for i, score in found)
    best = sorted(exact.values(), reverse=True)[:limit]
    assert np.allclose([score for _, score in found], best, atol=1e-4)


def test_an_empty_vector_index_finds_nothing():
    index = VectorIndex([], np.zeros((0, 4), np.float32))
    assert (len(index), index.search(np.ones(4, np.float32), 3)) == (0, [])


@pytest.mark.parametrize(
    ("question", "source"),
    [
        pytest.param("松延动力7月交付多少台？", "robots.txt", id="Chinese"),
        pytest.param("膝關節疼痛怎麼減輕？", "knees.txt", id="Traditional"),
        pytest.param("上半年批准了几个新药", "drugs.txt", id="no mark"),
        pytest.param("How can knee pain be relieved?", "knees.txt", id="English"),
        pytest.param("loans for small companies", "jobs.txt", id="English phrase"),
        pytest.param("创新藥", "drugs.txt", id="mixed scripts"),
    ],
)
def test_the_passage_asked_for_comes_first(search, question, source):
    assert search.find(question, 3)[0].article.source == source


def test_hits_are_ranked_from_one_with_falling_scores(search):
    hits = search.find("机器人", 10)
    assert [h.rank for h in hits] == list(range(1, len(hits) + 1))
    assert all(a.score >= b.score for a, b in pairwise(hits))


def test_a_hit_says_which_leg_found_it(search):
    best, *_, last = search.find("膝关节疼痛", 10)
    assert (best.lexical_rank, best.dense_rank) == (1, 1)
    assert best.lexical_score > 0 < best.dense_score
    assert (last.lexical_rank, last.lexical_score) == (None, 0.0)


def test_a_hit_leads_back_to_its_source(search):
    for hit in search.find("机器人交付", 10):
        raw = STORIES[hit.article.source]
        assert essence("".join(raw[a:b] for a, b in hit.source_spans)) == essence(hit.text)


@pytest.mark.parametrize(
    "question",
    ["", "？", " \n", "的了吗", "😀", "\x00", '" OR NEAR(', "x" * 2000, "AND NOT *", "\ud800"],
    ids=["empty", "sign", "blank", "stop words", "emoji", "nul", "query", "long", "words", "half"],
)
def test_any_question_may_be_searched_for(search, question):
    assert len(search.find(question, 2)) <= 2


def test_the_limit_holds(search):
    assert len(search.find("机器人", 2)) == 2


def test_the_same_question_gives_the_same_hits(search, folder, model):
    other = Search(lambda: Store.open(folder), model, Settings())
    assert search.find("机器人", 5) == other.find("机器人", 5)


def test_an_empty_index_finds_nothing(tmp_path):
    _, search = small_index(tmp_path, {})
    assert search.find("机器人", 5) == ()


def test_a_new_source_is_found_without_reopening(tmp_path):
    store, search = small_index(tmp_path, {"robots.txt": STORIES["robots.txt"]})
    assert {h.article.source for h in search.find("膝关节", 5)} == {"robots.txt"}
    with store.transaction():
        put(store, "knees.txt", STORIES["knees.txt"])
    assert search.find("膝关节", 5)[0].article.source == "knees.txt"


def test_a_removed_source_is_found_no_more(tmp_path):
    store, search = small_index(tmp_path, STORIES)
    assert search.find("膝关节", 5)
    with store.transaction():
        store.remove("knees.txt")
    assert "knees.txt" not in {h.article.source for h in search.find("膝关节", 9)}


def test_an_emptied_index_finds_nothing(tmp_path):
    store, search = small_index(tmp_path, {"knees.txt": STORIES["knees.txt"]})
    assert search.find("膝关节", 5)
    with store.transaction():
        store.remove("knees.txt")
    assert search.find("膝关节", 5) == ()


def test_threads_find_the_same(search):
    wanted = [h.article.id for h in search.find("机器人", 4)]
    found = []

    def ask():
        found.append([h.article.id for h in search.find("机器人", 4)])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 8


@given(st.lists(st.text("机器人膝关节就业新药。\n", min_size=1, max_size=60), max_size=6))
@settings(max_examples=15, deadline=None)
def test_fusion_equals_brute_force_over_all_passages(tmp_path_factory, texts):
    stories = {f"{n}.txt": text for n, text in enumerate(texts)}
    store, search = small_index(tmp_path_factory.mktemp("index"), stories)
    question, kept = "机器人新药", Settings()
    numbers, vectors = store.vectors()
    dense = vectors @ CharacterEmbedder().encode_queries([question])[0] if numbers else []
    words = ["机", "机器", "器", "器人", "人", "人新", "新", "新药", "药"]
    search.lexical.refresh(store)
    lexical = dict(search.lexical.search(dict.fromkeys(words, 1.0), 99))
    top = max(lexical.values(), default=1.0)
    exact = sorted(
        (
            lexical.get(n, 0.0) / top + kept.dense_weight * float(d)
            for n, d in zip(numbers, dense, strict=True)
        ),
        reverse=True,
    )
    assert np.allclose([h.score for h in search.find(question, 99)], exact, atol=1e-4)
