"""embeddings.rerank and its place in the search, with a tiny real cross-encoder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from embeddings import EmbedderError
from rag.answer import Bot
from rag.errors import ModelError
from rag.ingest import index_sources
from rag.settings import Settings
from rag.types import Source

library = pytest.importorskip("sentence_transformers", minversion="5")

LIMIT = 12  # tokens


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def save_model(folder: Path, *, labels: int = 1, prompts: dict[str, str] | None = None) -> Path:
    """Save a BERT of one layer and 16 dimensions that gives `labels` scores a pair."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    torch.manual_seed(0)
    bert = folder / "bert"
    bert.mkdir(parents=True)
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *"松延动力月交付机器人台公司运动会北京多少",
        "robot",
    ]
    (bert / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(str(bert / "vocab.txt"), model_max_length=LIMIT).save_pretrained(bert)
    size: dict[str, Any] = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    config = BertConfig(
        vocab_size=len(words),
        num_attention_heads=2,
        num_labels=labels,
        initializer_range=0.5,
        **size,
    )
    BertForSequenceClassification(config).save_pretrained(bert)
    options = {"prompts": prompts, "default_prompt_name": "query"} if prompts else {}
    library.CrossEncoder(str(bert), device="cpu", **options).save_pretrained(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("cross"))


def opened(folder: Path) -> Any:
    from embeddings.rerank import Reranker

    return Reranker.open(str(folder))


def test_scores_are_the_models_own(model: Path) -> None:
    passages = ["松延动力交付机器人", "北京运动会", "robot"]
    scores = opened(model).scores("松延动力交付多少台", passages)
    plain = library.CrossEncoder(str(model), device="cpu")
    expected = plain.predict([("松延动力交付多少台", p) for p in passages])
    assert scores == pytest.approx([float(s) for s in expected], abs=1e-5)
    assert len(set(scores)) == 3


def test_no_passages_have_no_scores(model: Path) -> None:
    assert opened(model).scores("松延", []) == []


def test_a_pair_beyond_the_maximum_length_is_cut_off(model: Path) -> None:
    one, other = opened(model).scores("松延", ["机器人台" * 1000, "机器人台" * 500])
    assert one == pytest.approx(other, abs=1e-5)


def test_a_models_own_prompt_is_used(tmp_path: Path, model: Path) -> None:
    prompted = opened(save_model(tmp_path, prompts={"query": "robot robot "}))
    assert prompted.scores("松延", ["公司"]) != pytest.approx(
        opened(model).scores("松延", ["公司"])
    )


def test_a_model_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="3 scores a pair"):
        opened(save_model(tmp_path, labels=3))


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match=r"config\.json"):
        opened(tmp_path)


# -- in the search


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    pages = ["松延动力7月交付机器人。", "松延动力是公司。", "北京运动会。", "公司交付机器人台。"]
    index_sources(folder, [Source(f"{k}.txt", text) for k, text in enumerate(pages)])
    return folder


def test_the_best_passages_are_reordered_by_the_model(index: Path, model: Path) -> None:
    question = "松延动力交付多少机器人?"
    before = Bot.open(index).search(question)
    after = Bot.open(index, settings=Settings(reranker=str(model))).search(question)
    assert {h.article.source for h in after} == {h.article.source for h in before}
    scores = [hit.reranker for hit in after]
    assert None not in scores and scores == sorted(scores, reverse=True)
    assert opened(model).scores(question, [after[0].text]) == pytest.approx(scores[:1], abs=1e-5)
    assert after[0].why()["reranker"] == pytest.approx(scores[0], abs=1e-3)


def test_how_well_passages_fit_keeps_its_scale(index: Path, model: Path) -> None:
    question = "松延动力交付多少机器人?"
    before = [hit.score for hit in Bot.open(index).search(question)]
    after = Bot.open(index, settings=Settings(reranker=str(model))).search(question)
    assert [hit.score for hit in after] == before


def test_only_so_many_passages_are_looked_at(index: Path, model: Path) -> None:
    found = Bot.open(index, settings=Settings(reranker=str(model), reranked=2)).search("松延动力")
    assert [hit.reranker is not None for hit in found] == [True, True] + [False] * (len(found) - 2)


def test_without_a_reranker_hits_do_not_speak_of_one(index: Path) -> None:
    assert all("reranker" not in hit.why() for hit in Bot.open(index).search("松延动力"))


def test_a_reranker_that_cannot_be_fetched_says_what_to_do(index: Path) -> None:
    with pytest.raises(ModelError, match="hf download nobody/nothing") as caught:
        Bot.open(index, settings=Settings(reranker="nobody/nothing"))
    assert os.linesep not in str(caught.value)
