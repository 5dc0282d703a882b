"""Models that turn text into vectors; a leaf, it imports nothing of ours.

    >>> embedder = load()
    >>> embedder.encode_queries(["松延动力7月交付多少台?"]).shape
    (1, 256)

`Embedder` is what the rest of Youju knows of a model; static.py and hub.py hold the two kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from embeddings.static import StaticEmbedder

__all__ = ["Embedder", "EmbedderError", "Vectors", "load", "of_words"]

Vectors = NDArray[np.float32]


class EmbedderError(Exception):
    """A model cannot be had; the message is one line that says why and what to do."""


class Embedder(Protocol):
    """Turns texts into vectors whose inner product is the similarity of meaning, -1 to 1."""

    @property
    def name(self) -> str:
        """What `load` was given."""

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits; other weights or another vocabulary have others."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return (n, dimension) float32, unit rows; text without a known word: a zero row."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return (n, dimension) float32, unit rows; text without a known word: a zero row."""


def load(name: str = "default") -> Embedder:
    """Load the bundled model ("default"), or one of sentence-transformers by name or folder.

    Raises EmbedderError.
    """
    if name == "default":
        from embeddings.static import StaticEmbedder

        return StaticEmbedder.bundled()
    from embeddings.hub import HubEmbedder

    return HubEmbedder.open(name)


def of_words(embedder: Embedder) -> StaticEmbedder:
    """Return the model itself where it has one vector a word, else the bundled one.

    Raises EmbedderError.
    """
    from embeddings.static import StaticEmbedder

    return embedder if isinstance(embedder, StaticEmbedder) else _bundled()


@cache
def _bundled() -> StaticEmbedder:
    from embeddings.static import StaticEmbedder

    return StaticEmbedder.bundled()
