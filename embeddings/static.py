"""The bundled multilingual model: one vector a token; a text is the mean of its tokens.

Light on purpose: numpy, tokenizers and safetensors only. The folder is in the own format of
sentence-transformers, and `SentenceTransformer("embeddings/weights")` gives the same vectors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from embeddings import EmbedderError, Vectors

WEIGHTS = Path(__file__).parent / "weights"

# Texts cut into tokens at once: enough to occupy every core, few enough to need little memory.
BLOCK = 256


class StaticEmbedder:
    """A model of StaticEmbedding and Normalize; queries and passages are treated alike."""

    def __init__(self, folder: Path, *, name: str) -> None:
        weights, tokenizer = folder / "model.safetensors", folder / "tokenizer.json"
        for path in (weights, tokenizer):
            if not path.is_file():
                raise EmbedderError(f"{path} is missing: install Youju again")
        try:
            tensors = load_file(weights)
            self._rows: NDArray[np.int8] = tensors["embeddings"]
            self._scale: NDArray[np.float32] = tensors["weights"]
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
        except Exception as error:  # safetensors and tokenizers raise their own, and bare ones
            raise EmbedderError(f"{folder} is damaged ({error}): install Youju again") from error
        self._folder = folder
        self.name = name

    @classmethod
    def bundled(cls) -> StaticEmbedder:
        """Open the model that comes with Youju."""
        return cls(WEIGHTS, name="default")

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._rows.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of weights and tokenizer."""
        digest = hashlib.sha256()
        for name in ("model.safetensors", "tokenizer.json"):
            digest.update(hashlib.sha256((self._folder / name).read_bytes()).digest())
        return digest.hexdigest()[:12]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return (n, dimension) float32, unit rows; text without a known word: a zero row."""
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return (n, dimension) float32, unit rows; text without a known word: a zero row."""
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for first in range(0, len(texts), BLOCK):
            # Half a surrogate pair is no text; tokenizers would refuse the whole block for it.
            block = [t.encode("utf-8", "ignore").decode() for t in texts[first : first + BLOCK]]
            encodings = self._tokenizer.encode_batch_fast(block, add_special_tokens=False)
            for place, encoding in enumerate(encodings, start=first):
                ids = encoding.ids
                if ids:  # one product a text: four times as fast as one reduceat a block
                    vectors[place] = self._scale[ids] @ self._rows[ids].astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.where(lengths > 0, lengths, 1)
        return vectors
