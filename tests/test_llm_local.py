"""rag.readers.llm.local: a causal model of transformers, here a tiny one of random weights."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from rag.errors import ModelError, ReaderError
from rag.readers.llm import LanguageModel, open_model
from rag.settings import Settings

pytest.importorskip("transformers")

MESSAGES = [
    {"role": "system", "content": "机器人"},
    {"role": "user", "content": "robot 台台台"},
]
TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}> {{ m['content'] }} {% endfor %}"
    "{% if add_generation_prompt %}<assistant> {% endif %}"
)
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    + TEMPLATE
)
WORDS = [
    "<pad>",
    "<end>",
    "<unk>",
    "<system>",
    "<user>",
    "<assistant>",
    *"机器人台交付了七月一百",
    "robot",
]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def save_model(folder: Path, *, template: str | None = TEMPLATE, positions: int = 128) -> Path:
    """Save a Llama of one layer and 16 dimensions that knows a few words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    inner = Tokenizer(models.WordLevel({w: k for k, w in enumerate(WORDS)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(" ", "removed")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<end>", pad_token="<pad>", unk_token="<unk>"
    )
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=positions,
        eos_token_id=1,
        pad_token_id=0,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("model"))


def opened(folder: Path, *, tokens: int = 8, device: str = "cpu") -> LanguageModel:
    setting = Settings(reader=f"local:{folder}", reader_tokens=tokens, reader_device=device)
    model = open_model(setting, {})
    assert model is not None
    return model


def test_it_writes_what_the_model_generates_after_its_chat_template(folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    pieces = list(opened(folder).write(MESSAGES, seconds=30))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompt = "<system> 机器人 <user> robot 台台台 <assistant> "
    inputs = tokenizer(prompt, return_tensors="pt", return_token_type_ids=False)
    model = AutoModelForCausalLM.from_pretrained(folder)
    whole = model.generate(**inputs, max_new_tokens=8, do_sample=False)
    length = inputs["input_ids"].shape[1]
    expected = tokenizer.decode(whole[0, length:], skip_special_tokens=True)
    assert "".join(pieces).split() == expected.split() != []


def test_it_writes_no_more_than_the_tokens_allowed(folder: Path) -> None:
    for tokens in (1, 5):
        written = "".join(opened(folder, tokens=tokens).write(MESSAGES, seconds=30))
        assert len(written.split()) <= tokens


def test_a_template_without_a_systems_turn_gets_all_in_one(tmp_path: Path) -> None:
    model = opened(save_model(tmp_path, template=NO_SYSTEM))
    assert list(model.write(MESSAGES, seconds=30))


def test_a_model_without_a_template_goes_on_from_the_text(tmp_path: Path) -> None:
    assert list(opened(save_model(tmp_path, template=None)).write(MESSAGES, seconds=30))


def test_a_prompt_that_does_not_fit_says_what_to_lower(tmp_path: Path) -> None:
    model = opened(save_model(tmp_path, positions=12))
    with pytest.raises(ReaderError, match="passages_read") as caught:
        list(model.write(MESSAGES, seconds=30))
    assert "\n" not in str(caught.value)


def test_it_stops_when_the_time_is_over(tmp_path: Path) -> None:
    model = opened(save_model(tmp_path, positions=60_000), tokens=50_000)
    started = time.monotonic()
    with pytest.raises(ReaderError, match=r"did not finish in 0\.5 s"):
        list(model.write(MESSAGES, seconds=0.5))
    assert time.monotonic() - started < 10


def test_it_stops_when_nobody_listens(tmp_path: Path) -> None:
    model = opened(save_model(tmp_path, positions=60_000), tokens=50_000)
    pieces = model.write(MESSAGES, seconds=60)
    next(pieces)
    del pieces
    deadline = time.monotonic() + 10
    while any(t.name == "youju-local-model" for t in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_questions_run_side_by_side_and_do_not_mix(folder: Path) -> None:
    model = opened(folder)
    alone = "".join(model.write(MESSAGES, seconds=30))
    found: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: found.append("".join(model.write(MESSAGES, seconds=30))), daemon=True
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [alone] * 4


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json"):
        opened(tmp_path)


def test_a_name_that_cannot_be_fetched_says_what_to_do() -> None:
    with pytest.raises(
        ModelError, match="hf download nobody/nothing"
    ) as caught:
        open_model(Settings(reader="local:nobody/nothing"), {})
    assert "\n" not in str(caught.value)


def test_a_device_that_is_not_there_is_an_error_in_one_line(folder: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        opened(folder, device="warp")
    assert "\n" not in str(caught.value)
