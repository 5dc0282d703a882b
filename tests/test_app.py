"""The callbacks of the chat page, called as gradio calls them, and the server around them."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rag.errors import QuestionError, YoujuError
from rag.types import Answer, Article, Citation, History, Run, Source, Span

gradio = pytest.importorskip("gradio")
httpx = pytest.importorskip("httpx")

from ui.app import build, mount, page_options, theme  # noqa: E402  (gradio may be missing)
from ui.server import address, listen  # noqa: E402
from ui.talk import Page  # noqa: E402
from ui.turns import Talk, Turn, from_json, history_of, to_json  # noqa: E402


def article(text: str, **facts: str) -> Article:
    """Return an article whose text is its source."""
    source = facts.pop("source", "a.txt")
    return Article(source, source, text, (Run(0, 0, len(text)),), **facts)


def citation(marker: int, of: Article, quote: str, answer: str | None) -> Citation:
    """Return the citation of the first `quote` in an article, with the answer inside it."""
    start = of.text.index(quote)
    span = Span(start, start + len(quote))
    inside: tuple[Span, ...] = ()
    if answer is not None:
        at = of.text.index(answer, start)
        inside = (Span(at, at + len(answer)),)
    return Citation(marker, of, span, inside, (span,), inside)


RACE = article(
    "北京机器人产业加速崛起\n"
    "古今辉映的首都北京，两场世界级机器人盛会接连举办。\n"
    + "北京机器人产业提早布局、稳扎稳打，快速崛起。\n"
    * 12
    + "产业发展火热，企业端感受很深：7月交付人形机器人105台创了纪录，8月的目标是200台！"
    "这是北京企业松延动力分享的成绩单。\n"
    + "面向未来，还需加力。\n" * 12
    + "松延动力全年计划交付人形机器人800台。",
    source="000.txt",
    title="北京机器人产业加速崛起",
    byline="新华社记者",
    published="2025-08-16",
)
REPRINT = article(
    "松延动力分享成绩单：7月交付人形机器人105台创了纪录，8\n月的目标是200台！",
    source="001.txt",
    title="机器人“破茧进化”",
    published="2025-08-17",
)
HOSTILE = article(
    "<script>window.hacked = 1</script> 共有<b>12</b>台 {{value}} ${window.hacked = 1} 机器人😀。",
    source="<img src=x onerror='window.hacked=1'>.txt",
    title="<img src=x onerror='window.hacked=1'>",
    byline="\u202e<i>反向</i>",
)


KNOWN = (RACE, REPRINT, HOSTILE)


@dataclass
class FakeBot:
    """Knows two answers by heart, refuses the rest and remembers what it was asked."""

    asked: list[tuple[str, History]] = field(default_factory=list)

    def ask(self, question: str, history: History = ()) -> Answer:
        """Return what it knows about deliveries and about a hostile page, else a refusal."""
        self.asked.append((question, list(history)))
        if len(question) > 100:
            raise QuestionError(
                f"the question has {len(question)} characters, at most 100 are read"
            )
        if "崩溃" in question:
            raise ZeroDivisionError("a defect")
        if "松延动力" in question:
            quote = "7月交付人形机器人105台创了纪录"
            cited = (citation(1, RACE, quote, "105台"), citation(2, REPRINT, quote, "105台"))
            return Answer(question, "105台", "105台 [1][2]", False, 0.93, cited)
        if "脚本" in question:
            cited = (citation(1, HOSTILE, HOSTILE.text, "<b>12</b>台"),)
            return Answer(question, "<b>12</b>台", "<b>12</b>台 [1]", False, 0.6, cited)
        nearest = citation(1, RACE, "面向未来，还需加力。", None)
        return Answer(question, None, "资料里没有答案。", True, 0.1, nearest=nearest)

    def articles(self) -> list[Article]:
        """Return everything it knows."""
        return list(KNOWN)

    def article(self, article_id: str) -> Article:
        """Return one of them."""
        return {one.id: one for one in KNOWN}[article_id]

    def source(self, name: str) -> Source:
        """Return its source, which is its text."""
        return Source(name, {one.source: one.text for one in KNOWN}[name])


class SlowBot(FakeBot):
    """Says what it knows slowly, where it is asked to, unless it was asked before."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def ask_stream(self, question: str, history: History = ()) -> Iterator[str | Answer]:
        """Yield the first words, when told to go on the next ones, and no answer for a minute."""
        if "慢慢" in question and not any(question == before for before, _ in self.asked):
            self.asked.append((question, ()))
            yield "他们交付了"
            while not self.go_on.wait(0.15):
                yield "…"
            yield "人形机器人"
            for _ in range(400):
                time.sleep(0.15)
                yield "…"
        yield self.ask(question, history)


class Request:
    """As much of a gradio request as the callbacks read."""

    def __init__(self, language: str = "zh-CN,zh;q=0.9", cookie: str = "") -> None:
        self.headers = {"accept-language": language, "cookie": cookie}


def click(**data: object) -> gradio.EventData:
    """Return the event that a click with these data makes."""
    return gradio.EventData(None, data)


def ask(page: Page, question: str, kept: str = "") -> list[tuple[Any, ...]]:
    """Return all that the page shows for a question: box, kept, conversation, evidence."""
    return list(page.ask(question, kept, Request()))  # type: ignore[arg-type]


def asked(page: Page, question: str, kept: str = "") -> str:
    """Return the conversation that the browser keeps after a question."""
    return str(ask(page, question, kept)[-1][1])


def test_the_question_is_shown_before_its_answer() -> None:
    first, last = ask(Page(FakeBot()), "松延动力7月交付多少台?")
    assert first[0] == ""
    assert "松延动力7月交付多少台?" in first[2]
    assert "105台" not in first[2]
    assert '<mark class="answer">105台</mark>' in last[2]


def test_an_answer_opens_its_first_evidence() -> None:
    *_, (_, _, conversation, evidence) = ask(Page(FakeBot()), "松延动力7月交付多少台?")
    assert 'data-open="1" aria-pressed="true"' in conversation
    assert 'id="evidence"' in evidence
    assert "北京机器人产业加速崛起" in evidence


def test_a_marker_opens_its_evidence() -> None:
    page = Page(FakeBot())
    kept = asked(page, "松延动力7月交付多少台?")
    conversation, evidence = page.open(kept, click(turn=0, key="2"), Request())  # type: ignore[arg-type]
    assert 'data-open="2" aria-pressed="true"' in conversation
    assert "001.txt" in evidence


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"turn": 0},
        {"turn": 7, "key": "1"},
        {"turn": -1, "key": "1"},
        {"turn": "0", "key": None},
    ],
    ids=["nothing", "no-key", "no-such-turn", "negative", "wrong-types"],
)
def test_a_click_that_the_page_never_offered_changes_nothing(data: dict[str, Any]) -> None:
    page = Page(FakeBot())
    kept = asked(page, "松延动力7月交付多少台?")
    shown = page.open(kept, click(**data), Request())  # type: ignore[arg-type]
    assert shown == (gradio.skip(), gradio.skip())


def test_a_key_that_no_citation_has_shows_nothing() -> None:
    page = Page(FakeBot())
    kept = asked(page, "松延动力7月交付多少台?")
    _, evidence = page.open(kept, click(turn=0, key="9"), Request())  # type: ignore[arg-type]
    assert evidence == ""


def test_earlier_turns_go_to_the_bot_as_question_and_answer() -> None:
    bot = FakeBot()
    page = Page(bot)
    asked(page, "8月呢?", asked(page, "松延动力7月交付多少台?"))
    assert bot.asked[-1] == ("8月呢?", [("松延动力7月交付多少台?", "105台")])


def test_a_conversation_that_the_browser_kept_is_shown_as_it_was() -> None:
    page = Page(FakeBot())
    *_, (_, kept, conversation, evidence) = ask(page, "松延动力7月交付多少台?")
    assert page.restore(kept, Request()) == (kept, conversation, evidence)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sent", [None, "", "[", "[]", "{}", '{"id": 1, "turns": []}', '{"id": "a", "turns": [{}]}', 7]
)
def test_a_conversation_that_is_none_is_empty(sent: Any) -> None:
    assert from_json(sent) == Talk()


def test_a_question_that_a_reload_cut_off_can_be_asked_again() -> None:
    bot = FakeBot()
    page = Page(bot)
    kept = to_json(Talk("a", (Turn("松延动力7月交付多少台?"),)))
    kept, conversation, _ = page.restore(kept, Request())  # type: ignore[arg-type]
    assert "已停止" in conversation
    list(page.again(kept, click(turn=0), Request()))  # type: ignore[arg-type]
    assert bot.asked == [("松延动力7月交付多少台?", [])]


def test_asking_again_puts_the_answer_in_the_place_of_the_last() -> None:
    page = Page(FakeBot())
    kept = asked(page, "松延动力7月交付多少台?", asked(page, "火星?"))
    *_, (_, again, _, _) = page.again(kept, click(turn=1), Request())  # type: ignore[arg-type]
    assert again == kept


class Streaming(FakeBot):
    """Says what it knows in two parts."""

    def ask_stream(self, question: str, history: History = ()) -> Iterator[str | Answer]:
        """Yield pieces, then the answer."""
        yield "他们交付"
        time.sleep(0.15)  # longer than the page waits between two pictures
        yield "了105"
        yield self.ask(question, history)


def test_what_a_reader_streams_is_shown_as_it_comes() -> None:
    pictures = [shown[2] for shown in ask(Page(Streaming()), "松延动力7月交付多少台?")]
    assert any("他们交付了105" in str(p) and "pending" in str(p) for p in pictures[:-1])
    assert ">105台</p>" in pictures[-1]


@pytest.mark.parametrize("question", ["长" * 101, "崩溃"], ids=["refused-by-the-bot", "a-defect"])
def test_an_error_is_one_line_and_keeps_the_conversation(question: str) -> None:
    page = Page(FakeBot())
    kept = asked(page, "松延动力7月交付多少台?")
    _, after, conversation, _ = ask(page, question, kept)[-1]
    questions = [turn.question for turn in from_json(after).turns]
    assert questions == ["松延动力7月交付多少台?", question]
    assert 'class="error"' in conversation
    assert "105台" in conversation


def test_a_failed_turn_is_no_history() -> None:
    assert history_of([Turn("问", error="坏了"), Turn("再问")]) == []


@pytest.mark.parametrize("question", ["", "   \n"], ids=["empty", "blank"])
def test_nothing_asked_is_nothing_shown(question: str) -> None:
    bot = FakeBot()
    assert ask(Page(bot), question) == [(gradio.skip(),) * 4]
    assert bot.asked == []


def test_a_question_that_the_page_offers_is_asked_when_clicked() -> None:
    bot = FakeBot()
    offered = click(question="松延动力7月交付多少台?")
    list(Page(bot).ask_given("", offered, Request()))  # type: ignore[arg-type]
    assert bot.asked == [("松延动力7月交付多少台?", [])]


def test_examples_come_from_the_articles() -> None:
    shown = Page(FakeBot()).first_page()
    assert "松延动力全年计划交付人形机器人多少台?" in shown


@pytest.mark.parametrize(
    ("language", "word"),
    [("en-GB,en;q=0.9", "Try asking"), ("fr", "试着问")],
    ids=["en", "default"],
)
def test_the_page_speaks_the_readers_language(language: str, word: str) -> None:
    assert word in Page(FakeBot()).greet(Request(language))[2]  # type: ignore[arg-type]


def test_the_language_that_a_reader_chose_goes_before_the_browsers() -> None:
    chosen = Request("zh-CN", cookie="a=b; youju-language=en")
    assert "Try asking" in Page(FakeBot()).greet(chosen)[2]  # type: ignore[arg-type]


def test_no_page_holds_a_stream_open() -> None:
    """A browser gives a host six connections: with a stream each, the seventh tab never opened."""
    assert build(FakeBot()).config["connect_heartbeat"] is False


def test_what_greets_a_reader_is_written_by_nothing_that_answers() -> None:
    """Greeting may end after the first answer: it must have nothing of it to overwrite."""
    blocks = build(FakeBot())

    def written(event_name: str) -> set[int]:
        events = blocks.config["dependencies"]
        return {
            part
            for event in events
            if any(name == event_name for _, name in event["targets"])
            for part in event["outputs"]
        }

    names = {part["id"]: part["props"].get("elem_id") for part in blocks.config["components"]}
    shared = {names[part] for part in written("load") & written("submit")}
    assert shared == {"question"}  # its label there, its text here


def test_a_new_conversation_starts_empty() -> None:
    kept, conversation, evidence, welcome = Page(FakeBot()).fresh(Request())  # type: ignore[arg-type]
    assert from_json(kept) == Talk()
    assert "<section" not in conversation
    assert evidence == ""
    assert "试着问" in welcome


def test_programs_can_ask_and_nothing_else() -> None:
    events = build(FakeBot()).config["dependencies"]
    public = [e["api_name"] for e in events if e.get("api_visibility") == "public"]
    assert public == ["ask"]


def test_no_font_is_downloaded() -> None:
    plain = theme()
    assert not plain._stylesheets
    assert not plain._font_css


def test_page_options_are_taken_by_a_mount() -> None:
    import fastapi

    app = mount(fastapi.FastAPI(), FakeBot(), path="/chat")
    assert "/chat" in [getattr(route, "path", "") for route in app.routes]
    assert page_options()["run_history"] is False


def test_a_taken_port_says_what_to_type() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(YoujuError, match="--port"):
        port = taken.getsockname()[1]
        listen("127.0.0.1", port)


def test_a_port_that_cannot_be_is_an_error_of_ours() -> None:
    with pytest.raises(YoujuError, match="70000"):
        listen("127.0.0.1", 70000)


def test_the_address_is_one_a_browser_can_open() -> None:
    with listen("0.0.0.0", 0) as listener:
        assert address(listener).startswith("http://127.0.0.1:")
    if socket.has_ipv6:
        try:
            listener = listen("::1", 0)
        except YoujuError:
            return
        with listener:
            assert address(listener).startswith("http://[::1]:")


SERVE = """
import sys
sys.path[:0] = sys.argv[1:]
from test_app import FakeBot
from ui.app import serve
serve(FakeBot(), port=0, ready=lambda url: print(url, file=sys.stderr, flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts are sent differently there")
def test_serving_prints_nothing_and_ends_on_an_interrupt() -> None:
    tests = Path(__file__).parent
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tests), str(tests.parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        url = process.stderr.readline().strip()
        assert "<gradio-app" in httpx.get(url, timeout=60, trust_env=False).text
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")
