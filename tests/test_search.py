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
from rag.filters import Filter
from rag.lexical import LexicalIndex
from rag.ranking import FEATURES
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
    return Search(lambda: Store.open(folder), LexicalIndex(folder), model, Settings())


def small_index(folder, stories):
    """Return a store and a search over it, with the small embedder."""
    model = CharacterEmbedder()
    store = Store.create(folder, model.name, model.fingerprint, model.dimension)
    with store.transaction():
        for name, text in stories.items():
            put(store, name, text)
    return store, Search(lambda: Store.open(folder), LexicalIndex(folder), model, Settings())


def unit(vectors):
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


whole_numbers = st.integers(-4, 4).map(float)
tables = st.integers(0, 30).flatmap(lambda n: arrays(np.float32, (n, 4), elements=whole_numbers))


@given(tables, arrays(np.float32, 4, elements=whole_numbers), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_vector_search_equals_brute_force(table, query, limit):
    vectors = unit(table).astype(np.float16).astype(np.float32)  # as the store has them
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
    other = Search(lambda: Store.open(folder), LexicalIndex(folder), model, Settings())
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
def test_plain_fusion_equals_brute_force_over_all_passages(tmp_path_factory, texts):
    stories = {f"{n}.txt": text for n, text in enumerate(texts)}
    folder = tmp_path_factory.mktemp("index")
    store, _ = small_index(folder, stories)
    lexical = LexicalIndex(folder)
    plain = Settings(search="lexical dense")
    search = Search(lambda: Store.open(folder), lexical, CharacterEmbedder(), plain)
    question = "机器人新药"
    numbers = store.chunk_numbers()
    vectors = store.vectors(numbers)
    dense = vectors @ CharacterEmbedder().encode_queries([question])[0] if numbers else []
    words = ["机", "机器", "器", "器人", "人", "人新", "新", "新药", "药"]
    lexical.refresh(store)
    scores = dict(lexical.search(dict.fromkeys(words, 1.0), 99))
    top, least = max(scores.values(), default=1.0), 0.8 * min(scores.values(), default=0.0)
    exact = sorted(
        (scores.get(n, least) / top + 0.3 * float(d) for n, d in zip(numbers, dense, strict=True)),
        reverse=True,
    )
    # what stands under a second name is the same passage
    found = [hit.score for hit in search.find(question, 99) if not hit.same_as]
    assert found == pytest.approx(exact, abs=1e-3)


NEWS = {
    "ours.txt": "青禾机器人公司今年7月向云州交付巡检机器人105台，八成用于仓库。公司负责人乔远山说，"
    "机器人夜里巡库，白天充电，一台顶三个人，订单已经排到明年春天。首批用户是港口的三座冷库，"
    "工人不必再在零下二十度的夜里值守。",
    "plan.txt": "青禾机器人公司的目标是年底建成新的装配线，工人培训已经开始。",
    "dogs.txt": "云州的机器狗学会了踢足球，观众很多。",
    "ice.txt": "世界冰上运动联合会（简称“国际冰协”）成立四十年。\n"
    "世界冰上运动联合会的总部搬到了云州。",
    "english.txt": "Greenfield Robotics opened a second plant in Leeds, the mayor said on Friday.",
}


@pytest.fixture(scope="module")
def news(tmp_path_factory):
    from rag.ingest import index_sources
    from rag.types import Source

    folder = tmp_path_factory.mktemp("news")
    sources = [Source(name, text) for name, text in NEWS.items()]
    dated = Source("dated.jsonl#1", "云州昨日有雨，机器人停运。", "雨中停运", "2025-03-02")
    copy = Source("copy.txt", NEWS["ours.txt"].replace("105", "150"))
    index_sources(folder, [*sources, dated, copy])
    return folder


def searcher(folder, model, **values):
    return Search(lambda: Store.open(folder), LexicalIndex(folder), model, Settings(**values))


@pytest.mark.parametrize(
    ("question", "source"),
    [
        pytest.param("青河机器人7月交付多少台?", "ours.txt", id="homophone"),
        pytest.param(
            "How many inspection robots were delivered in July?", "ours.txt", id="English"
        ),
        pytest.param("利兹的新工厂是谁开的?", "english.txt", id="Chinese about English"),
        pytest.param("機器狗學會了什麼?", "dogs.txt", id="Traditional"),
        pytest.param("国际冰协的总部搬到了哪里?", "ice.txt", id="other name"),
    ],
)
def test_a_question_spelt_otherwise_finds_its_passage(news, model, question, source):
    assert searcher(news, model).find(question, 3)[0].article.source == source


def test_without_translation_english_words_bring_nothing(news, model):
    parts = "lexical dense order"
    hits = searcher(news, model, search=parts).find("How many inspection robots in July?", 5)
    assert all(h.lexical_rank is None for h in hits if h.article.source == "ours.txt")


def test_what_says_the_same_stands_behind_the_first(news, model):
    hits = searcher(news, model).find("青禾机器人7月交付多少台?", 3)
    assert {hits[0].article.source, hits[1].article.source} == {"ours.txt", "copy.txt"}
    assert (hits[0].same_as, hits[1].same_as) == (None, 1)
    assert sum(hit.same_as is None for hit in hits) == 3  # the limit counts what differs
    apart = searcher(news, model, search="lexical dense order").find("青禾机器人7月交付多少台?", 3)
    assert all(hit.same_as is None for hit in apart)


def test_a_hit_names_the_words_it_was_found_by(news, model):
    best = searcher(news, model).find("青禾机器人7月交付多少台?", 1)[0]
    assert {"青禾", "交付", "7"} <= set(best.matched)
    assert best.why()["matched"] == list(best.matched)


@pytest.mark.parametrize(
    ("within", "sources"),
    [
        pytest.param(Filter(sources=("dogs.txt",)), {"dogs.txt"}, id="source"),
        pytest.param(Filter(sources=("*.jsonl#1",)), {"dated.jsonl#1"}, id="pattern"),
        pytest.param(Filter(since="2025-03-01", until="2025-03-02"), {"dated.jsonl#1"}, id="days"),
        pytest.param(Filter(titles=("雨中停运",)), {"dated.jsonl#1"}, id="title"),
        pytest.param(Filter(sources=("none.txt",)), set(), id="nothing"),
    ],
)
def test_a_filter_leaves_only_what_it_holds(news, model, within, sources):
    found = searcher(news, model).find("云州的机器人", 9, within)
    assert {hit.article.source for hit in found} == sources


@pytest.mark.parametrize(
    ("question", "sources"),
    [
        pytest.param("dogs.txt里云州的机器人怎么样?", {"dogs.txt"}, id="file"),
        pytest.param("《雨中停运》说了什么?", {"dated.jsonl#1"}, id="title"),
        pytest.param("2025年3月2日的报道说云州怎么了?", {"dated.jsonl#1"}, id="day"),
    ],
)
def test_a_question_that_names_an_article_is_asked_of_it(news, model, question, sources):
    assert {hit.article.source for hit in searcher(news, model).find(question, 9)} == sources


@pytest.mark.parametrize(
    "question",
    [
        "nowhere.txt里云州的机器人怎么样?",
        "《没有的文章》里云州如何?",
        "1999年1月1日的报纸说云州什么?",
    ],
)
def test_a_question_that_names_what_is_not_there_is_asked_of_all(news, model, question):
    assert len({hit.article.source for hit in searcher(news, model).find(question, 9)}) > 2


def test_candidates_are_weighed_by_what_their_order_is_fitted_on(news, model):
    weighed = searcher(news, model).weigh("青禾机器人7月交付多少台?")
    assert {w.own for w in weighed} == {True, False}  # the English article is in the other language
    assert all(len(w.features) == len(FEATURES) for w in weighed)
    best = weighed[0]
    assert best.source in ("ours.txt", "copy.txt")
    assert best.features[FEATURES.index("lexical")] == 1.0


def test_a_large_vector_index_finds_nearly_what_brute_force_finds(monkeypatch):
    monkeypatch.setattr("rag.vectors.EXACT", 500)
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, 32))
    table = unit(centres[rng.integers(0, 40, 40_000)] + 0.5 * rng.normal(size=(40_000, 32)))
    index = VectorIndex(range(40_000), table)
    queries = table[::4000]
    shared = 0
    for query in queries:
        exact = set(np.argsort(-(table @ query))[:10].tolist())
        shared += len(exact & {n for n, _ in index.search(query, 10)})
    assert shared >= 0.95 * 10 * len(queries)
    found = dict(index.search(queries[1], 10))
    among = dict(index.search(queries[1], 10, among=[*found, 99_999]))
    assert among == pytest.approx(found, abs=2e-3)


def test_search_among_some_vectors_leaves_the_others_out():
    table = unit(np.eye(6) + 0.1)
    index = VectorIndex([2, 3, 5, 7, 11, 13], table)
    query = table[0]
    assert [n for n, _ in index.search(query, 9, among=[13, 5, 4])] == [5, 13]
    assert index.search(query, 9, among=[]) == []


def crowd(count, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(30, 16))
    return unit(centres[rng.integers(0, 30, count)] + 0.5 * rng.normal(size=(count, 16)))


@pytest.fixture
def lists(monkeypatch):
    """A vector index of 4,000 that is parted into lists, and its table."""
    monkeypatch.setattr("rag.vectors.EXACT", 500)
    table = crowd(4_000)
    return VectorIndex(range(4_000), table), table


def test_a_vector_index_is_brought_up_to_date_without_the_old_vectors(lists):
    index, table = lists
    new = crowd(100, seed=1)
    asked = []

    def fetch(ids):
        asked.extend(ids)
        return new

    after = index.updated([*range(5, 4_000), *range(4_000, 4_100)], fetch)
    assert asked == list(range(4_000, 4_100))
    assert (len(index), len(after)) == (4_000, 4_095)
    assert after.search(new[7], 1)[0][0] == 4_007
    assert 3 not in {n for n, _ in after.search(table[3], 50)}
    assert 3 in {n for n, _ in index.search(table[3], 50)}  # the one before never changes
    assert [n for n, _ in after.search(table[3], 9, among=[3, 6])] == [6]


@pytest.mark.parametrize(
    "ids",
    [
        pytest.param([*range(1_000), *range(4_000, 4_100)], id="much gone"),
        pytest.param(range(9_000), id="much new"),
    ],
)
def test_a_vector_index_much_changed_is_made_anew(lists, ids):
    assert lists[0].updated(ids, lambda wanted: crowd(len(wanted))) is None


def test_lists_kept_on_disk_find_the_same(lists, tmp_path):
    index, table = lists
    index = index.updated(range(1, 4_000), lambda ids: table[ids])
    index.save(tmp_path, "store 7")
    again = VectorIndex.load(tmp_path, "store 7", range(1, 4_000), lambda ids: table[ids])
    assert again.search(table[9], 20) == index.search(table[9], 20)
    assert 0 not in {n for n, _ in again.search(table[0], 50)}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lists.json", "lists.npz"]


def test_lists_kept_on_disk_take_in_what_came_since(lists, tmp_path):
    index, table = lists
    index.save(tmp_path, "store 7")
    new = np.concatenate([table, crowd(100, seed=1)])
    ids = [*range(5, 1_000), *range(1_010, 4_100)]
    asked = []

    def fetch(wanted):
        asked.extend(wanted)
        return new[wanted]

    after = VectorIndex.load(tmp_path, "store 7", ids, fetch)
    assert asked == ids == after.ids.tolist()
    assert after.search(new[4_007], 1)[0][0] == 4_007
    assert after.search(table[9], 1)[0][0] == 9
    assert not {3, 1_005} & {n for n, _ in after.search(table[3], 60)}
    after.save(tmp_path, "store 7")
    again = VectorIndex.load(tmp_path, "store 7", ids, lambda wanted: new[wanted])
    assert again.search(table[9], 20) == after.search(table[9], 20)


def test_a_search_that_is_open_sees_what_comes_and_goes(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.vectors.EXACT", 20)
    texts = {f"{n}.txt": f"第{n}届机器人运动会在{'北上广深'[n % 4]}开幕。" for n in range(90)}
    store, _ = small_index(tmp_path, texts)
    search = Search(
        lambda: Store.open(tmp_path), LexicalIndex(tmp_path), CharacterEmbedder(), Settings()
    )

    def found(question):
        return {hit.article.source for hit in search.find(question, 90)}

    assert "new.txt" not in found("风筝")
    with store.transaction():
        put(store, "new.txt", "风筝大会在海边开幕。")
    assert "new.txt" in found("风筝")
    with store.transaction():  # as many come as go
        store.remove("new.txt")
        put(store, "newer.txt", "风筝大会在海边闭幕。")
    assert "newer.txt" in found("风筝")
    assert "new.txt" not in found("风筝")


def spoil(name, change):
    def spoiled(folder):
        file = folder / name
        data = bytearray(file.read_bytes())
        file.write_bytes(change(data))

    return spoiled


def flip(data):
    data[len(data) // 2] ^= 1
    return data


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(spoil("lists.npz", flip), id="a bit"),
        pytest.param(spoil("lists.npz", lambda data: data[:-100]), id="cut"),
        pytest.param(spoil("lists.json", lambda data: b"{}"), id="empty state"),
        pytest.param(spoil("lists.json", lambda data: b"\xff"), id="no text"),
        pytest.param(lambda folder: (folder / "lists.npz").unlink(), id="missing"),
    ],
)
def test_damaged_lists_are_not_trusted(lists, tmp_path, damage):
    index, _ = lists
    index.save(tmp_path, "store 7")
    damage(tmp_path)
    assert VectorIndex.load(tmp_path, "store 7", range(4_000), crowd) is None


def test_lists_of_another_state_are_not_trusted(lists, tmp_path):
    index, _ = lists
    index.save(tmp_path, "store 7")
    assert VectorIndex.load(tmp_path, "store 8", range(4_000), crowd) is None
    assert VectorIndex.load(tmp_path, "store 7", range(9_000), lambda ids: crowd(len(ids))) is None


def test_a_small_vector_index_is_not_kept(tmp_path):
    VectorIndex(range(20), crowd(20)).save(tmp_path, "store 7")
    assert list(tmp_path.iterdir()) == []


def test_a_text_under_two_names_is_found_under_both(tmp_path):
    store, _ = small_index(tmp_path, {"a.txt": "机器人七月交付。", "b.txt": "机器人七月交付。"})
    assert store.counts()["chunk"] == 1
    search = Search(
        lambda: Store.open(tmp_path), LexicalIndex(tmp_path), CharacterEmbedder(), Settings()
    )
    first, second = search.find("机器人何时交付?", 5)
    assert (first.article.source, first.same_as) == ("a.txt", None)
    assert (second.article.source, second.same_as) == ("b.txt", 1)
    (only,) = search.find("机器人何时交付?", 5, Filter(sources=("b.txt",)))
    assert (only.article.source, only.same_as) == ("b.txt", None)
