"""Errors a person can act on. Every message says what happened, with the values, and what to type.

YoujuError
├── SourceError           a file or folder cannot be used as input
│   ├── MissingSource         the path does not exist
│   ├── EmptySource           nothing to index in it
│   ├── UnreadableSource      binary, wrong encoding, wrong format
│   └── NeedsOcr              pages that are only pictures
├── QuestionError         the question cannot be asked (empty, too long)
├── StoreError            the index cannot be used
│   ├── MissingIndex          nothing there yet
│   ├── WrongEmbedder         made by another embedding model
│   └── DamagedIndex          not a Youju index, another format version, or corrupt
├── ModelError            an embedding or reading model cannot be loaded
│   └── ReaderError           a language model did not answer: key, host, model, context, time
└── GoldError             a gold or prediction file breaks the contract
"""


class YoujuError(Exception):
    """The root: catch this at the command line and in the page's callbacks, nowhere else."""


class SourceError(YoujuError):
    """A file or folder cannot be used as input."""


class MissingSource(SourceError):
    """The path does not exist."""


class EmptySource(SourceError):
    """There is nothing to index in it."""


class UnreadableSource(SourceError):
    """Binary content, an unknown encoding or a broken record."""


class NeedsOcr(SourceError):
    """Pages of it are pictures without text; the message names them."""


class QuestionError(YoujuError):
    """The question is empty or longer than `Settings.max_question_chars`."""


class StoreError(YoujuError):
    """The index cannot be used."""


class MissingIndex(StoreError):
    """There is no index in the folder yet."""


class WrongEmbedder(StoreError):
    """The index was made by another embedding model, so vectors do not compare."""


class DamagedIndex(StoreError):
    """The folder holds no Youju index, one of another format version, or a corrupt one."""


class ModelError(YoujuError):
    """An embedding or reading model cannot be loaded."""


class ReaderError(ModelError):
    """A language model did not answer: key, host, model, context or time."""


class GoldError(YoujuError):
    """A gold set or a prediction file breaks the contract; the message names the line."""
