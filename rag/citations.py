"""A claim → its citations: the sentences that say it, with the answer's characters in them.

Made as slices of an article, so that a quote that is not in the text cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.claims import Claim, Passage, passage_around, told_elsewhere
from rag.gloss import english_gloss
from rag.several import together
from rag.types import Article, Citation, Source, Span

_MOST = 4


def cite(
    marker: int,
    article: Article,
    answer: Span,
    source: Source,
    *,
    others: Sequence[Span] = (),
    at_least: int = 0,
) -> Citation:
    """Make a citation: the sentence around `answer`, with the answer inside it, and where both
    stand in the raw source. `others`: further parts of the answer, of the same sentence;
    `at_least`: characters, where neighbouring sentences are to help."""
    parts = (answer, *others)
    whole = Span(min(part.start for part in parts), max(part.end for part in parts))
    quote = passage_around(article, whole, at_least)
    answer_spans = tuple(raw for part in parts for raw in article.to_source(part, source.text))
    return Citation(
        marker,
        article,
        quote,
        parts,
        article.to_source(quote, source.text),
        answer_spans,
        source.page(answer_spans[0].start),
    )


def cited(
    claim: Claim, readable: Sequence[Passage], source: Callable[[str], Source]
) -> tuple[Citation, ...]:
    """Cite the places of a claim and where else it is told; of one put together every part, and
    what it was told from, one citation a sentence. `source` returns one by its name."""
    if claim.parts:
        found = together(tuple(dict.fromkeys((*claim.parts, *claim.support))))
    else:
        places = (*claim.places, *told_elsewhere(claim, readable))
        found = [(article, (span,)) for article, span in places]
    return tuple(
        cite(n, article, spans[0], source(article.source), others=spans[1:])
        for n, (article, spans) in enumerate(found[:_MOST], 1)
    )


def said(claim: Claim, question: str) -> str:
    """Return a claim with what it is in English, or the sum that it was reckoned by."""
    if claim.shown:
        chinese = any("\u4e00" <= char <= "\u9fff" for char in claim.shown + claim.text)
        return f"{claim.text}（{claim.shown}）" if chinese else f"{claim.text} ({claim.shown})"
    gloss = english_gloss(claim.text, question)
    return f"{claim.text} ({gloss})" if gloss else claim.text
