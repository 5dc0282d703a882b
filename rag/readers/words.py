"""What training and reading share: the word table's file and the network's shape."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

MAX_TOKENS = 256  # of a passage, some 420 Chinese characters
MAX_QUESTION = 32  # tokens
MAX_SPAN = 36  # tokens, some 60 characters: the longest answers are reasons and quotations
BLOCKS = (
    "conv1",
    "conv2",
    "attend",
    "conv1",
    "conv4",
    "question",
    "conv2",
    "conv1",
    "attend",
    "conv1",
    "conv2",
    "question",
    "conv1",
    "attend",
)
HEADS = 4


class WordTable(NamedTuple):
    """Rows by word id: `vectors` for the network, `match` unit rows for soft matches, `rarity` 0
    (的) to 1 (once in a million)."""

    vectors: npt.NDArray[np.float32]
    match: npt.NDArray[np.float32]
    rarity: npt.NDArray[np.float32]


def load_word_table(path: Path) -> WordTable:
    """Read `words.safetensors`: int8 rows with one scale each; the second half of a row serves soft
    matches."""
    from safetensors.numpy import load_file

    arrays = load_file(path)
    vectors = arrays["rows"].astype(np.float32) * arrays["scales"].astype(np.float32)[:, None]
    match = vectors[:, vectors.shape[1] // 2 :]
    norms = np.linalg.norm(match, axis=1, keepdims=True).astype(np.float32)
    return WordTable(
        vectors,
        match / np.maximum(norms, np.float32(1e-6)),
        arrays["rarity"].astype(np.float32) / np.float32(255),
    )
