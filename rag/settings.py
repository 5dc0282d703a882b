"""Every value a user may turn, with its unit. Read from `youju.toml` and YOUJU_* variables in one
place: `load_settings`."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from rag.errors import YoujuError

SEARCH_PARTS = ("lexical", "dense", "order", "translation", "spelling", "aliases", "twins")


@dataclass(frozen=True, slots=True)
class Settings:
    """Plain values; the defaults are what the figures in README.md were measured with."""

    # "default" is the bundled model; else a sentence-transformers name or folder
    embedder: str = "default"
    # characters; the reader's window is 256 tokens, about 420 Chinese characters. An article of
    # Latin letters is cut two and a half times as long, and so is its overlap
    max_chunk_chars: int = 300
    overlap_chars: int = 90  # a sentence up to this long is repeated at the head of the next chunk
    candidates: int = 50  # passages BM25 brings to the fusion; the vectors bring half as many
    # what reorders the best passages: "none", or a cross-encoder's name or folder
    reranker: str = "none"
    reranked: int = 20  # passages it looks at; each costs it one run
    # what answers: "default", the bundled extractive reader; "openai:MODEL@http://HOST:PORT/v1",
    # any OpenAI-compatible endpoint; "local:NAME_OR_FOLDER", a transformers causal model. What a
    # language model writes passes rag.verify; where nothing does, the extractive answer stands
    reader: str = "default"
    reader_seconds: float = 60.0  # for one question, from the first byte sent to the last received
    reader_tokens: int = 600  # a language model may write; three sentences with quotes take 300
    reader_device: str = "auto"  # of a local model: cpu, cuda, cuda:1, mps; auto takes the fastest
    passages_read: int = 6  # passages the reader reads: 6 are read in 37 ms
    # what search does; leave words out to measure what they bring. lexical, dense: the two legs;
    # order: the learned order instead of BM25 over the best plus 0.3 cosine; translation: the
    # question's words in the corpus's other language; spelling: words the corpus spells otherwise;
    # aliases: other names that the articles give; twins: passages that say the same stand behind
    # the first of them
    search: str = " ".join(SEARCH_PARTS)
    # confidence; None: the threshold kept with the reader's weights
    refuse_below: float | None = None
    max_question_chars: int = 2000  # characters; a longer one is refused with an error
    max_source_chars: int = 50_000_000  # characters of one source


def load_settings(
    file: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings in force: defaults, then the TOML file, then YOUJU_<NAME> variables.

    Raises YoujuError naming the key when one is unknown or its value has the wrong type.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, object] = {}
    if file is not None and file.exists():
        try:
            values.update(tomllib.loads(file.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise YoujuError(
                f"{file} is not valid TOML ({error}): mend the line it names"
            ) from error
    values.pop("serve", None)  # the server's own table, read by ui.serve.settings
    known = {field.name: field for field in fields(Settings)}
    for name in known:
        if (value := environment.get(f"YOUJU_{name.upper()}")) is not None:
            values[name] = value
    if wrong := sorted(set(str(values.get("search", "")).split()) - set(SEARCH_PARTS)):
        raise YoujuError(
            f"setting search names {wrong[0]!r}: it may hold {', '.join(SEARCH_PARTS)}"
        )
    if unknown := sorted(set(values) - set(known)):
        raise YoujuError(f"unknown setting {unknown[0]!r}: the settings are {', '.join(known)}")
    converted: dict[str, Any] = {
        name: _convert(name, value, str(known[name].type)) for name, value in values.items()
    }
    return replace(Settings(), **converted)


def _convert(name: str, value: object, kind: str) -> str | int | float:
    if kind == "str":
        if not isinstance(value, str):
            raise YoujuError(f'setting {name} = {value!r} is not text: put it in "…"')
        return value
    try:
        number = int(str(value)) if kind == "int" else float(str(value))
    except ValueError as error:
        kind = "a whole number" if kind == "int" else "a number"
        raise YoujuError(f"setting {name} = {value!r} is not {kind}") from error
    least = 1 if kind == "int" and name != "overlap_chars" else 0
    if not least <= number < math.inf:
        raise YoujuError(f"setting {name} = {value!r} is out of range: give {least} or more")
    return number
