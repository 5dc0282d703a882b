"""The chat page: its layout, its callbacks, and the server that shows it.

A question goes through `Page.ask`, which yields twice: the conversation with the question in it,
at once, and the same conversation with the answer or the error. What the page knows lives in one
list of `Turn`; every picture of it is drawn anew by `ui.render`.

gradio takes about 5 s to import: `ui.cli` imports this module only inside the commands that show
a page.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import fastapi
import gradio as gr

from rag.errors import YoujuError
from rag.types import Answer, Article, History
from ui import examples as example_questions
from ui.render import (
    NEAREST,
    Opened,
    Turn,
    conversation_html,
    evidence_html,
    header_html,
    hint_html,
    language_of,
    welcome_html,
)
from ui.server import OwnHostOnly, address, listen, server
from ui.words import STRINGS

logger = logging.getLogger(__name__)

STYLE = Path(__file__).with_name("style.css")

HEAD = """<script>
(() => {
  document.documentElement.lang = /^zh/i.test(navigator.language) ? 'zh-Hans' : 'en';
  // Enter that confirms a word of an input method must not send the question. Chromium reports
  // such a key with isComposing or keyCode 229; Safari ends the composition just before the key.
  let composing = false;
  addEventListener('compositionstart', () => { composing = true; }, true);
  addEventListener('compositionend', () => { setTimeout(() => { composing = false; }); }, true);
  for (const type of ['keydown', 'keypress']) addEventListener(type, (event) => {
    if (event.key === 'Enter' && (composing || event.isComposing || event.keyCode === 229)) {
      event.stopImmediatePropagation();
    }
  }, true);
  // Beside the chat, the panel scrolls to the sentence at once; below it, only when asked to.
  const beside = matchMedia('(min-width: 901px)');
  let asked = false;
  window.youju = {
    beside,
    ask: () => { asked = true; window.youju.reveal(); },
    reveal: () => {
      const mark = document.getElementById('evidence');
      if (mark && (asked || beside.matches)) mark.scrollIntoView({block: 'center'});
    },
    settle: () => { window.youju.reveal(); asked = false; },
    turn: (newest) => { asked = false; newest.scrollIntoView({block: 'start'}); },
    back: () => {
      const turns = document.querySelectorAll('.turn');
      if (turns.length) turns[turns.length - 1].scrollIntoView({block: 'start'});
    },
  };
})();
</script>"""
"""Small helpers of the page; no library, no other host."""

CLICKS = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  const {turn, marker, example} = button.dataset;
  if (marker !== undefined) { youju.ask(); trigger('click', {turn: +turn, marker: +marker}); }
  else if (example !== undefined) trigger('submit', {example: +example});
  else if ('new' in button.dataset) trigger('click', {});
  else if ('back' in button.dataset) youju.back();
});
"""
"""Our buttons carry what they open in data- attributes; this makes a click a gradio event."""

FOLLOW_TURNS = """
let last = '';
watch('value', () => {
  const turns = element.querySelectorAll('.turn');
  const newest = turns[turns.length - 1];
  const state = newest ? turns.length + newest.className : '';
  if (newest && state !== last) youju.turn(newest);
  last = state;
});
"""

FOLLOW_EVIDENCE = "watch('value', () => youju.settle());"

FOCUS = """() => {
  if (youju.beside.matches) document.querySelector('#question textarea')?.focus();
}"""
"""The question box takes the keyboard where there is one; on a phone it would cover the page."""

GREETED = "() => { document.documentElement.dataset.greeted = ''; }"
"""What is drawn anew while the page loads is drawn: tests click after that, people may before."""

FONTS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "sans-serif",
)
"""Fonts that readers have already; none is downloaded."""


Made = TypeVar("Made")


class Asked(Protocol):
    """What the page needs of a bot; `rag.answer.Bot` is one."""

    def ask(self, question: str, history: History = ()) -> Answer:
        """Return the answer to `question` after the turns of `history`."""

    def articles(self) -> list[Article]:
        """Return the articles that can be asked about."""


class Page:
    """The callbacks of the page: from what the reader did to what the page shows."""

    def __init__(self, bot: Asked, examples: Sequence[str] | None = None) -> None:
        """Show `examples` before the first question; None draws some from the bot's articles."""
        self.bot = bot
        self.examples = examples

    def greet(self, request: gr.Request) -> tuple[str, str, str, Any]:
        """Return header, first page, hint and question box in the language of a new reader.

        None of them is written by anything else: this runs while the page loads, and a question
        may be asked, and answered, before it is over.
        """
        language = _language(request)
        words = STRINGS[language]
        box = gr.Textbox(label=words["question"], placeholder=words["ask"])
        header, hint = header_html(language=language), hint_html(language=language)
        return header, self.first_page(language), hint, box

    def restart(self, request: gr.Request) -> tuple[list[Turn], str, str, str]:
        """Return no turns, no conversation, no evidence and a fresh first page."""
        language = _language(request)
        empty = conversation_html([], language=language)
        return [], empty, "", self.first_page(language)

    def first_page(self, language: str = "zh") -> str:
        """Return what the conversation shows before the first question."""
        articles = self._articles()
        return welcome_html(self._examples(articles), articles, language=language)

    def ask(
        self, question: str, turns: list[Turn], request: gr.Request
    ) -> Iterator[tuple[Any, list[Turn], Any, Any]]:
        """Yield (question box, turns, conversation, evidence): asked first, then answered."""
        language = _language(request)
        question = question.strip()
        if not question:
            yield gr.skip(), turns, gr.skip(), gr.skip()
            return
        asked = [*turns, Turn(question)]
        yield "", asked, conversation_html(asked, language=language), gr.skip()
        turn = self._turn(question, turns, language)
        told = [*turns, turn]
        yield gr.skip(), told, *_shown(told, _first_evidence(told), language)

    def ask_example(
        self, turns: list[Turn], event: gr.EventData, request: gr.Request
    ) -> Iterator[tuple[Any, list[Turn], Any, Any]]:
        """Ask the example question that was clicked."""
        offered = self._examples(self._articles())
        number = _number(event, "example")
        question = offered[number] if number is not None and number < len(offered) else ""
        yield from self.ask(question, turns, request)

    def open(self, turns: list[Turn], event: gr.EventData, request: gr.Request) -> tuple[Any, Any]:
        """Return (conversation, evidence) with the clicked marker opened."""
        turn, marker = _number(event, "turn"), _number(event, "marker")
        if turn is None or marker is None or turn >= len(turns):
            return gr.skip(), gr.skip()
        return _shown(turns, Opened(turn, marker), _language(request))

    def _turn(self, question: str, earlier: Sequence[Turn], language: str) -> Turn:
        try:
            return Turn(question, answer=self.bot.ask(question, history_of(earlier)))
        except YoujuError as error:
            return Turn(question, error=str(error))
        except Exception:  # the page's edge: a defect must not cost the reader the conversation
            logger.exception("no answer to %r", question)
            return Turn(question, error=STRINGS[language]["failed"])

    def _articles(self) -> list[Article]:
        try:
            return self.bot.articles()
        except YoujuError as error:
            logger.warning("no list of articles: %s", error)
            return []

    def _examples(self, articles: Sequence[Article]) -> Sequence[str]:
        if self.examples is not None:
            return self.examples
        return example_questions.drawn_from(articles)


def build(bot: Asked, examples: Sequence[str] | None = None) -> gr.Blocks:
    """Return the page of `bot`.

    `page_options` must go with it to `Blocks.launch` or `gr.mount_gradio_app`.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # for what analytics_enabled leaves out
    # gradio sums up its events with pandas after every one of them; nobody reads the sum
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(sys.maxsize)
    return _in_event_loop(lambda: _laid_out(Page(bot, examples)))


def _laid_out(page: Page) -> gr.Blocks:
    blocks: gr.Blocks = gr.Blocks(title="有据 Youju", analytics_enabled=False, fill_width=True)
    with blocks:
        header = _html(header_html(), "header", CLICKS)
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="chat", min_width=0):
                welcome = _html(page.first_page(), "welcome", CLICKS)
                conversation = _html(conversation_html([]), "conversation", CLICKS + FOLLOW_TURNS)
                question = _question_box()
            with gr.Column(elem_id="side", min_width=0):
                hint = _html(hint_html(), "hint", "")
                evidence = _html("", "panel", CLICKS + FOLLOW_EVIDENCE)
        _connect(page, blocks, Parts(header, welcome, conversation, question, hint, evidence))
    return blocks


class Parts(NamedTuple):
    """The parts of the page. The style sheet hides the welcome once there is a turn, and the hint
    once there is evidence: no callback has to."""

    header: gr.HTML
    welcome: gr.HTML
    conversation: gr.HTML
    question: gr.Textbox
    hint: gr.HTML
    evidence: gr.HTML


def _connect(page: Page, blocks: gr.Blocks, parts: Parts) -> None:
    header, welcome, conversation, question, hint, evidence = parts
    turns = gr.State([])
    told = [question, turns, conversation, evidence]
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    greeting = blocks.load(page.greet, None, [header, welcome, hint, question], **quiet)
    greeting.then(None, js=GREETED)
    blocks.load(None, js=FOCUS)
    asking: list[dict[str, Any]] = [
        question.submit(page.ask, [question, turns], told, **quiet),
        welcome.submit(page.ask_example, turns, told, **quiet),
    ]
    fresh = [turns, conversation, evidence, welcome]
    header.click(page.restart, None, fresh, cancels=asking, **quiet)
    for shown in (conversation, evidence):
        # None: opening reads what was found already, so it need not queue behind a question
        shown.click(
            page.open,
            turns,
            [conversation, evidence],
            concurrency_limit=None,
            trigger_mode="always_last",
            **quiet,
        )


def page_options() -> dict[str, Any]:
    """Return the options of `Blocks.launch` and `gr.mount_gradio_app` that belong to the page."""
    return {
        "theme": theme(),
        "css_paths": [STYLE],
        "head": HEAD,
        "footer_links": [],
        "run_history": False,  # conversations stay out of the browser's storage
        "ssr_mode": False,
        "mcp_server": False,
        "enable_monitoring": False,  # its page prints to stdout
        "max_file_size": 1,  # byte: nothing is uploaded here
    }


def theme() -> gr.themes.Base:
    """Return a plain theme with fonts that are already on the reader's machine."""
    fonts = [gr.themes.Font(name) for name in FONTS]
    return gr.themes.Base(
        primary_hue="teal",
        neutral_hue="stone",
        font=fonts,
        font_mono=[gr.themes.Font("ui-monospace"), gr.themes.Font("monospace")],
    )


def mount(
    app: fastapi.FastAPI,
    bot: Asked,
    *,
    path: str = "/",
    examples: Sequence[str] | None = None,
) -> fastapi.FastAPI:
    """Put the page of `bot` under `path` of a web application, and return the application."""
    app.add_middleware(OwnHostOnly)
    blocks = build(bot, examples)
    options = page_options()
    mounted: fastapi.FastAPI = _in_event_loop(
        lambda: gr.mount_gradio_app(app, blocks, path=path, **options)
    )
    return mounted


def serve(
    bot: Asked,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    examples: Sequence[str] | None = None,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve the page until interrupted; call `ready` with its address once it can be opened.

    Port 0 takes any free port. Nothing is printed. Raises YoujuError when the address cannot be
    used.
    """
    with listen(host, port) as listener:
        app = mount(fastapi.FastAPI(openapi_url=None), bot, examples=examples)
        ready(address(listener))
        with contextlib.suppress(KeyboardInterrupt):
            server(app).run(sockets=[listener])


def history_of(turns: Sequence[Turn]) -> list[tuple[str, str]]:
    """Return the answered turns as the bot takes them: (question, short answer), oldest first.

    A refusal's answer is what it said.
    """
    answered = [(turn.question, turn.answer) for turn in turns if turn.answer is not None]
    return [(question, answer.answer or answer.text) for question, answer in answered]


def _in_event_loop(make: Callable[[], Made]) -> Made:
    """Return what `make` makes while an event loop runs.

    Without one gradio opens a loop for every lock it makes and closes none of them.
    """

    async def made() -> Made:
        return make()

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(made())
    return make()


def _html(value: str, element_id: str, script: str) -> gr.HTML:
    return gr.HTML(value, elem_id=element_id, apply_default_css=False, js_on_load=script)


def _question_box() -> gr.Textbox:
    words = STRINGS["zh"]
    return gr.Textbox(
        label=words["question"],
        placeholder=words["ask"],
        show_label=False,
        container=False,
        lines=1,
        max_lines=6,
        submit_btn=True,
        elem_id="question",
    )


def _shown(turns: Sequence[Turn], opened: Opened | None, language: str) -> tuple[str, str]:
    conversation = conversation_html(turns, opened, language=language)
    answer = turns[opened.turn].answer if opened else None
    if opened is None or answer is None:
        return conversation, ""
    return conversation, evidence_html(answer, opened.marker, turn=opened.turn, language=language)


def _first_evidence(turns: Sequence[Turn]) -> Opened | None:
    """Return what the panel shows after the last turn: its first citation or nearest passage."""
    answer = turns[-1].answer
    if answer is None:
        return None
    if answer.citations:
        return Opened(len(turns) - 1, answer.citations[0].marker)
    return Opened(len(turns) - 1, NEAREST) if answer.nearest else None


def _number(event: gr.EventData, name: str) -> int | None:
    """Return a count that the browser sent with a click, None for anything else it may send."""
    value = event._data.get(name) if isinstance(event._data, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _language(request: gr.Request | None) -> str:
    headers = request.headers if request is not None else {}
    return language_of(headers.get("accept-language"))
