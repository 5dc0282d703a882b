"""Models of sentence-transformers, with a tiny real BERT of random weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import embeddings
from embeddings import EmbedderError

library = pytest.importorskip("sentence_transformers", minversion="5")

LIMIT = 16  # tokens
RETRIEVE = "Given a web search query, retrieve relevant passages that answer the query"


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def save_model(folder: Path, *, prompts: dict[str, str], seed: int = 0) -> Path:
    """Save a BERT of two layers and 32 dimensions that knows a few words."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(seed)
    bert = folder / "bert"
    bert.mkdir(parents=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ":", *"机器人台"]
    words += ["query", "passage", "robot", "how", "many"]
    (bert / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(str(bert / "vocab.txt")).save_pretrained(bert)
    size: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64}
    layers: dict[str, Any] = {"num_hidden_layers": 2, "num_attention_heads": 2}
    BertModel(BertConfig(vocab_size=len(words), **size, **layers)).save_pretrained(bert)
    model = library.SentenceTransformer(str(bert), prompts=prompts, device="cpu")  # mean pooling
    model.max_seq_length = LIMIT
    model.save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("plain"), prompts={})


@pytest.fixture(scope="module")
def prompted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    prompts = {"query": "query: ", "passage": "passage: "}
    return save_model(tmp_path_factory.mktemp("prompted"), prompts=prompts)


def test_a_folder_gives_unit_float32_rows(plain: Path) -> None:
    embedder = embeddings.load(str(plain))
    vectors = embedder.encode_passages(["机器人", "how many robot"])
    assert embedder.name == str(plain)
    assert vectors.dtype == np.float32
    assert vectors.shape == (2, 32) == (2, embedder.dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_and_blank_texts(plain: Path) -> None:
    embedder = embeddings.load(str(plain))
    assert embedder.encode_queries([]).shape == (0, 32)
    vectors = embedder.encode_queries(["", "robot", " \n"])
    assert vectors.any(axis=1).tolist() == [False, True, False]


def test_without_prompts_queries_and_passages_are_alike(plain: Path) -> None:
    embedder = embeddings.load(str(plain))
    assert np.allclose(embedder.encode_queries(["robot"]), embedder.encode_passages(["robot"]))


def test_the_models_own_prompts_are_used(plain: Path, prompted: Path) -> None:
    without, within = embeddings.load(str(plain)), embeddings.load(str(prompted))
    query, passage = within.encode_queries(["robot"]), within.encode_passages(["robot"])
    assert np.allclose(query, without.encode_passages(["query: robot"]), atol=1e-5)
    assert np.allclose(passage, without.encode_passages(["passage: robot"]), atol=1e-5)
    assert not np.allclose(query, passage, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("intfloat/multilingual-e5-small", "query: ", "passage: "),
        ("/models/multilingual-e5-large", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", f"Instruct: {RETRIEVE}\nQuery: ", ""),
        ("BAAI/bge-m3", "", ""),
    ],
)
def test_families_without_stated_prompts_have_theirs(
    plain: Path, name: str, query: str, passage: str
) -> None:
    from embeddings.hub import HubEmbedder

    model = library.SentenceTransformer(str(plain), device="cpu")
    embedder = HubEmbedder(model, name=name)
    assert (embedder.query_prompt, embedder.passage_prompt) == (query, passage)


def test_many_texts_are_embedded_in_slices_as_one_by_one(plain: Path) -> None:
    from embeddings.hub import SLICE, HubEmbedder

    embedder = embeddings.load(str(plain))
    assert isinstance(embedder, HubEmbedder) and embedder.batch == 32
    texts = ["robot", "", "机器人", "how many"] * (embedder.batch * SLICE // 3)
    vectors = embedder.encode_passages(texts)
    assert np.allclose(vectors[:4], embedder.encode_passages(texts[:4]), atol=1e-5)
    assert np.allclose(vectors[-4:], vectors[:4], atol=1e-5)


def test_progress_is_shown_on_a_terminal_only(
    plain: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    embedder, texts = embeddings.load(str(plain)), ["robot"] * 300
    embedder.encode_passages(texts)
    assert "embedding" not in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    embedder.encode_passages(texts)
    assert "embedding" in capsys.readouterr().err


def test_threads_share_a_model(plain: Path) -> None:
    embedder = embeddings.load(str(plain))
    alone = embedder.encode_queries(["robot"])
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda k: embedder.encode_queries(["robot"] * k), range(1, 13)))
    assert all(np.allclose(vectors, alone, atol=1e-5) for vectors in found)


def test_text_beyond_the_maximum_length_is_cut_off(plain: Path) -> None:
    embedder = embeddings.load(str(plain))
    long = "机器人台" * 1000
    assert np.allclose(*embedder.encode_passages([long, long[: LIMIT - 2]]), atol=1e-5)


def test_the_fingerprint_tells_models_and_prompts_apart(
    plain: Path, prompted: Path, tmp_path: Path
) -> None:
    other = save_model(tmp_path, prompts={}, seed=1)
    prints = {embeddings.load(str(folder)).fingerprint for folder in (plain, prompted, other)}
    assert len(prints) == 3
    assert embeddings.load(str(plain)).fingerprint == embeddings.load(str(plain)).fingerprint


def test_a_name_that_cannot_be_fetched_says_what_to_do() -> None:
    with pytest.raises(EmbedderError, match="hf download nobody/nothing") as caught:
        embeddings.load("nobody/nothing")
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match=r"modules\.json"):
        embeddings.load(str(tmp_path))
