"""An article as the command line and the API list it."""

from __future__ import annotations

from typing import Any

from rag.types import Article, Span


def article_row(article: Article, raw: str) -> dict[str, Any]:
    """Return an article as `youju articles --json` lists it; `raw`: the text of its source."""
    spans = article.to_source(Span(0, len(article.text)), raw)
    return {
        "id": article.id,
        "source": article.source,
        "title": article.title,
        "published": article.published,
        "byline": article.byline,
        "characters": len(article.text),
        "spans": [list(s) for s in spans],
    }
