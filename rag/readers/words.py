"""What training and reading share: the files of word table and network, and its shape."""

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
    "feed",
    "conv1",
    "conv4",
    "question",
    "conv2",
    "conv1",
    "attend",
    "feed",
    "conv1",
    "conv2",
    "question",
    "conv1",
    "attend",
    "feed",
)
HEADS = 4
QUESTION_BLOCKS = 3


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


def load_network(path: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Read `network.safetensors`: float16 weights, and `own`, what each word has learnt beside its
    frozen vector, as int8 rows with one scale each."""
    from safetensors.numpy import load_file

    arrays = {name: array.astype(np.float32) for name, array in load_file(path).items()}
    rows, scales = arrays.pop("own.rows", None), arrays.pop("own.scales", None)
    if rows is not None and scales is not None:
        arrays["own.weight"] = rows * scales[:, None]
    return arrays


def save_network(weights: dict[str, npt.NDArray[np.float32]], path: Path) -> None:
    """Write what `load_network` reads."""
    from safetensors.numpy import save_file

    own = weights["own.weight"]
    scales = np.maximum(np.abs(own).max(1), 1e-6) / np.float32(127)
    arrays = {k: v.astype(np.float16) for k, v in weights.items() if k != "own.weight"}
    arrays["own.rows"] = np.rint(own / scales[:, None]).astype(np.int8)
    arrays["own.scales"] = scales.astype(np.float32)
    save_file(arrays, path)
