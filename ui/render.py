"""The conversation as HTML: pure functions from values to safe markup, nothing else.

Everything from outside (questions, article text, titles, file names, error messages) goes through
`ui.render_text.escape` before the first tag is put around it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.gloss import english_gloss
from rag.types import Span, essence
from ui.markdown import as_markdown
from ui.render_text import button, escape, lang, marked_html
from ui.turns import NEAREST, Differs, Place, Reply, Turn
from ui.words import STRINGS

CONFIDENCE_LEVELS = ((0.9, "high"), (0.7, "good"), (0.5, "fair"), (0.0, "low"))
"""Lower bounds of the calibrated probability, and the key of their words in `STRINGS`."""

LONG_ANSWER = 24
"""Characters: two lines of the large type on a 360 px screen; a longer answer is set smaller."""

_MARKER = re.compile(r"\[(\d{1,3})\]")
_BULLET = re.compile(r"^\s*(?:[-*•·]|\d{1,2}[.、)])\s+")
_LIST_ASKED = re.compile(
    "哪些|哪几|哪[两三四五六七八九十]|分别|which .*s\\b|what are|name the", re.I
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What the evidence panel shows: place `key` of turn number `turn` (from 0), as an article or
    as the raw source."""

    turn: int
    key: str
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Tools:
    """What can be done with a turn beside reading it: both need an index to write to."""

    judge: bool = False
    gold: bool = False


def conversation_html(
    turns: Sequence[Turn],
    opened: Opened | None = None,
    *,
    language: str = "zh",
    tools: Tools = Tools(),
) -> str:
    """Return the whole conversation, oldest turn first."""
    shown = [
        _turn_html(turn, number, opened, STRINGS[language], tools)
        for number, turn in enumerate(turns)
    ]
    return f'<div class="turns" lang="{STRINGS[language]["lang"]}">{"".join(shown)}</div>'


def answer_html(
    reply: Reply,
    question: str = "",
    *,
    turn: int = 0,
    opened: str | None = None,
    language: str = "zh",
) -> str:
    """Return the answer as the conversation shows it.

    `turn` is its place in the conversation, which the buttons carry; `opened` is the key of what
    the panel shows now.
    """
    words = STRINGS[language]
    link = Linker(reply, turn, opened, words)
    body = _refusal_html(reply, link) if reply.refused else _given_html(reply, question, link)
    return body + _understood_html(reply, question, words)


# -- one turn ----------------------------------------------------------------------------------


def _turn_html(
    turn: Turn, number: int, opened: Opened | None, words: dict[str, str], tools: Tools
) -> str:
    key = opened.key if opened and opened.turn == number else None
    language = "zh" if words is STRINGS["zh"] else "en"
    if turn.reply is not None:
        state = "refused" if turn.reply.refused else "answered"
        body = answer_html(turn.reply, turn.question, turn=number, opened=key, language=language)
    elif turn.error is not None:
        one_line = escape(" ".join(turn.error.split()) or words["failed"])
        state, body = "failed", f'<p class="error" role="alert" dir="auto">{one_line}</p>'
    else:
        state, body = "pending", _pending_html(turn, words)
    return (
        f'<section class="turn {state}"><h2 class="question" dir="auto"{lang(turn.question)}>'
        f'<span class="unseen">{escape(words["you"])} </span>{escape(turn.question)}</h2>'
        f'<div class="reply">{body}</div>{_tools_html(turn, number, words, tools)}</section>'
    )


def _pending_html(turn: Turn, words: dict[str, str]) -> str:
    said = (
        f'<p class="said" dir="auto"{lang(turn.partial)}>{escape(turn.partial)}</p>'
        if turn.partial
        else f'<p class="wait" role="status">{escape(words["pending"])}</p>'
    )
    return f"{said}<p>{button(words['stop'], 'stop', stop='')}</p>"


def _tools_html(turn: Turn, number: int, words: dict[str, str], tools: Tools) -> str:
    if turn.is_pending:
        return ""
    offered = [button(words["retry"], "tool", retry=number)]
    if turn.reply is not None:
        offered.insert(
            0, button(words["copy"], "tool", copy=as_markdown(turn), done=words["copied"])
        )
        if tools.judge:
            offered += [_thumb(turn, number, verdict, words) for verdict in ("up", "down")]
        if tools.gold:
            offered.append(button(words["gold"], "tool", label=words["gold_label"], gold=number))
    asked = turn.judged is not None and turn.feedback is not None
    form = _note_html(number, words) if asked else ""
    return f'<div class="tools">{"".join(offered)}</div>{form}'


def _thumb(turn: Turn, number: int, verdict: str, words: dict[str, str]) -> str:
    made = button(
        words[verdict], "tool", label=words[f"{verdict}_label"], turn=number, judge=verdict
    )
    pressed = "true" if turn.judged == verdict else "false"
    return made.replace("<button", f'<button aria-pressed="{pressed}"', 1)


def _note_html(number: int, words: dict[str, str]) -> str:
    return (
        f'<form class="note-form" data-note="{number}" data-noted="{escape(words["noted"])}">'
        f'<input name="note" maxlength="1000" autocomplete="off" dir="auto"'
        f' aria-label="{escape(words["note_label"])}" placeholder="{escape(words["note"])}">'
        f'<button type="submit" class="tool">{escape(words["note_send"])}</button></form>'
    )


@dataclass(frozen=True, slots=True)
class Linker:
    """What turns `[1]` into the button that opens evidence 1 of this turn."""

    reply: Reply
    turn: int
    opened: str | None
    words: dict[str, str]

    def button(self, place: Place, inner: str | None = None, *, css_class: str = "marker") -> str:
        """Return the button that opens `place`; `inner` is safe HTML, else its marker."""
        spoken = self.words["nearest"] if place.key == NEAREST else self.words["open_marker"]
        label = spoken.format(marker=place.key, title=place.name)
        named = f' aria-label="{escape(label)}"' if inner is None else ""
        return (
            f'<button type="button" class="{css_class}"'
            f' data-turn="{self.turn}" data-open="{escape(place.key)}"'
            f' aria-pressed="{"true" if place.key == self.opened else "false"}"{named}>'
            f"{escape(place.key) if inner is None else inner}</button>"
        )

    def text(self, text: str) -> str:
        """Return `text` escaped, `[n]` of a known citation as its button."""
        known = {place.key: place for place in self.reply.citations}

        def button_or_text(match: re.Match[str]) -> str:
            place = known.get(match[1])
            return self.button(place) if place else match[0]

        return _MARKER.sub(button_or_text, escape(text))


def _given_html(reply: Reply, question: str, link: Linker) -> str:
    lead = _short_html(reply.answer or "", question)
    if _says_more(reply, question):
        told = _unquoted(reply)
        lead += f'<p class="said" dir="auto"{lang(told)}>{link.text(told)}</p>'
    quotes = "".join(_quote_html(place, link) for place in reply.citations[:1])
    differs = "".join(_differs_html(one, link) for one in reply.differs)
    confidence = confidence_html(reply.confidence, link.words)
    return f"{lead}{quotes}{differs}{_also_html(reply, link)}{confidence}"


def _short_html(short: str, question: str) -> str:
    items = list_items(short, question)
    if items:
        listed = "".join(f'<li dir="auto">{escape(item)}</li>' for item in items)
        return f'<ul class="short list"{lang(short)}>{listed}</ul>'
    size = " long" if len(short) > LONG_ANSWER else ""
    gloss = english_gloss(short, question)
    told = f' <span class="gloss" lang="en">{escape(gloss)}</span>' if gloss else ""
    return f'<p class="short{size}" dir="auto"{lang(short)}>{escape(short)}{told}</p>'


def list_items(short: str, question: str) -> list[str]:
    """Return the items of an answer that is a list, [] for any other.

    >>> list_items("上海、杭州和宁波", "去了哪些城市?"), list_items("上海、杭州", "谁去了?")
    (['上海', '杭州', '宁波'], [])
    """
    lines = [line for line in short.splitlines() if line.strip()]
    if len(lines) > 1 and all(_BULLET.match(line) for line in lines):
        return [_BULLET.sub("", line) for line in lines]
    if not _LIST_ASKED.search(question) or not 1 <= short.count("、") <= 20:
        return []
    if re.search("[，。；（《“]", short):  # a clause, or a separator that belongs to a name
        return []
    *items, last = short.split("、")
    return [item.strip() for item in (*items, *re.split("[和与及]", last, maxsplit=1)) if item]


def _says_more(reply: Reply, question: str) -> bool:
    """Tell whether the text says more than the short answer, its gloss, the cited sentences and
    markers."""
    said = essence(_MARKER.sub("", reply.text))
    quotes = [place.quote for place in reply.citations]
    gloss = english_gloss(reply.answer or "", question) or ""
    # sentences first: the answer is a part of them
    for known in (*quotes, f"{reply.answer or ''} ({gloss})", reply.answer or ""):
        said = said.replace(essence(known), "")
    return any(char.isalnum() for char in said)


def _unquoted(reply: Reply) -> str:
    """Return the text without lines that are the cited sentence alone: it is shown below."""
    quotes = {essence(place.quote) for place in reply.citations[:1]}
    lines = reply.text.splitlines()
    return "\n".join(x for x in lines if essence(_MARKER.sub("", x)) not in quotes).strip()


def _quote_html(place: Place, link: Linker) -> str:
    whole = Span(0, len(place.quote))
    answers = [
        Span(max(0, a.start - place.span.start), max(0, a.end - place.span.start))
        for a in place.answers
    ]
    words = marked_html(place.quote, whole, [whole], answers)
    return (
        f'<blockquote class="quote" dir="auto"{lang(place.quote)}>'
        f"<p>{words} {link.button(place)}</p>"
        f"<footer>{origin_html(place, link.words)}</footer></blockquote>"
    )


def _differs_html(one: Differs, link: Linker) -> str:
    told = link.words["differs"].format(here=one.words, title=one.place.name, there=one.place.quote)
    opens = link.button(one.place, escape(link.words["open"]), css_class="open")
    return f'<p class="differs" dir="auto">{escape(told)} {opens}</p>'


def _also_html(reply: Reply, link: Linker) -> str:
    others = (*reply.citations[1:], *reply.also)
    if not others:
        return ""
    first = reply.citations[0].article_id if reply.citations else ""
    count = len({place.article_id for place in others} - {first})
    word = "evidence_list" if not count else "also_one" if count == 1 else "also"
    title = link.words[word].format(count=count)
    listed = "".join(f"<li>{source_button(place, link)}</li>" for place in others)
    return f'<div class="also"><h3>{escape(title)}</h3><ul>{listed}</ul></div>'


def source_button(place: Place, link: Linker) -> str:
    """Return the button with the marker, title, day and file of a place."""
    # the file tells reprints apart, which share their title
    file = f'<span class="file"><bdi>{escape(place.source)}</bdi></span>'
    marker = f'<span class="marker">{escape(place.key)}</span>' if place.key.isdigit() else ""
    inner = f'{marker}<span class="about">{_title_html(place)} {file}</span>'
    return link.button(place, inner, css_class="open")


def _refusal_html(reply: Reply, link: Linker) -> str:
    words = link.words
    nearest = essence(reply.nearest.quote) if reply.nearest else ""
    told = [said for said in reply.text.split("\n\n") if said.strip()]
    if nearest:  # it stands in a box of its own, below
        told = [said for said in told if nearest not in essence(said)]
    first, *rest = told or [words["refused"]]
    said = f'<p class="refusal" dir="auto"{lang(first)}>{escape(first)}</p>'
    said += "".join(f'<p class="said" dir="auto"{lang(t)}>{escape(t)}</p>' for t in rest)
    place = reply.nearest
    if place is None:
        return said
    return (
        f'{said}<div class="nearest"><h3>{escape(words["nearest"])}</h3>'
        f'<blockquote class="quote" dir="auto"{lang(place.quote)}><p>{escape(place.quote)}</p>'
        f"<footer>{origin_html(place, words)} "
        f"{link.button(place, escape(words['open']), css_class='open')}"
        "</footer></blockquote></div>"
    )


def _understood_html(reply: Reply, question: str, words: dict[str, str]) -> str:
    if not reply.standalone or essence(reply.standalone) == essence(question):
        return ""
    line = escape(words["standalone"].format(question=reply.standalone))
    return f'<p class="standalone" dir="auto">{line}</p>'


def confidence_html(confidence: float, words: dict[str, str]) -> str:
    """Return the calibrated confidence in words and as a number."""
    # a probability that was never 0 or 1 is not shown as one
    percent = min(99, max(1, round(confidence * 100)))
    level = next((name for bound, name in CONFIDENCE_LEVELS if percent >= 100 * bound), "low")
    return (
        f'<p class="confidence {level}" title="{escape(words["confidence_note"])}">'
        f"<span>{escape(words[level])}</span> <b>{percent}%</b></p>"
    )


def _title_html(place: Place) -> str:
    date = f" <time>{escape(place.published)}</time>" if place.published else ""
    return f"<cite><bdi>{escape(place.name)}</bdi></cite>{date}"


def origin_html(place: Place, words: dict[str, str]) -> str:
    """Return title, day and page of a place."""
    page = f" <span>{escape(words['page'].format(page=place.page))}</span>" if place.page else ""
    return f"{_title_html(place)}{page}"
