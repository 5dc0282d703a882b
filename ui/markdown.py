"""An answer as Markdown, with its citations as a list: what the copy button puts on the clipboard.

**松延动力7月交付多少台?**

105台 [1]

> 7月交付人形机器人105台创了纪录，8月的目标是200台！ [1]

1. 北京机器人产业加速崛起, 2025-08-16, 000.txt
"""

from __future__ import annotations

import re

from ui.turns import Place, Turn

_SIGNS = re.compile(r"([\\`*_<>#|~])")


def as_markdown(turn: Turn) -> str:
    """Return question, answer, cited sentence and citations; markup in them shows as text."""
    parts = [f"**{_plain(turn.question)}**"]
    reply = turn.reply
    if reply is None:
        return parts[0]
    markers = " ".join(f"[{place.key}]" for place in reply.citations)
    if reply.answer is not None:
        parts.append(f"{_plain(reply.answer)} {markers}".strip())
        parts += [f"> {_plain(place.quote)} [{place.key}]" for place in reply.citations[:1]]
    else:
        parts.append(_plain(reply.text))
    parts.append("\n".join(f"{place.key}. {_origin(place)}" for place in reply.citations))
    return "\n\n".join(part for part in parts if part)


def _origin(place: Place) -> str:
    file = f"{place.source} p. {place.page}" if place.page else place.source
    return _plain(", ".join(filter(None, [place.name, place.published, file])))


def _plain(text: str) -> str:
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))
