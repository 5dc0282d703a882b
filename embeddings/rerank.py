"""Any cross-encoder of sentence-transformers, from a hub or a folder: it reads question and passage
together and says how well they fit.

sentence-transformers and torch are imported when a model is opened: that alone takes seconds.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embeddings import EmbedderError
from embeddings.fetch import advice

BATCHES = {"cpu": 8}  # pairs at a time; small ones keep the padding short
BATCH = 64  # … on any accelerator


class Reranker:
    """A cross-encoder with one score a pair; pairs beyond its maximum length are cut off by it, its
    own prompt and activation are used."""

    def __init__(self, model: Any, *, name: str) -> None:
        self._model = model
        self._turn = threading.Lock()  # fast tokenizers must not cut two texts at once
        self.name = name

    @classmethod
    def open(cls, name: str) -> Reranker:
        """Load a model by name or folder; EmbedderError when it cannot be had."""
        try:
            library = importlib.import_module("sentence_transformers")
        except ImportError as error:
            raise EmbedderError(
                f"the reranker {name!r} needs sentence-transformers: pip install 'youju[hub]'"
            ) from error
        folder = Path(name).expanduser()
        if name.startswith((".", "/", "~")) and not (folder / "config.json").is_file():
            raise EmbedderError(
                f"no cross-encoder in {name!r} (config.json is missing): name a folder that"
                " CrossEncoder.save or `hf download` made"
            )
        try:
            model = library.CrossEncoder(str(folder) if folder.is_dir() else name)
        except Exception as error:  # what a hub client raises changes with its version
            raise EmbedderError(advice("reranker", name, error)) from error
        if model.num_labels != 1:
            raise EmbedderError(
                f"the reranker {name!r} gives {model.num_labels} scores a pair, not one: it is"
                " another kind of model; try BAAI/bge-reranker-v2-m3"
            )
        return cls(model, name=name)

    @property
    def batch(self) -> int:
        """Pairs that the model reads at a time, by its device."""
        return BATCHES.get(self._model.device.type, BATCH)

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """Return how well each passage answers the question; higher is better, the scale is the
        model's own."""
        if not passages:
            return []
        with self._turn:
            found = self._model.predict(
                [(question, passage) for passage in passages],
                batch_size=self.batch,
                show_progress_bar=False,
            )
        return [float(score) for score in found]
