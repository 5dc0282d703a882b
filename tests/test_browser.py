"""The chat page in a real browser: Chromium without a window, driven through its own chromedriver.

Two kinds of test: the page over a bot that knows its answers by heart, served in this process, and
the whole product, `python -m ui.cli chat`, over the articles in `seeds/`.

Nothing is downloaded: without a Chromium (or Chrome) and its chromedriver on PATH the tests are
skipped, unless YOUJU_REQUIRE_BROWSER=1, which makes the absence a failure. YOUJU_BROWSER and
YOUJU_CHROMEDRIVER name other programs.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import pytest

from rag.types import Article

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement
    from test_app import FakeBot

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "松延动力7月交付多少台?"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT = 60  # seconds for one thing to appear: under 1 on an idle machine, 20 seen on a busy one
START = 240  # seconds for `chat` to index the seeds and open: gradio alone takes 5 to 20

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # a page kept for the back button keeps its streams, and a host gets six connections: the
    # seventh page never opened
    "--disable-features=BackForwardCache",
)


def missing(what: str) -> NoReturn:
    """Skip the test and say why, or fail where a browser is required."""
    if os.environ.get("YOUJU_REQUIRE_BROWSER") == "1":
        pytest.fail(f"YOUJU_REQUIRE_BROWSER=1, but {what}")
    pytest.skip(what)


def program(variable: str, *names: str) -> str:
    """Return the path of a program: the one `variable` names, or the first of `names` on PATH."""
    named = os.environ.get(variable)
    found = named or next(filter(None, map(shutil.which, names)), None)
    if not found:
        wanted = " or ".join(names)
        missing(f"no browser to test with: no {wanted} on PATH, and {variable} is not set")
    return found


Found = TypeVar("Found")


class Tab:
    """One window of the browser and what a reader does in it."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(
        self,
        url: str,
        *,
        width: int = 1440,
        height: int = 900,
        greeted: bool = True,
        keep: bool = False,
    ) -> None:
        """Open the page in a window of this size, with the log of requests emptied before; without
        `keep` as a reader who was never here.

        Without `greeted` return while the page is still being drawn in the reader's language.
        """
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get("about:blank")
        if not keep:  # localStorage, cookies: what tests before this one left
            origin = {"origin": url, "storageTypes": "all"}
            self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", origin)
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.get(url)
        if not keep and self.driver.execute_script("return sessionStorage.length"):
            self.driver.execute_script("sessionStorage.clear()")
            self.driver.get("about:blank")  # a page that is left logs what it breaks off
            self.driver.get_log("browser")
            self.driver.get(url)
        self.find("html[data-greeted] #question textarea" if greeted else "#question textarea")

    def find_all(self, css: str) -> list[WebElement]:
        """Return the elements that match now."""
        return list(self.driver.find_elements("css selector", css))

    def find(self, css: str) -> WebElement:
        """Return the first match, waiting for it to be there."""
        return self.wait(lambda: next(iter(self.find_all(css)), None), css)

    def wait(self, condition: Callable[[], Found | None], what: str) -> Found:
        """Return what `condition` gives once it gives something."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            with contextlib.suppress(stale()):
                if found := condition():
                    return found
            time.sleep(0.05)
        pytest.fail(f"not seen within {WAIT} s: {what}; page: {self.text('body')[:500]!r}")

    def text(self, css: str) -> str:
        """Return the text of the first match, as it stands in the page."""
        script = "return document.querySelector(arguments[0])?.textContent ?? ''"
        return str(self.driver.execute_script(script, css))

    def ask(self, question: str) -> None:
        """Type a question, press Enter and wait for the turn to be over."""
        before = len(self.find_all(".turn"))
        box = self.find("#question textarea")
        box.send_keys(question)
        box.send_keys("\ue007")  # Enter
        self.over(before + 1)

    def over(self, turns: int) -> None:
        """Wait until that many turns are over."""
        self.wait(
            lambda: len(self.find_all(".turn:not(.pending)")) == turns, f"{turns} turns answered"
        )

    def click(self, css: str) -> None:
        """Click the first match."""
        self.find(css).click()

    def is_in_view(self, css: str) -> bool:
        """Tell whether the middle of the first match can be seen now."""
        script = """
            const element = document.querySelector(arguments[0]);
            if (!element) return false;
            const box = element.getClientRects()[0];
            const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return at !== null && (element.contains(at) || at.contains(element));
        """
        return bool(self.driver.execute_script(script, css))

    def requests(self) -> list[tuple[str, float]]:
        """Return the addresses asked since the page was opened or this was last called, each with
        its time in seconds."""
        asked = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                parameters = message["params"]
                url = str(parameters.get("request", parameters)["url"])
                asked.append((url, float(parameters.get("timestamp", 0))))
        return asked

    def requested(self) -> set[str]:
        """Return the hosts asked since the page was opened, the page's own requests only."""
        urls = [urlsplit(url) for url, _ in self.requests()]
        return {url.netloc for url in urls if url.scheme not in ("data", "blob", "chrome", "about")}

    def complaints(self) -> list[str]:
        """Return what the browser logged as wrong: script errors, refused requests."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


def stale() -> type[Exception]:
    """Return the error of looking at an element that the page has just replaced."""
    from selenium.common.exceptions import StaleElementReferenceException

    return StaleElementReferenceException


@pytest.fixture(scope="session")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A browser with an empty profile, for all tests."""
    if importlib.util.find_spec("selenium") is None:
        missing("selenium is not installed: pip install -e '.[test]'")
    binary = program("YOUJU_BROWSER", *BROWSERS)
    driver_program = program("YOUJU_CHROMEDRIVER", "chromedriver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.page_load_strategy = "eager"  # the page holds a stream open; `open` waits for its parts
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"intl.accept_languages": "zh-CN,zh"})
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_program))
    driver.set_page_load_timeout(WAIT)
    try:
        yield Tab(driver)
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def page_url() -> Iterator[str]:
    """The page over the fake bot, served in this process."""
    pytest.importorskip("gradio")
    from test_app import FakeBot

    with served(FakeBot()) as url:
        yield url


@contextlib.contextmanager
def served(bot: FakeBot) -> Iterator[str]:
    """Serve the page of `bot` in this process."""
    import fastapi

    from ui.app import mount
    from ui.server import address, listen, server

    with listen("127.0.0.1", 0) as listener:
        web = server(mount(fastapi.FastAPI(openapi_url=None), bot))
        thread = threading.Thread(target=web.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield address(listener)
        finally:
            web.should_exit = True
            thread.join(timeout=10)


def test_an_answer_comes_with_its_sentence_in_view(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.ask(QUESTION)
    assert tab.text(".turn .short") == "105台"
    assert tab.text("#panel mark.evidence") == "7月交付人形机器人105台创了纪录"
    assert tab.text("#panel mark.answer") == "105台"
    tab.wait(lambda: tab.is_in_view("#panel mark.answer"), "the answer scrolled into view")


def test_a_marker_opens_the_other_article(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.ask(QUESTION)
    tab.click('#conversation button[data-open="2"]')
    tab.wait(lambda: "001.txt" in tab.text("#panel"), "the reprint")
    tab.find('#conversation button[data-open="2"][aria-pressed="true"]')
    tab.click('#panel .markers button[data-open="1"]')
    tab.wait(lambda: "000.txt" in tab.text("#panel .facts"), "the first article again")
    assert tab.text("#panel mark.answer") == "105台"


def test_a_refusal_labels_the_nearest_passage(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.ask("火星上有没有人?")
    assert "不是答案" in tab.text(".turn .nearest")
    assert "不是答案" in tab.text("#panel")
    assert not tab.find_all(".turn .short")


def test_an_error_is_a_line_and_the_conversation_goes_on(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.ask(QUESTION)
    tab.ask("长" * 101)
    assert "101 characters" in tab.text(".turn.failed .error")
    tab.ask(QUESTION)
    assert len(tab.find_all(".turn .short")) == 2


def test_an_example_asks_its_question(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.click("#welcome .example")
    tab.over(1)
    assert tab.text(".turn .short") == "105台"


def test_a_question_asked_before_the_greeting_is_over_keeps_its_answer(tab: Tab) -> None:
    """On a slow machine the greeting came after the first answer, and wiped it off the page."""
    pytest.importorskip("gradio")
    from test_app import FakeBot

    class SlowToGreet(FakeBot):
        answered = threading.Event()

        def articles(self) -> list[Article]:
            if threading.current_thread() is not threading.main_thread():  # a reader is greeted
                assert self.answered.wait(WAIT)
            return super().articles()

    bot = SlowToGreet()
    with served(bot) as url:
        tab.open(url, greeted=False)
        tab.ask(QUESTION)
        bot.answered.set()
        tab.find("html[data-greeted]")
        assert tab.text(".turn .short") == "105台"
        assert tab.text("#panel mark.answer") == "105台"
        tab.ask(QUESTION)
        assert len(tab.find_all(".turn .short")) == 2


def test_a_new_conversation_is_empty(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.ask(QUESTION)
    tab.click("#talks .new")
    tab.wait(lambda: not tab.find_all(".turn"), "an empty conversation")
    assert tab.find("#welcome .welcome").is_displayed()
    assert tab.find("#hint .hint").is_displayed()
    assert not tab.find_all("#panel mark")


def test_enter_that_confirms_a_word_does_not_send(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.click("#question textarea")
    composed = {"text": "song", "selectionStart": 4, "selectionEnd": 4}
    tab.driver.execute_cdp_cmd("Input.imeSetComposition", composed)
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
    tab.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "keyDown", **enter})
    tab.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    tab.driver.execute_cdp_cmd("Input.insertText", {"text": QUESTION})
    time.sleep(0.5)  # a question sent by mistake would be on the page by now
    assert not tab.find_all(".turn")
    box = tab.find("#question textarea")
    assert box.get_property("value").startswith(QUESTION)
    box.send_keys("\ue007")
    tab.over(1)


def test_markup_in_an_article_stays_text(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.ask("脚本 <img src=x onerror='window.hacked=1'>")
    assert "<script>" in tab.text("#panel mark.evidence")
    assert tab.text("#panel mark.answer") == "<b>12</b>台"
    assert not tab.find_all("#conversation img, #panel img, #panel script")
    assert tab.driver.execute_script("return window.hacked") is None


@pytest.mark.parametrize("width", [360, 390, 1440])
def test_the_page_fits_its_window(tab: Tab, page_url: str, width: int) -> None:
    tab.open(page_url, width=width, height=800)
    tab.ask(QUESTION)
    tab.ask("脚本")
    assert tab.driver.execute_script("return document.documentElement.scrollWidth") <= width


def test_on_a_phone_a_marker_scrolls_to_the_evidence_and_back(tab: Tab, page_url: str) -> None:
    tab.open(page_url, width=390, height=844)
    tab.ask(QUESTION)
    assert not tab.is_in_view("#panel mark.answer")
    tab.click('#conversation button[data-open="1"]')
    tab.wait(lambda: tab.is_in_view("#panel mark.answer"), "the evidence scrolled into view")
    tab.click("#panel .back")
    tab.wait(lambda: tab.is_in_view(".turn .short"), "the answer again")


def test_the_page_asks_no_other_host(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.ask(QUESTION)
    tab.click('#conversation button[data-open="2"]')
    tab.wait(lambda: "001.txt" in tab.text("#panel"), "the reprint")
    assert tab.requested() == {urlsplit(page_url).netloc}
    assert tab.complaints() == []


def test_a_conversation_outlives_a_reload(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.ask(QUESTION)
    tab.ask("脚本")
    tab.open(page_url, keep=True)
    tab.over(2)
    assert tab.text(".turn .short") == "105台"
    assert tab.text("#panel mark.answer") == "<b>12</b>台"
    tab.ask(QUESTION)
    assert len(tab.find_all(".turn .short")) == 3


def test_conversations_are_listed_opened_and_deleted(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.ask(QUESTION)
    tab.click("#talks .new")
    tab.wait(lambda: not tab.find_all(".turn"), "an empty conversation")
    tab.ask("脚本 <b>粗</b>")
    titles = [row.text for row in tab.find_all(".talks .talk")]
    assert titles == ["脚本 <b>粗</b>", QUESTION]
    tab.click(".talks li:nth-child(2) .talk")
    tab.wait(lambda: tab.text(".turn .short") == "105台", "the first conversation")
    tab.find(".talks li:nth-child(2) .talk[aria-current]")
    tab.click(".talks li:nth-child(2) .forget")
    tab.wait(lambda: not tab.find_all(".turn"), "an empty conversation")
    assert len(tab.find_all(".talks .talk")) == 1


def test_a_slow_answer_grows_can_be_stopped_and_asked_again(tab: Tab) -> None:
    pytest.importorskip("gradio")
    from test_app import SlowBot

    bot = SlowBot()
    with served(bot) as url:
        tab.open(url)
        box = tab.find("#question textarea")
        box.send_keys("慢慢说：松延动力?")
        box.send_keys("\ue007")
        tab.wait(lambda: "他们交付了" in tab.text(".turn.pending .said"), "the first words")
        before = box.rect["y"]
        bot.go_on.set()
        tab.wait(lambda: "人形机器人" in tab.text(".turn.pending .said"), "more words")
        assert box.rect["y"] == before
        tab.requests()
        tab.click(".turn.pending .stop")
        tab.over(1)
        assert tab.text(".turn.failed .error") == "已停止。"
        # a press and the click that ends it: two halts, and the later stopped what was asked anew
        time.sleep(0.5)
        first, *later = [at for url, at in tab.requests() if "/queue/join" in url]
        assert all(at - first > 0.9 for at in later)
        tab.click(".turn .tools [data-retry]")
        tab.wait(lambda: tab.text(".turn .short") == "105台", "the whole answer")
        assert len(tab.find_all(".turn")) == 1


def test_a_picture_that_comes_after_the_stop_is_not_the_last_word(tab: Tab) -> None:
    pytest.importorskip("gradio")
    from test_app import SlowBot

    with served(SlowBot()) as url:
        tab.open(url)
        tab.driver.execute_script("""
            const fetch = window.fetch;
            const later = () => new Promise((done) => { setTimeout(done, 700); });
            window.fetch = async (asked, ...rest) => {
                if (String(asked).endsWith('/cancel')) await later();
                return fetch(asked, ...rest);
            };
        """)
        box = tab.find("#question textarea")
        box.send_keys("慢慢说：松延动力?")
        box.send_keys("\ue007")
        tab.wait(lambda: "他们交付了" in tab.text(".turn.pending .said"), "the first words")
        tab.click(".turn.pending .stop")
        time.sleep(3)
        tab.over(1)
        assert tab.text(".turn.failed .error") == "已停止。"


def test_an_answer_is_copied_with_its_citations(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.ask(QUESTION)
    allowed = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    tab.driver.execute_cdp_cmd("Browser.grantPermissions", allowed)
    tab.click(".tools [data-copy]")
    tab.wait(lambda: tab.text(".tools [data-copy]") == "已复制", "copied")
    read = "navigator.clipboard.readText().then(arguments[0])"
    copied = tab.driver.execute_async_script(read)
    assert "105台 [1] [2]" in copied
    assert "> 7月交付人形机器人105台创了纪录 [1]" in copied
    assert "1. 北京机器人产业加速崛起, 2025-08-16, 000.txt" in copied


def test_shift_and_enter_make_a_line(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    box = tab.find("#question textarea")
    box.send_keys("松延动力\ue008\ue007\ue0007月交付多少台?")  # Shift down, Enter, Shift up
    assert box.get_property("value") == "松延动力\n7月交付多少台?"
    assert not tab.find_all(".turn")
    box.send_keys("\ue007")
    tab.over(1)
    assert tab.text(".turn .short") == "105台"


def test_the_source_is_shown_as_it_is_with_the_same_words_marked(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.ask(QUESTION)
    tab.click('#panel .switch[data-raw="1"]')
    tab.find("#panel pre.raw")
    assert tab.text("#panel pre mark.evidence") == "7月交付人形机器人105台创了纪录"
    assert tab.text("#panel pre mark.answer") == "105台"
    tab.wait(lambda: tab.is_in_view("#panel mark.answer"), "the answer scrolled into view")


def test_language_and_theme_are_the_readers_choice(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.click("#header [data-theme]")
    tab.find("body.dark")
    tab.click("#header [data-language]")
    tab.wait(lambda: tab.text("#header h1") == "Youju", "the English page")
    tab.find("body.dark")
    tab.open(page_url, keep=True)
    assert tab.text("#talks .new") == "New conversation"
    assert tab.find_all("body.dark")


def test_a_keyboard_is_enough(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    tab.ask(QUESTION)
    marker = tab.find('#conversation button[data-open="2"]')
    tab.driver.execute_script("arguments[0].focus()", marker)
    marker.send_keys("\ue007")
    tab.wait(lambda: "001.txt" in tab.text("#panel"), "the reprint")
    focused = "return document.activeElement.dataset.open"
    tab.wait(lambda: tab.driver.execute_script(focused) == "2", "the focus where it was")
    assert "001.txt" in tab.text("#panel")


def test_eight_tabs_of_one_browser_open(tab: Tab, page_url: str) -> None:
    tab.open(page_url)
    first = tab.driver.current_window_handle
    try:
        for _ in range(7):
            tab.driver.switch_to.new_window("tab")
            tab.driver.get(page_url)
            tab.find("html[data-greeted] #question textarea")
        tab.ask(QUESTION)
        assert tab.text(".turn .short") == "105台"
    finally:
        for handle in tab.driver.window_handles:
            if handle != first:
                tab.driver.switch_to.window(handle)
                tab.driver.close()
        tab.driver.switch_to.window(first)


def serious(tab: Tab) -> list[str]:
    """Return what axe finds serious or worse on the page as it is."""
    axe = importlib.util.find_spec("axe_core_python")
    if axe is None or axe.origin is None:
        missing("axe-core-python is not installed: pip install -e '.[test]'")
    tab.driver.execute_script(Path(axe.origin).with_name("axe.min.js").read_text("utf-8"))
    found = tab.driver.execute_async_script(
        "axe.run().then((result) => arguments[0](result.violations))"
    )
    bad = [v for v in found if v["impact"] in ("serious", "critical")]
    return [f"{v['id']}: {node['html'][:200]}" for v in bad for node in v["nodes"]]


@pytest.mark.parametrize("light", ["light", "dark"])
def test_nothing_on_the_page_keeps_people_out(tab: Tab, page_url: str, light: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": light}]}
    tab.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        tab.open(page_url)
        assert serious(tab) == []
        tab.ask(QUESTION)
        tab.ask("火星上有没有人?")
        tab.ask("长" * 101)
        assert serious(tab) == []
    finally:
        tab.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


# -- the whole product -----------------------------------------------------------------------


@pytest.fixture(scope="session")
def chat_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`chat` over the seeds, with a fresh index, as a process of its own."""
    if importlib.util.find_spec("ui.cli") is None:
        pytest.skip("ui.cli does not exist yet")
    from ui.server import address, listen

    with listen("127.0.0.1", 0) as listener:
        url = address(listener)
    folder = tmp_path_factory.mktemp("chat")
    words = ["chat", "--port", str(urlsplit(url).port), "--index", str(folder / "index")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ui.cli", *words], cwd=ROOT, stdout=log, stderr=log
        )
        try:
            wait_for(url, process, folder / "log")
            yield url
        finally:
            process.terminate()
            process.wait(timeout=20)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the page answers; fail with what the process said when it never does."""
    end = time.monotonic() + START
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError), opener.open(url, timeout=30):
            return
        time.sleep(0.5)
    pytest.fail(f"no page at {url} (exit status {process.poll()}): {log.read_text()[-2000:]}")


def test_the_product_answers_from_the_seeds_with_evidence(tab: Tab, chat_url: str) -> None:
    tab.open(chat_url)
    tab.ask(QUESTION)
    assert "105台" in tab.text(".turn .short")
    assert "105台" in tab.text("#panel mark.evidence")
    assert "105" in tab.text("#panel mark.answer")
    tab.wait(lambda: tab.is_in_view("#panel mark.answer"), "the answer scrolled into view")
    if tab.find_all('#conversation button[data-open="2"]'):
        tab.click('#conversation button[data-open="2"]')
        tab.wait(lambda: "证据 2" in tab.text("#panel .label"), "the second citation")
        assert tab.text("#panel mark.evidence")
    assert tab.requested() == {urlsplit(chat_url).netloc}
    assert tab.complaints() == []


STORY = "火星城市今年建成温室321座，其中北区有88座，比去年多出15座。市长李大山说，明年再建200座。\n"


def test_an_uploaded_file_can_be_asked_about_and_removed(
    tab: Tab, chat_url: str, tmp_path: Path
) -> None:
    (tmp_path / "火星 <b>.txt").write_text(STORY, encoding="utf-8")
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    (tmp_path / "a.exe").write_text("x", encoding="utf-8")
    tab.open(chat_url)
    tab.click('#header a[href="#articles"]')
    chosen = [str(tmp_path / name) for name in ("火星 <b>.txt", "empty.txt", "a.exe")]
    tab.find("#corpus-intro input[name=files]").send_keys("\n".join(chosen))
    results = tab.find(".results").text
    assert "1 个文件已收录，1 个没有收录" in results
    assert "火星 <b>.txt 新收录，1 篇文章" in results
    assert "a.exe: 不认识的文件类型" in tab.text(".uploading")
    assert serious(tab) == []
    tab.click('#header a[href="#chat"]')
    tab.ask("火星城市今年建成温室多少座?")
    assert "321座" in tab.text(".turn .short")
    tab.click('#header a[href="#articles"]')
    tab.find(".search input").send_keys("火星")
    tab.wait(lambda: len(tab.find_all(".listing li")) == 1, "the one that matches")
    tab.click(".listing .title")
    assert "李大山" in tab.find("#reader article").text
    tab.click('#reader [data-act="repaired"]')
    assert "修复前" in tab.find("#reader .compared").text
    tab.click(".listing .remove")
    tab.click(".listing .remove.sure")
    tab.wait(lambda: "已移除" in tab.text("#corpus-progress"), "that it was removed")


def test_a_turn_is_judged_kept_as_a_question_and_asked_by_an_evaluation(
    tab: Tab, chat_url: str
) -> None:
    tab.open(chat_url)
    tab.ask(QUESTION)
    tab.click('.tools [data-judge="down"]')
    tab.find(".note-form input").send_keys("<i>太短</i>")
    tab.click(".note-form button")
    tab.wait(lambda: "已记下" in tab.text(".note-form"), "thanks")
    tab.click(".tools [data-gold]")
    answers = tab.find("#panel form textarea[name=answers]")
    assert "105台" in answers.get_property("value")
    answers.clear()
    answers.send_keys("999台")
    tab.click("#panel form button[type=submit]")
    tab.wait(lambda: "已存入题库" in tab.text("#panel"), "that it was kept")
    tab.click('#header a[href="#evaluation"]')
    tab.wait(lambda: "我的题库（1 题）" in tab.text("#eval-intro"), "the set of one question")
    assert "<i>太短</i>" in tab.text("#eval-feedback")
    tab.click("#eval-intro button[type=submit]")
    tab.find("#eval-report .plots svg")
    assert "应为：999台" in tab.text("#eval-report .missed")
    assert serious(tab) == []
    tab.click("#eval-report .missed [data-ask]")
    tab.over(2)


def test_twenty_programs_asking_at_once_get_right_answers(chat_url: str) -> None:
    client = pytest.importorskip("gradio_client")
    people = 20

    def person(_: int) -> Any:
        return client.Client(chat_url, verbose=False, analytics_enabled=False)

    def asks(one: Any) -> tuple[str, float]:
        started = time.monotonic()
        answer = one.predict(QUESTION, api_name="/ask")["answer"]
        return answer, time.monotonic() - started

    with ThreadPoolExecutor(people) as pool:
        clients = list(pool.map(person, range(people)))
        answers = list(pool.map(asks, clients))
    assert {answer for answer, _ in answers} == {"105台"}
    # seconds; wide, since other tests may keep both cores busy
    assert max(waited for _, waited in answers) < 20
