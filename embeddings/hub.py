"""Any sentence-transformers model, from a hub or a folder, with its own prompts.

sentence-transformers and torch are imported when a model is opened: that alone takes seconds.
"""

from __future__ import annotations

import hashlib
import importlib
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from embeddings import EmbedderError, Vectors
from embeddings.fetch import advice

if TYPE_CHECKING:
    import torch

QUERY_PROMPTS = ("query",)
PASSAGE_PROMPTS = ("document", "passage", "corpus")

_RETRIEVE = "Given a web search query, retrieve relevant passages that answer the query"
# Families whose repositories do not state their prompts: (part of the name, query, passage), from
# their model cards. The first that fits counts.
FAMILIES = (
    ("multilingual-e5-large-instruct", f"Instruct: {_RETRIEVE}\nQuery: ", ""),
    ("multilingual-e5", "query: ", "passage: "),
    ("Qwen3-Embedding", f"Instruct: {_RETRIEVE}\nQuery:", ""),
    ("bge-small-zh", "为这个句子生成表示以用于检索相关文章：", ""),
    ("bge-base-zh", "为这个句子生成表示以用于检索相关文章：", ""),
    ("bge-large-zh", "为这个句子生成表示以用于检索相关文章：", ""),
)

SAMPLE = 65_536  # numbers of a tensor that go into the fingerprint: two trainings differ everywhere
BATCHES = {"cpu": 32}  # texts at a time; more gains nothing on a CPU
BATCH = 128  # … on any accelerator: what 300-character passages need of 8 GB
SLICE = 8  # batches between two lines of progress, and two looks at who else waits


class _Model(Protocol):
    """What is used of SentenceTransformer."""

    prompts: dict[str, str]
    max_seq_length: int | None
    device: torch.device

    def encode(self, sentences: list[str], **options: object) -> Vectors: ...

    def state_dict(self) -> dict[str, torch.Tensor]: ...


class HubEmbedder:
    """A sentence-transformers model; text beyond its own maximum length is cut off by it."""

    def __init__(self, model: _Model, *, name: str) -> None:
        self._model = model
        self._turn = threading.Lock()  # fast tokenizers must not cut two texts at once
        self.name = name
        prompts: Mapping[str, str] = model.prompts or {}
        stated = any(prompts.values())
        query, passage = ("", "") if stated else _family_prompts(name)
        self.query_prompt = _first(prompts, QUERY_PROMPTS) or query
        self.passage_prompt = _first(prompts, PASSAGE_PROMPTS) or passage

    @classmethod
    def open(cls, name: str) -> HubEmbedder:
        """Load a model by name or folder; EmbedderError when it cannot be had."""
        try:
            library = importlib.import_module("sentence_transformers")
        except ImportError as error:
            raise EmbedderError(
                f"the embedding model {name!r} needs sentence-transformers: "
                "pip install sentence-transformers"
            ) from error
        if _looks_like_a_folder(name) and not (Path(name) / "modules.json").is_file():
            raise EmbedderError(
                f"no sentence-transformers model in {name!r} (modules.json is missing): "
                "name a folder that SentenceTransformer.save made"
            )
        try:
            return cls(library.SentenceTransformer(name), name=name)
        except Exception as error:  # what a hub client raises changes with its version
            raise EmbedderError(advice("embedding model", name, error)) from error

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._model.encode(["a"], show_progress_bar=False).shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of prompts, limit, samples of weights."""
        digest = hashlib.sha256()
        limit = self._model.max_seq_length
        digest.update(f"{self.query_prompt}\0{self.passage_prompt}\0{limit}".encode())
        for key, tensor in sorted(self._model.state_dict().items()):
            flat = tensor.detach().flatten()
            sample = flat[:: max(1, len(flat) // SAMPLE)].float().cpu().numpy()
            digest.update(f"{key}{tuple(tensor.shape)}".encode() + sample.tobytes())
        return digest.hexdigest()[:12]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return (n, dimension) float32, unit rows; a blank text has a zero row."""
        return self._encode(texts, prompt=self.query_prompt, task="query")

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return (n, dimension) float32, unit rows; a blank text has a zero row."""
        return self._encode(texts, prompt=self.passage_prompt, task="document")

    @property
    def batch(self) -> int:
        """Texts that the model reads at a time, by its device."""
        return BATCHES.get(self._model.device.type, BATCH)

    def _encode(self, texts: Sequence[str], *, prompt: str, task: str) -> Vectors:
        """Encode slice by slice, so that a question need not wait for all passages of an index;
        progress goes to a terminal's stderr."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        filled = [place for place, text in enumerate(texts) if text.strip()]
        step = self.batch * SLICE
        quiet = None if len(filled) > step else True  # None: tqdm asks whether this is a terminal
        bar = _progress(len(filled), quiet)
        for start in range(0, len(filled), step):
            places = filled[start : start + step]
            with self._turn:
                vectors[places] = self._model.encode(
                    [texts[place] for place in places],
                    prompt=prompt,
                    task=task,
                    batch_size=self.batch,
                    normalize_embeddings=True,
                    convert_to_numpy=True,
                    show_progress_bar=False,
                )
            bar.update(len(places))
        bar.close()
        return vectors


def _progress(total: int, quiet: bool | None) -> Any:
    """Return a bar of the texts embedded; `quiet` None shows it on a terminal only."""
    from tqdm import tqdm  # huggingface_hub's own

    return tqdm(total=total, desc="embedding", unit=" texts", leave=False, disable=quiet)


def _looks_like_a_folder(name: str) -> bool:
    return Path(name).is_dir() or name.startswith((".", "/", "~"))


def _first(prompts: Mapping[str, str], names: Sequence[str]) -> str:
    return next((prompts[name] for name in names if prompts.get(name)), "")


def _family_prompts(name: str) -> tuple[str, str]:
    for part, query, passage in FAMILIES:
        if part in name:
            return query, passage
    return "", ""
