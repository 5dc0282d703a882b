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
from embeddings.unigram import UnigramCutter, known

WEIGHTS = Path(__file__).parent / "weights"

# Texts cut into tokens at once: enough to be fast, few enough to need little memory (60 MB).
BLOCK = 1024
# texts; for fewer at once the faster way is none, and before so many were cut, making its tables
# costs more than it saves
_SOME, _MANY = 8, 512
_KEPT = 2_000  # passages whose tokens are remembered, some 2 KB each: questions meet them again


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
        self._texts_cut = 0
        self._met: dict[str, NDArray[np.int64]] = {}
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

    def nearest(self, question: str, passages: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Return how near to each token of a question the nearest one of each passage is,
        (passages, tokens), 0 to 1, and how long that token's part of the question's vector is,
        (tokens,): of common words short."""
        (asked,) = self._cut([question])
        asked = np.unique(asked)
        of_question, lengths = self._unit_rows(asked)
        cut = self._cut_once(passages)
        tokens, places = np.unique(np.concatenate([*cut, asked]), return_inverse=True)
        near = np.maximum(self._unit_rows(tokens)[0] @ of_question.T, 0)
        best = np.zeros((len(passages), len(asked)), np.float32)
        end = 0
        for row, ids in zip(best, cut, strict=True):
            start, end = end, end + len(ids)
            near[places[start:end]].max(0, initial=0, out=row)
        return best, np.asarray(self._scale[asked] * lengths, np.float32)

    def _unit_rows(self, tokens: NDArray[np.int64]) -> tuple[Vectors, Vectors]:
        """Return the vectors of tokens at length 1, and how long they are in the table."""
        rows = self._rows.take(tokens, axis=0).astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))  # of whole numbers: exact
        rows /= np.where(lengths > 0, lengths, 1)[:, None]
        return rows, lengths

    def _encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for first in range(0, len(texts), BLOCK):
            for place, ids in enumerate(self._cut(texts[first : first + BLOCK]), start=first):
                if len(ids):  # one product a text: four times as fast as one reduceat a block
                    vectors[place] = self._scale[ids] @ self._rows[ids].astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.where(lengths > 0, lengths, 1)
        return vectors

    def _cut_once(self, passages: Sequence[str]) -> list[NDArray[np.int64]]:
        """Return the tokens of each passage; those met before are remembered."""
        met = self._met
        found = {text: met[text] for text in passages if text in met}
        new = dict.fromkeys(text for text in passages if text not in found)
        found.update(zip(new, self._cut(list(new)), strict=True))
        if len(met) + len(new) > _KEPT:
            self._met = met = {}
        met.update((text, found[text]) for text in new)
        return [found[text] for text in passages]

    def _cut(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Return the tokens of each text, in the same order whichever way they are found."""
        # Half a surrogate pair is no text; tokenizers would refuse all texts for it.
        texts = [text.encode("utf-8", "ignore").decode() for text in texts]
        if len(texts) >= _SOME:
            self._texts_cut += len(texts)
            if self._texts_cut >= _MANY and self._cutter is not None:
                return self._cutter.cut(texts)
        encodings = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [known(encoding.ids) for encoding in encodings]

    @cached_property
    def _cutter(self) -> UnigramCutter | None:
        """What cuts many texts at once; None for a tokenizer it cannot stand for."""
        try:
            return UnigramCutter(self._tokenizer)
        except ValueError:
            return None
