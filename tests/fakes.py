"""Small honest stand-ins that several test modules share."""

from __future__ import annotations

import zlib

import numpy as np

from rag.articles import split_articles
from rag.chunks import split_chunks
from rag.types import Source


class CharacterEmbedder:
    """A bag of characters in sixteen places, unit rows; counts the passages it has embedded."""

    name = "characters"
    dimension = 16

    def __init__(self, fingerprint="c0ffee000000"):
        self.fingerprint = fingerprint
        self.passages = []

    def encode_queries(self, texts):
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for character in text:
                row[zlib.crc32(character.encode("utf-8", "replace")) % self.dimension] += 1
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(lengths > 0, lengths, 1)

    def encode_passages(self, texts):
        self.passages += texts
        return self.encode_queries(texts)


def put(store, name, text, *, title=None, max_chars=40):
    """Store one source, as an indexing run does."""
    source = Source(name, text, title)
    articles = split_articles(source)
    chunks = [c for a in articles for c in split_chunks(a, max_chars, 10)]
    texts = [text[c.span.start : c.span.end] for c in chunks]
    vectors = CharacterEmbedder().encode_passages(texts)
    store.put(source, str(zlib.crc32(text.encode())), articles, chunks, vectors)
