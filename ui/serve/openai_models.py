"""OpenAI's requests and answers, as far as we read and write them. Fields of theirs that change
nothing here (temperature, max_tokens …) are taken and ignored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ui.serve.models import MOST_INPUTS, MOST_TEXT, MOST_TURNS, Citation

CHAT_MODEL = "youju"
OWN_MODEL = "youju-own"
EMBEDDING_MODEL = "youju-embedding"


class TextPart(BaseModel):
    """A piece of a message."""

    type: Literal["text"]
    text: Annotated[str, Field(max_length=MOST_TEXT)]


class ChatMessage(BaseModel):
    """A message of a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: (
        Annotated[str, Field(max_length=MOST_TEXT)]
        | Annotated[list[TextPart], Field(max_length=100)]
    )


class StreamOptions(BaseModel):
    """What a stream ends with."""

    include_usage: Annotated[bool, Field(strict=True)] = False


class ChatRequest(BaseModel):
    """A conversation whose last message, the user's, is the question."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(default=CHAT_MODEL, max_length=200)
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=2 * MOST_TURNS + 2)]
    stream: Annotated[bool, Field(strict=True)] | None = False
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=1, strict=True)] | None = 1  # true is no 1


class EmbeddingRequest(BaseModel):
    """Texts to turn into vectors."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(default=EMBEDDING_MODEL, max_length=200)
    input: (
        Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
        | Annotated[
            list[Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]],
            Field(min_length=1, max_length=MOST_INPUTS),
        ]
    )
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: Annotated[int, Field(ge=1, strict=True)] | None = None
    input_type: Literal["passage", "query"] = Field(
        default="passage",
        description="not OpenAI's: what the texts are",
    )


class Usage(BaseModel):
    """Characters, where OpenAI counts tokens: nobody pays by them here."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class AnswerMessage(BaseModel):
    """The answer, with markers and their footnotes in the text."""

    role: Literal["assistant"]
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one answer."""

    index: int
    message: AnswerMessage
    finish_reason: Literal["stop"]
    logprobs: None = None


class ChatResponse(BaseModel):
    """OpenAI's chat completion and three fields more."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    citations: list[Citation] = Field(description="not OpenAI's: the evidence, as `/ask` gives it")
    refused: bool = Field(description="not OpenAI's: the articles do not hold the answer")
    confidence: float = Field(description="not OpenAI's: how likely the answer is right, 0 to 1")


class Embedding(BaseModel):
    """One text's vector."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    """Characters."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingResponse(BaseModel):
    """Vectors in the order of the texts."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: EmbeddingUsage


class Model(BaseModel):
    """A model by name."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(BaseModel):
    """The models there are."""

    object: Literal["list"]
    data: list[Model]


class ErrorBody(BaseModel):
    """What happened."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """OpenAI's shape of an error."""

    error: ErrorBody
