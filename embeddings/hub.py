"""Any sentence-transformers model, from a hub or a folder, with its own prompts.

sentence-transformers and torch are imported when a model is opened: that alone takes seconds.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from embeddings import EmbedderError, Vectors
from embeddings.fetch import advice

if TYPE_CHECKING:
    import torch

QUERY_PROMPTS = ("query",)
PASSAGE_PROMPTS = ("document", "passage", "corpus")

# Families whose repositories do not state their prompts: (part of the name, query, passage).
FAMILIES = (
    ("multilingual-e5-small", "query: ", "passage: "),
    ("multilingual-e5-base", "query: ", "passage: "),
    ("bge-small-zh", "为这个句子生成表示以用于检索相关文章：", ""),
    ("bge-base-zh", "为这个句子生成表示以用于检索相关文章：", ""),
    ("bge-large-zh", "为这个句子生成表示以用于检索相关文章：", ""),
)

SAMPLE = 65_536  # numbers of a tensor that go into the fingerprint: two trainings differ everywhere
BATCH = 32  # texts; more gains nothing on a CPU


class _Model(Protocol):
    """What is used of SentenceTransformer."""

    prompts: dict[str, str]
    max_seq_length: int | None

    def encode(self, sentences: list[str], **options: object) -> Vectors: ...

    def state_dict(self) -> dict[str, torch.Tensor]: ...


class HubEmbedder:
    """A sentence-transformers model; text beyond its own maximum length is cut off by it."""

    def __init__(self, model: _Model, *, name: str) -> None:
        self._model = model
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

    def _encode(self, texts: Sequence[str], *, prompt: str, task: str) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        filled = [place for place, text in enumerate(texts) if text.strip()]
        if filled:
            vectors[filled] = self._model.encode(
                [texts[place] for place in filled],
                prompt=prompt,
                task=task,
                batch_size=BATCH,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        return vectors


def _looks_like_a_folder(name: str) -> bool:
    return Path(name).is_dir() or name.startswith((".", "/", "~"))


def _first(prompts: Mapping[str, str], names: Sequence[str]) -> str:
    return next((prompts[name] for name in names if prompts.get(name)), "")


def _family_prompts(name: str) -> tuple[str, str]:
    for part, query, passage in FAMILIES:
        if part in name:
            return query, passage
    return "", ""
