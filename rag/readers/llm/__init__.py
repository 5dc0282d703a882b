"""Language models as readers: numbered passages in, sentences with quotes out, piece by piece.

    reader = "openai:qwen3:8b@http://127.0.0.1:11434/v1"   Ollama, vLLM, llama.cpp, DeepSeek, …
    reader = "local:Qwen/Qwen3-0.6B"                       transformers, by name or folder

What a model writes is material, never an answer: `rag.writer` lets pass what `rag.verify` finds in
the passages.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypedDict

from rag.errors import ModelError
from rag.settings import Settings

KEYS = ("YOUJU_API_KEY", "OPENAI_API_KEY")
"""Where the key is looked for, in this order; nowhere else, and it is never written anywhere."""

_ENDPOINT = re.compile(r"(?P<model>[^@\s].*)@(?P<url>https?://[^\s@]+)")


class Message(TypedDict):
    """One turn of a chat."""

    role: str  # system, user or assistant
    content: str


class LanguageModel(Protocol):
    """Writes text. Safe to share between threads; one question never waits for another."""

    @property
    def name(self) -> str:
        """The model, as the setting names it."""

    def write(self, messages: Sequence[Message], *, seconds: float) -> Iterator[str]:
        """Yield what the model writes, in pieces, for at most `seconds`.

        Raises ReaderError, with one line. Closing the iterator ends the work.
        """


def open_model(
    settings: Settings, environment: Mapping[str, str] | None = None
) -> LanguageModel | None:
    """Return the language model that the setting `reader` names; None for the bundled reader.

    Raises ModelError when the setting makes no sense or a local model cannot be loaded. An endpoint
    is asked for nothing yet.
    """
    kind, _, rest = settings.reader.partition(":")
    if settings.reader == "default":
        return None
    if kind == "openai" and (named := _ENDPOINT.fullmatch(rest)):
        from rag.readers.llm.endpoint import Endpoint

        environment = os.environ if environment is None else environment
        key = next((k for name in KEYS if (k := environment.get(name, "").strip())), None)
        return Endpoint(named["model"], named["url"], key=key, tokens=settings.reader_tokens)
    if kind == "local" and rest:
        from rag.readers.llm.local import LocalModel

        return LocalModel.open(rest, device=settings.reader_device, tokens=settings.reader_tokens)
    shown = re.sub("//[^/@]*@", "//***@", settings.reader)  # a password has no place here
    raise ModelError(
        f"setting reader = {shown!r} names no reader: write default,"
        " openai:MODEL@http://HOST:PORT/v1 or local:NAME_OR_FOLDER (a key belongs in YOUJU_API_KEY)"
    )
