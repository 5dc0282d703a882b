"""The chat page: its layout, and the server that shows it.

What the parts do is in `ui.talk` (the conversation), `ui.corpus` and `ui.evaluation`; every picture
of it is drawn by `ui.render…`; what the browser does by itself is in `page.js`.

gradio takes about 5 s to import: `ui.cli` imports this module only inside the commands that show
a page.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import fastapi
import gradio as gr

from ui.corpus import MAX_FILE_MEGABYTES, CorpusView
from ui.evaluation import EvaluationView
from ui.feedback import Feedback
from ui.render import conversation_html
from ui.render_evidence import hint_html
from ui.render_frame import header_html, talks_html
from ui.server import OwnHostOnly, address, listen, server
from ui.shelf import Shelf
from ui.talk import Asked, Page
from ui.turns import Talk, to_json
from ui.words import STRINGS

STYLE = Path(__file__).with_name("style.css")
SCRIPT = Path(__file__).with_name("page.js")

WIRE = """youju.wire(element, trigger);
// 'open' 'again' 'halt' 'judge' 'note' 'gold' 'save' 'ask' 'talk' 'fresh' 'act'
"""
"""Makes clicks on our buttons gradio events, which gradio takes only if it finds their names."""

RESTORE = """
youju.list();
if (youju.current()) setTimeout(() => trigger('talk', {talk: youju.current()}));
"""

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

ASKED_AT_ONCE = 8
"""Questions worked on at once; more wait. Each takes a core for 60 ms, and two share a core."""

Made = TypeVar("Made")


def build(bot: Asked, examples: Sequence[str] | None = None, *, editable: bool = True) -> gr.Blocks:
    """Return the page of `bot`.

    A bot with a `folder` (its index) gets the pages of articles and evaluation, and feedback;
    without `editable` its articles can only be read. `page_options` must go with the page to
    `Blocks.launch` or `gr.mount_gradio_app`.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # for what analytics_enabled leaves out
    # gradio sums up its events with pandas after every one of them; nobody reads the sum
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(sys.maxsize)
    folder = getattr(bot, "folder", None)
    if folder is None:
        return _in_event_loop(lambda: _laid_out(Page(bot, examples), None, None))
    shelf = Shelf(folder, bot.settings)  # type: ignore[attr-defined]
    feedback = Feedback(folder)
    page = Page(bot, examples, shelf, feedback)
    corpus = CorpusView(shelf, editable=editable)
    evaluation = EvaluationView(bot, shelf, feedback)
    return _in_event_loop(lambda: _laid_out(page, corpus, evaluation))


class Parts(NamedTuple):
    """The parts of the page. The style sheet hides the welcome once there is a turn, and the hint
    once there is evidence: no callback has to."""

    header: gr.HTML
    kept: gr.HTML  # the conversation as `ui.turns.to_json` writes it; draws nothing
    talks: gr.HTML
    welcome: gr.HTML
    conversation: gr.HTML
    question: gr.Textbox
    hint: gr.HTML
    evidence: gr.HTML


def _laid_out(
    page: Page, corpus: CorpusView | None, evaluation: EvaluationView | None
) -> gr.Blocks:
    blocks: gr.Blocks = gr.Blocks(title="有据 Youju", analytics_enabled=False, fill_width=True)
    with blocks:
        gr.events.api(
            page.answer, api_name="ask", concurrency_id="ask", concurrency_limit=ASKED_AT_ONCE
        )  # first: it takes the name
        header = html(header_html(views=page.views), "header")
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="list", min_width=0):
                talks = html(talks_html(), "talks", RESTORE)
            with gr.Column(elem_id="chat", min_width=0):
                welcome = html(page.first_page(), "welcome")
                turned = "watch('value', () => youju.turned(element));"
                conversation = html(conversation_html(()), "conversation", turned)
                question = _question_box()
            with gr.Column(elem_id="side", min_width=0):
                hint = html(hint_html(), "hint")
                evidence = html("", "panel", "watch('value', () => youju.shown());")
        kept = _kept()
        parts = Parts(header, kept, talks, welcome, conversation, question, hint, evidence)
        asking = _connect(page, blocks, parts)
        if corpus is not None and evaluation is not None:
            corpus.lay_out(blocks, html)
            evaluation.lay_out(blocks, html)
            _connect_evaluation(page, evaluation, parts, asking)
    return blocks


QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
ASKING = QUIET | {"concurrency_id": "ask", "concurrency_limit": ASKED_AT_ONCE}
# None: opening reads what was found already, so it need not queue behind a question
READING = QUIET | {"concurrency_limit": None, "trigger_mode": "always_last"}


def _connect(page: Page, blocks: gr.Blocks, parts: Parts) -> list[Any]:
    """Connect the conversation; return the events that ask."""
    kept, conversation, evidence = parts.kept, parts.conversation, parts.evidence
    greeted = [parts.header, parts.talks, parts.welcome, parts.hint, parts.question]
    greeting = blocks.load(page.greet, None, greeted, **QUIET)
    greeting.then(None, js="() => youju.greeted()")
    blocks.load(None, js="() => youju.focus()")
    shown = [kept, conversation, evidence]
    chosen = parts.talks.talk(page.reopen, None, shown, **READING)
    told = [parts.question, *shown]
    asking = [
        parts.question.submit(page.ask, [parts.question, kept], told, cancels=[chosen], **ASKING),
        parts.welcome.ask(page.ask_given, kept, told, cancels=[chosen], **ASKING),
        conversation.again(page.again, kept, told, **ASKING),
    ]
    conversation.halt(page.halt, kept, [kept, conversation], cancels=asking, **READING)
    fresh = [kept, conversation, evidence, parts.welcome]
    parts.talks.fresh(page.fresh, None, fresh, cancels=[*asking, chosen], **READING)
    for part in (conversation, evidence):
        part.open(page.open, kept, [conversation, evidence], **READING)
    conversation.judge(page.judge, kept, [kept, conversation], **READING)
    conversation.note(page.note, kept, None, **READING)
    return asking


def _connect_evaluation(
    page: Page, evaluation: EvaluationView, parts: Parts, asking: list[Any]
) -> None:
    """Let the chat make gold rows, and the evaluation ask in the chat."""
    told = [parts.question, parts.kept, parts.conversation, parts.evidence]
    evaluation.report.ask(page.ask_given, parts.kept, told, **ASKING)
    parts.conversation.gold(evaluation.offer, parts.kept, parts.evidence, **READING)
    parts.evidence.save(evaluation.save, None, parts.evidence, **READING)


def page_options() -> dict[str, Any]:
    """Return the options of `Blocks.launch` and `gr.mount_gradio_app` that belong to the page."""
    script = SCRIPT.read_text(encoding="utf-8")
    return {
        "theme": theme(),
        "css_paths": [STYLE],
        "head": f"<script>\n{script}</script>",
        "footer_links": [],
        "run_history": False,  # the page keeps conversations itself
        "ssr_mode": False,
        "mcp_server": False,
        "enable_monitoring": False,  # its page prints to stdout
        "max_file_size": f"{MAX_FILE_MEGABYTES}mb",
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
    editable: bool = True,
) -> fastapi.FastAPI:
    """Put the page of `bot` under `path` of a web application, and return the application."""
    app.add_middleware(OwnHostOnly)
    blocks = build(bot, examples, editable=editable)
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


def html(value: str, element_id: str, script: str = "") -> gr.HTML:
    """Return a part of the page that shows safe HTML and whose buttons are gradio events."""
    return gr.HTML(value, elem_id=element_id, apply_default_css=False, js_on_load=WIRE + script)


def _kept() -> gr.HTML:
    return gr.HTML(
        to_json(Talk()),
        html_template="",  # it is data, not a picture
        visible="hidden",
        apply_default_css=False,
        js_on_load="watch('value', () => youju.keep(props.value));",
    )


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
