"""What stands around a conversation, as HTML: the bar, the list of conversations, the first page.

Pure functions to safe markup, like `ui.render`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ui.render_text import button, escape, lang
from ui.words import STRINGS


def welcome_html(examples: Sequence[str], articles: int, *, language: str = "zh") -> str:
    """Return the first page: example questions as buttons, and how much there is to ask about."""
    words = STRINGS[language]
    chips = "".join(
        f'<li><button type="button" class="example" data-ask="{escape(question)}" dir="auto"'
        f"{lang(question)}>{escape(question)}</button></li>"
        for question in examples
    )
    tried = f'<h2>{escape(words["try"])}</h2><ul class="examples">{chips}</ul>' if chips else ""
    count = escape(words["corpus"].format(count=f"{articles:,}"))
    return (
        f'<div class="welcome" lang="{words["lang"]}">'
        f'<p class="tagline">{escape(words["tagline"])}</p>'
        f'{tried}<p class="corpus"><a href="#articles">{count}</a></p></div>'
    )


def header_html(*, language: str = "zh", views: Sequence[str] = ("chat",)) -> str:
    """Return the bar at the top: the name, the pages, language and theme."""
    words = STRINGS[language]
    links = "".join(f'<a href="#{view}">{escape(words[view])}</a>' for view in views)
    pages = f'<nav aria-label="{escape(words["views"])}">{links}</nav>' if len(views) > 1 else ""
    other = "en" if language == "zh" else "zh"
    switch = button(
        words["language"], "quiet", label=words["language_label"], language=other
    ).replace("<button", f'<button lang="{other}"', 1)
    return (
        f'<header class="bar" lang="{words["lang"]}">'
        f"{button(words['drawer'], 'drawer', label=words['drawer_label'], drawer='')}"
        f'<h1>{escape(words["name"])}</h1>{pages}<span class="right">{switch}'
        f"{button(words['theme'], 'quiet', label=words['theme_label'], theme='')}</span></header>"
    )


def talks_html(*, language: str = "zh") -> str:
    """Return the frame of the list of conversations; the browser fills it, for only it has them."""
    words = STRINGS[language]
    return (
        f'<nav class="talks" lang="{words["lang"]}" aria-label="{escape(words["talks"])}"'
        f' data-forget="{escape(words["forget"])}" data-label="{escape(words["forget_label"])}">'
        f"{button(words['new'], 'new', new='')}<ul></ul>"
        f'<p class="none">{escape(words["no_talks"])}</p></nav>'
    )
