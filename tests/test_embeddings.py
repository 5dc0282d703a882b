"""The light loader and sentence-transformers agree; the vectors mean something."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from fakes import CharacterEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

import embeddings
from embeddings import Embedder, EmbedderError, of_words
from embeddings.static import BLOCK, WEIGHTS, StaticEmbedder
from embeddings.unigram import UnigramCutter

ROOT = Path(__file__).parent.parent

TRANSLATIONS = [
    ("机器人足球比赛昨天在北京结束。", "The robot football match ended in Beijing yesterday."),
    ("政府将向小企业提供贷款。", "The government will offer loans to small companies."),
    ("科学家发现了一种新的恐龙化石。", "Scientists have discovered a new dinosaur fossil."),
    ("请把水放进冰箱。", "Please put the water in the refrigerator."),
    ("总统在记者会上拒绝回答问题。", "The president refused to answer at the press conference."),
    ("这种药物可以缓解膝盖疼痛。", "This drug can relieve knee pain."),
    ("地震造成数百人死亡。", "The earthquake killed hundreds of people."),
    ("她每天早上骑自行车去学校。", "She rides a bicycle to school every morning."),
    ("两国领导人签署了贸易协定。", "The leaders of the two countries signed a trade agreement."),
    ("今年大学毕业生就业压力很大。", "Graduates find it hard to get jobs this year."),
    ("电动汽车的销量继续增长。", "Sales of electric cars continue to grow."),
    ("法院判处他五年有期徒刑。", "The court sentenced him to five years in prison."),
    ("火箭把卫星送入轨道。", "The rocket put the satellite into orbit."),
    ("他弹钢琴弹得很好。", "He plays the piano very well."),
    ("暴雨导致多个航班取消。", "Heavy rain caused several flights to be cancelled."),
    ("医生建议病人多吃蔬菜和水果。", "The doctor advised eating more vegetables and fruit."),
    ("中国的人口在下降。", "The population of China is declining."),
    ("这部电影赢得了三个奖项。", "The film won three awards."),
    ("警察逮捕了两名嫌疑人。", "The police arrested two suspects."),
    ("这本书是我祖父写的。", "This book was written by my grandfather."),
]

TRADITIONAL = [
    ("台湾的经济发展迅速。", "臺灣的經濟發展迅速。"),
    ("国务院发布关于创新药的意见。", "國務院發佈關於創新藥的意見。"),
    ("机器人产业发展规划", "機器人產業發展規劃"),
    ("他后来在学校里看了一些书。", "他後來在學校裡看了一些書。"),
    ("双方领导人举行会晤", "雙方領導人舉行會晤"),
]

SAME = [
    pytest.param("ＩＢＭ　２０２５年１０月", "IBM 2025年10月", id="full width"),
    pytest.param("第③届Ⅳ级", "第3届iv级", id="compatibility forms"),
    pytest.param("Résumé CAFÉ", "resume cafe", id="case and accents"),
    pytest.param("Re\u0301sume\u0301", "Résumé", id="accents written apart"),
    pytest.param("人形\u200b机器\ufeff人", "人形机器人", id="invisible characters"),
    pytest.param("人 形\n机 器　人", "人形机器人", id="Chinese set with spaces"),
    pytest.param("“破茧进化”——竞逐赛场!", "破茧进化 竞逐赛场", id="punctuation"),
    pytest.param("二〇二五年", "二零二五年", id="two forms of zero"),
]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return embeddings.load()


def cosine(embedder: Embedder, left: str, right: str) -> float:
    first, second = embedder.encode_passages([left, right])
    return float(first @ second)


def test_rows_are_unit_float32_of_the_stated_dimension(embedder: Embedder) -> None:
    for encode in (embedder.encode_queries, embedder.encode_passages):
        vectors = encode(["松延动力7月交付人形机器人105台", "How many robots?"])
        assert vectors.dtype == np.float32
        assert vectors.shape == (2, embedder.dimension)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.encode_queries([]).shape == (0, embedder.dimension)
    assert embedder.encode_passages([]).shape == (0, embedder.dimension)


@pytest.mark.parametrize("text", ["", " \n", "。！？", "かな", "🙂"])
def test_text_without_any_known_word_gives_a_zero_row(embedder: Embedder, text: str) -> None:
    vectors = embedder.encode_queries(["机器人", text, "机器人"])
    assert not vectors[1].any()
    assert np.array_equal(vectors[0], vectors[2])


def test_a_row_does_not_depend_on_its_batch(embedder: Embedder) -> None:
    texts = [f"第{number}届世界机器人大会 robot {number}" for number in range(2 * BLOCK + 70)]
    together = embedder.encode_passages(texts)
    for place in (0, BLOCK - 1, BLOCK, 2 * BLOCK + 2):
        assert np.array_equal(together[place], embedder.encode_passages([texts[place]])[0])


def test_a_very_long_text_is_encoded(embedder: Embedder) -> None:
    assert cosine(embedder, "人形机器人运动会 " * 20_000, "人形机器人运动会") > 0.999


def test_a_lone_surrogate_is_no_error(embedder: Embedder) -> None:
    assert np.allclose(*embedder.encode_queries(["机器人\ud800", "机器人"]))


@pytest.mark.parametrize(("written", "meant"), SAME)
def test_forms_of_the_same_text_have_the_same_vector(
    embedder: Embedder, written: str, meant: str
) -> None:
    assert cosine(embedder, written, meant) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("simplified", "traditional"), TRADITIONAL)
def test_traditional_text_is_its_simplified_form(
    embedder: Embedder, simplified: str, traditional: str
) -> None:
    assert cosine(embedder, simplified, traditional) > 0.98


def test_simplified_characters_that_look_traditional_stay(embedder: Embedder) -> None:
    assert cosine(embedder, "什么", "什幺") < 0.9


@pytest.mark.parametrize("direction", ["to English", "to Chinese"])
def test_a_sentence_is_nearest_to_its_translation(embedder: Embedder, direction: str) -> None:
    chinese, english = (embedder.encode_passages(side) for side in zip(*TRANSLATIONS, strict=True))
    scores = chinese @ english.T if direction == "to English" else english @ chinese.T
    right = scores.argmax(axis=1) == np.arange(len(TRANSLATIONS))
    assert right.mean() >= 0.9, [TRANSLATIONS[place] for place in np.flatnonzero(~right)]


def test_a_paraphrase_is_nearer_than_a_sentence_of_the_same_words(embedder: Embedder) -> None:
    query = "公司七月卖出了多少机器人"
    assert cosine(embedder, query, "企业7月交付机器人105台") > cosine(
        embedder, query, "公司董事会七月讨论了房租"
    )


def test_encoding_keeps_the_pace_of_indexing(embedder: Embedder) -> None:
    window = "".join(chinese for chinese, _ in TRANSLATIONS)[:200] + TRANSLATIONS[0][1] * 2
    texts = [f"{number}{window}" for number in range(600)]
    began = time.perf_counter()
    embedder.encode_passages(texts)
    assert len(texts) / (time.perf_counter() - began) > 500  # 7,000 on an idle core


MIXED = st.text(
    st.one_of(
        st.sampled_from(
            "的人机器足球比赛北京昨天一鿿龘機臺０Ａａé_. \t\n\r\u3000…—½㎡ßﬁ①🙂\u0301\u200d\0"
        ),
        st.sampled_from("abz059"),
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(MIXED, min_size=1, max_size=6))
def test_many_texts_are_cut_as_tokenizers_cuts_each(texts: list[str]) -> None:
    cutter = unigram_cutter()
    for text, found in zip(texts, cutter.cut(texts), strict=True):
        assert found.tolist() == cutter.cut_one(text).tolist(), text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("机器人" * 500, id="a run too long to step through"),
        pytest.param("机\0器人", id="a NUL"),
        pytest.param("龘靐齉", id="unknown characters"),
        pytest.param("x" * 5000 + "9" * 5000, id="long words"),
        pytest.param("  机 器\n \t人 a 中\u3000国 ", id="blanks"),
        pytest.param("a1b22c_d__3", id="letters and digits"),
    ],
)
def test_an_odd_text_among_others_is_cut_as_alone(text: str) -> None:
    cutter = unigram_cutter()
    texts = ["人形机器人", text, "", text + "北京", "robot 2025"]
    found = [ids.tolist() for ids in cutter.cut(texts)]
    assert found == [cutter.cut_one(t).tolist() for t in texts]


def test_the_seeds_have_the_vectors_that_tokenizers_gives_them(embedder: Embedder) -> None:
    raw = "\n".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "seeds").glob("*.txt")))
    texts = [raw[at : at + 300] for at in range(0, len(raw), 300)]
    assert len(texts) > 70
    alone = np.concatenate([embedder.encode_passages([text]) for text in texts])
    assert np.array_equal(embedder.encode_passages(texts), alone)


@pytest.mark.parametrize("kind", ["model", "normalizer", "pre_tokenizer"])
def test_another_kind_of_tokenizer_is_not_cut_our_way(kind: str) -> None:
    parts = json.loads((WEIGHTS / "tokenizer.json").read_text(encoding="utf-8"))
    parts[kind] = (
        {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"} if kind == "model" else None
    )
    with pytest.raises(ValueError, match="not the bundled kind"):
        UnigramCutter(Tokenizer.from_str(json.dumps(parts)))


@cache
def unigram_cutter() -> UnigramCutter:
    return UnigramCutter(Tokenizer.from_file(str(WEIGHTS / "tokenizer.json")))


def test_the_fingerprint_follows_the_weights(tmp_path: Path, embedder: Embedder) -> None:
    assert len(embedder.fingerprint) == 12
    assert embedder.fingerprint == StaticEmbedder.bundled().fingerprint
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_bytes((WEIGHTS / name).read_bytes())
    copy = StaticEmbedder(tmp_path, name="copy")
    assert copy.fingerprint == embedder.fingerprint
    raw = bytearray((WEIGHTS / "model.safetensors").read_bytes())
    raw[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(raw)
    assert StaticEmbedder(tmp_path, name="other").fingerprint != embedder.fingerprint


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("damage", ["missing", "cut off"])
def test_a_damaged_folder_is_named(tmp_path: Path, name: str, damage: str) -> None:
    for each in ("model.safetensors", "tokenizer.json"):
        whole = (WEIGHTS / each).read_bytes()
        if each != name:
            (tmp_path / each).write_bytes(whole)
        elif damage == "cut off":
            (tmp_path / each).write_bytes(whole[:1000])
    with pytest.raises(EmbedderError, match=tmp_path.name):
        StaticEmbedder(tmp_path, name="damaged")


def test_the_bundled_model_needs_neither_torch_nor_a_network() -> None:
    program = (
        "import sys, embeddings\n"
        "assert 'numpy' in sys.modules and 'tokenizers' not in sys.modules\n"
        "assert embeddings.load().encode_queries(['机器人']).any()\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'opencc', 'huggingface_hub'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_weights_are_small() -> None:
    files = [path for path in WEIGHTS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 26e6
    modules = json.loads((WEIGHTS / "modules.json").read_text(encoding="utf-8"))
    assert [module["path"] for module in modules] == ["", "1_Normalize"]


def test_sentence_transformers_gives_the_same_vectors(
    embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = pytest.importorskip("sentence_transformers", minversion="6.2")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    model = library.SentenceTransformer(str(WEIGHTS), device="cpu")
    texts = [side for pair in TRANSLATIONS + TRADITIONAL for side in pair]
    texts += ["", "。。", "ＡＢＣ", "Re\u0301sume\u0301 か", "機器人 " * 300]
    theirs = model.encode(texts, show_progress_bar=False)
    many = embedder.encode_passages(texts * 2)
    assert np.abs(theirs - many[: len(texts)]).max() < 1e-6
    assert np.array_equal(many[: len(texts)], embedder.encode_passages(texts))


def test_what_is_remembered_of_passages_changes_nothing(monkeypatch) -> None:
    monkeypatch.setattr("embeddings.static._KEPT", 3)
    words, fresh = StaticEmbedder.bundled(), StaticEmbedder.bundled()
    texts = [f"robots delivered {number} boxes" for number in range(5)]
    for some in (texts[:2], texts[1:4], [*texts[3:], texts[3]], [], texts):
        near, _ = words.nearest("robots delivered in 3 boxes", some)
        alone = [fresh.nearest("robots delivered in 3 boxes", [text])[0][0] for text in some]
        assert np.array_equal(near, np.array(alone).reshape(near.shape))


def test_the_nearest_word_of_a_passage_stands_for_each_of_a_question(embedder: Embedder) -> None:
    passages = ["工厂7月交付了机器人", "天气很好", ""]
    near, lengths = of_words(embedder).nearest("robots delivered", passages)
    assert near.shape == (3, len(lengths))
    assert (near[0] > near[1]).all()
    assert not near[2].any()


def test_a_model_without_words_is_stood_for_by_the_bundled_one(embedder: Embedder) -> None:
    assert of_words(embedder) is embedder
    assert of_words(CharacterEmbedder()).fingerprint == embedder.fingerprint
