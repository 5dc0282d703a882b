"""Pictures of the page, taken in Chromium: `python -m ui.screenshots FOLDER`.

Three widths, light and dark, Chinese and English; at each the first page, an answer with its
evidence, a refusal and the articles. The wide Chinese answer, in both lights, becomes a picture of
its own when `--picture FILE` names one. It needs `pip install -e '.[test]'`, chromium and
chromedriver.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rag.errors import YoujuError

SIZES = ((360, 780), (820, 1180), (1440, 900))
"""A small phone, a tablet, a laptop; CSS pixels."""

LIGHTS = ("light", "dark")
QUESTIONS = {
    "zh": ("松延动力7月交付多少台?", "8月的目标呢?", "松延动力的股价是多少?"),
    "en": (
        "Who is the senior fellow of the Brookings Institution?",
        "松延动力7月交付多少台?",
        "Who won Wimbledon in 1987?",
    ),
}
"""An answer, one more, and a refusal, from the articles that come with Youju."""

PATIENCE = 60.0  # seconds for one thing to appear, on a busy machine
COLOURS = 128  # of the README's picture: text looks the same, and the file is a third

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--hide-scrollbars",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Take all pictures and say where they are."""
    parser = argparse.ArgumentParser(prog="python -m ui.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--picture", type=Path, help="write the README's picture here")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="youju-") as folder, _page(Path(folder)) as url:
        for width, height in SIZES:
            with _browser() as driver:
                for language in QUESTIONS:
                    for light in LIGHTS:
                        camera = Camera(driver, options.folder, width, height, language, light)
                        camera.take_all(url)
    if options.picture:
        _picture([options.folder / f"answer-1440-{light}-zh.png" for light in LIGHTS], options)
    sys.stdout.write(f"{len(list(options.folder.glob('*.png')))} pictures in {options.folder}\n")
    return 0


class Camera:
    """One window: its size, light and language."""

    def __init__(
        self, driver: Any, folder: Path, width: int, height: int, language: str, light: str
    ) -> None:
        self._driver = driver
        self._folder = folder
        self._language = language
        self._name = f"{width}-{light}-{language}"
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        media = {"features": [{"name": "prefers-color-scheme", "value": light}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

    def take_all(self, url: str) -> None:
        """Take every picture of this window."""
        cookie = {"name": "youju-language", "value": self._language, "url": url}
        self._driver.execute_cdp_cmd("Network.setCookie", cookie)
        clear = {"origin": url, "storageTypes": "local_storage"}
        self._driver.execute_cdp_cmd("Storage.clearDataForOrigin", clear)
        self._driver.get(url)
        self._driver.execute_script("sessionStorage.clear()")
        self._driver.get(url)
        self._until("html[data-greeted] #welcome .example")
        self._take("start")
        first, second, refused = QUESTIONS[self._language]
        self._ask(first, 1)
        self._take("answer")
        self._driver.execute_script("document.querySelector('.turn .marker').click()")
        time.sleep(1)
        self._take("evidence")
        self._ask(second, 2)
        self._ask(refused, 3)
        self._take("refusal")
        self._driver.execute_script("location.hash = '#articles'")
        self._until(".listing li")
        self._take("articles")
        self._driver.execute_script("location.hash = '#chat'")

    def _ask(self, question: str, turns: int) -> None:
        box = self._driver.find_element("css selector", "#question textarea")
        box.send_keys(f"{question}\ue007")  # Enter
        self._until(f".turn:nth-child({turns}):not(.pending)")

    def _until(self, css: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self._driver.find_elements("css selector", css):
            if time.monotonic() > end:
                raise YoujuError(f"{css} did not appear within {PATIENCE:.0f} s; look at the page")
            time.sleep(0.05)

    def _take(self, what: str) -> None:
        time.sleep(0.6)  # seconds: scrolling and fonts
        self._driver.save_screenshot(str(self._folder / f"{what}-{self._name}.png"))


@contextlib.contextmanager
def _browser() -> Iterator[Any]:
    """A Chromium without a window, with an empty profile."""
    try:
        from selenium import webdriver
    except ImportError as error:
        raise YoujuError("selenium is not installed: pip install -e '.[test]'") from error
    paths = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if None in paths:
        raise YoujuError("no chromium or no chromedriver on PATH: apt install chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(paths[0])
    options.page_load_strategy = "eager"
    for flag in FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(paths[1])))
    try:
        yield driver
    finally:
        driver.quit()


@contextlib.contextmanager
def _page(folder: Path) -> Iterator[str]:
    """The page over the articles in seeds/, on a port of its own."""
    import fastapi

    from rag.answer import Bot
    from rag.ingest import index_paths
    from ui.app import mount
    from ui.server import address, listen, server

    index_paths(folder / "index", [Path(__file__).resolve().parent.parent / "seeds"])
    with listen("127.0.0.1", 0) as listener:
        web = server(mount(fastapi.FastAPI(openapi_url=None), Bot.open(folder / "index")))
        run: Callable[..., None] = web.run
        thread = threading.Thread(target=run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield address(listener)
        finally:
            web.should_exit = True
            thread.join(timeout=10)


def _picture(files: Sequence[Path], options: argparse.Namespace) -> None:
    """Put pictures side by side, in few colours."""
    from PIL import Image

    pictures = [Image.open(file).convert("RGB") for file in files]
    width = sum(picture.width for picture in pictures)
    sheet = Image.new("RGB", (width, pictures[0].height))
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width
    sheet.quantize(COLOURS).save(options.picture, optimize=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except YoujuError as failure:
        sys.stderr.write(f"ui.screenshots: {failure}\n")
        sys.exit(2)
