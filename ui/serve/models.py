"""What goes in and out of the API, as pydantic sees it: checks requests, describes answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from rag.formats.text import iso_day

MOST_TURNS = 100  # of a conversation; far more than the bot looks back
MOST_TEXT = 20_000  # characters of one message; the question's own limit is the bot's
MOST_INPUTS = 256  # texts in one embeddings request
MOST_NAMES = 100


def _day(value: object) -> object:
    if isinstance(value, str) and iso_day(value) != value:
        raise ValueError("write a day as 2025-08-16")
    return value


Day = Annotated[
    str, BeforeValidator(_day), Field(json_schema_extra={"format": "date"}, examples=["2025-08-16"])
]
Name = Annotated[str, Field(min_length=1, max_length=1000)]
Question = Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
Collection = Literal["shared", "own"]


class Asked(BaseModel):
    """What a question and a search have in common."""

    model_config = ConfigDict(extra="forbid")

    question: Annotated[Question, Field(validation_alias=AliasChoices("question", "query", "q"))]
    source: list[Name] = Field(default=[], max_length=MOST_NAMES, description="only of these names")
    title: list[Name] = Field(
        default=[], max_length=MOST_NAMES, description="only of these whole titles"
    )
    since: Day | None = Field(default=None, description="published then or later")
    until: Day | None = Field(default=None, description="published then or earlier")
    collection: Collection = Field(default="shared", description="`own`: what this login uploaded")


class AskRequest(Asked):
    """A question and the conversation before it."""

    history: list[tuple[str, str]] = Field(
        [], max_length=MOST_TURNS, description="earlier turns, oldest first: [question, answer]"
    )


class SearchRequest(Asked):
    """A question to find passages for."""

    limit: int = Field(
        default=10, ge=1, le=100, strict=True, description="passages; copies not counted"
    )


class Citation(BaseModel):
    """Evidence: `quote` is what stands at `spans` of the source."""

    marker: int
    source: str
    page: int | None = None
    article_id: str
    title: str | None
    published: str | None
    spans: list[tuple[int, int]]
    quote: str
    answer_spans: list[tuple[int, int]]


class Hit(BaseModel):
    """A passage found."""

    rank: int
    source: str
    article_id: str
    spans: list[tuple[int, int]]
    text: str
    score: float
    why: dict[str, Any] | None = None
    same_as: int | None = None


class AnswerResponse(BaseModel):
    """An answer with its evidence, or a refusal."""

    question: str
    answer: str | None = Field(description="the short answer; null when refused")
    text: str = Field(description="what a chat shows, with markers [1] [2]")
    refused: bool
    confidence: float
    citations: list[Citation]
    hits: list[Hit]
    nearest: Citation | None = None
    standalone: str | None = None
    milliseconds: dict[str, float] = Field(description="as measured when it was computed")


class SearchResponse(BaseModel):
    """Passages, best first."""

    question: str
    hits: list[Hit]


class ArticleRow(BaseModel):
    """An article found in a source."""

    id: str
    source: str
    title: str | None
    published: str | None
    byline: str | None
    characters: int
    spans: list[tuple[int, int]]


class ArticleWithText(ArticleRow):
    """An article with its repaired text."""

    text: str


class ArticleList(BaseModel):
    """Some of the articles, and how many there are."""

    articles: list[ArticleRow]
    total: int


class Record(BaseModel):
    """A text to index under a name."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    text: Annotated[str, Field(min_length=1)]
    title: Annotated[str, Field(max_length=1000)] | None = None
    published: Day | None = None
    url: Annotated[str, Field(max_length=2000)] | None = None


class IndexRequest(BaseModel):
    """Texts to add or update."""

    model_config = ConfigDict(extra="forbid")

    sources: Annotated[list[Record], Field(min_length=1, max_length=1000)]
    collection: Collection = "shared"


class Problem(BaseModel):
    """What could not be indexed, and why."""

    name: str
    error: str


class Indexed(BaseModel):
    """What an upload did."""

    added: int
    changed: int
    unchanged: int
    articles: int
    passages: int
    problems: list[Problem]


class Removed(BaseModel):
    """What was taken out, and what was not there."""

    removed: list[str]
    missing: list[str]


class Counts(BaseModel):
    """What an index holds."""

    sources: int
    articles: int
    passages: int
    revision: int


class Health(BaseModel):
    """Whether the server takes requests."""

    status: Literal["ok"]


class ErrorResponse(BaseModel):
    """One line that says what happened and what to do."""

    error: str
