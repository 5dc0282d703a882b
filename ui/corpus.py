"""The articles' page: upload, list, search, open, remove; and what was repaired.

What the browser sends is not trusted: an upload must lie where gradio puts uploads, and its name is
made harmless before it becomes a source's name.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from rag.errors import YoujuError
from ui.render_corpus import (
    counts_html,
    intro_html,
    listing_html,
    reader_html,
    results_html,
    said_html,
    step_html,
)
from ui.shelf import Shelf, Step
from ui.talk import language_for
from ui.words import STRINGS

logger = logging.getLogger(__name__)

MAX_FILE_MEGABYTES = 50
"""Of one uploaded file: a scanned newspaper has 20; a larger corpus is for `youju index`."""

MAX_FILES = 200
"""Of one upload: what indexes in a few seconds, so that others' uploads need not wait long."""

MAX_NAME_CHARS = 200
MAX_QUERY_CHARS = 200

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class CorpusView:
    """The callbacks of the articles' page."""

    def __init__(self, shelf: Shelf, *, editable: bool = True) -> None:
        self.shelf = shelf
        self.editable = editable

    def lay_out(self, blocks: gr.Blocks, html: Callable[..., gr.HTML]) -> None:
        """Put the parts on the page and connect them."""
        with gr.Column(elem_id="articles-view", min_width=0), gr.Row(elem_id="shelf"):
            with gr.Column(elem_id="shelf-list", min_width=0):
                picks = "youju.uploads(element, trigger, upload); // 'upload'"
                intro = html(self._intro("zh"), "corpus-intro", picks)
                progress = html("", "corpus-progress")
                counts = html("", "corpus-counts")
                listing = html("", "corpus-list")
            reader = html("", "reader", "watch('value', () => youju.read(element));")
        blocks.load(self.greet, None, [intro, counts, listing], **QUIET)
        always: dict[str, Any] = QUIET | {"concurrency_limit": None}
        intro.act(self.search, None, listing, trigger_mode="always_last", **always)
        changed = [progress, counts, listing, reader]
        if self.editable:
            # None: a second upload is told that one is going on, rather than left to wait
            intro.upload(self.take_in, None, changed, **always)
        listing.act(self.act, None, changed, **always)
        reader.act(self.act, None, changed, **always)

    def _intro(self, language: str) -> str:
        return intro_html(MAX_FILE_MEGABYTES, MAX_FILES, editable=self.editable, language=language)

    def _listing(self, language: str, query: str = "", first: int = 0) -> str:
        listing = self.shelf.listed(query, first)
        return listing_html(listing, editable=self.editable, language=language)

    def greet(self, request: gr.Request) -> tuple[str, str, str]:
        """Return intro, counts and list in a reader's language."""
        language = language_for(request)
        counts = counts_html(self.shelf.counts(), language=language)
        return self._intro(language), counts, self._listing(language)

    def search(self, event: gr.EventData, request: gr.Request) -> str:
        """Return the list of what matches."""
        fields = event._data.get("fields") if isinstance(event._data, dict) else None
        return self._listing(language_for(request), _query(fields))

    def act(self, event: gr.EventData, request: gr.Request) -> tuple[Any, Any, Any, Any]:
        """Open, close, turn the page or remove; return (progress, counts, list, reader)."""
        data = event._data if isinstance(event._data, dict) else {}
        language, act = language_for(request), data.get("act")
        keep = gr.skip()
        if act in ("read", "repaired"):
            found = self.shelf.article(str(data.get("id")))
            repaired = act == "repaired"
            shown = reader_html(*found, repaired=repaired, language=language) if found else ""
            return keep, keep, keep, shown
        if act == "close":
            return keep, keep, keep, ""
        query = _query(data)
        if act == "page":
            first = str(data.get("first"))
            number = int(first) if first.isdecimal() else 0
            return keep, keep, self._listing(language, query, number), keep
        if act == "remove" and self.editable:
            return self._removed(str(data.get("source")), query, language)
        return keep, keep, keep, keep

    def _removed(self, source: str, query: str, language: str) -> tuple[Any, Any, Any, Any]:
        try:
            self.shelf.remove(source)
        except YoujuError as error:
            return said_html(str(error), wrong=True), gr.skip(), gr.skip(), gr.skip()
        said = said_html(STRINGS[language]["removed"].format(source=source))
        counts = counts_html(self.shelf.counts(), language=language)
        return said, counts, self._listing(language, query), ""

    def take_in(
        self, event: gr.EventData, request: gr.Request
    ) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Index what was uploaded; yield (progress, counts, list, reader) as it goes."""
        language, keep = language_for(request), gr.skip()
        files = uploaded(event._data, Path(get_upload_folder()))
        if not files:
            return
        try:
            for step in self.shelf.take_in(files):
                if isinstance(step, Step):
                    yield step_html(step, language=language), keep, keep, keep
                else:
                    done = results_html(step, language=language)
                    counts = counts_html(self.shelf.counts(), language=language)
                    yield done, counts, self._listing(language, _query(event._data)), keep
        except YoujuError as error:
            yield said_html(str(error), wrong=True), keep, keep, keep
        except Exception:  # the page's edge
            logger.exception("indexing uploads failed")
            yield said_html(STRINGS[language]["upload_failed"], wrong=True), keep, keep, keep
        finally:
            for path, _ in files:
                path.unlink(missing_ok=True)


def _query(data: Any) -> str:
    """Return the words that were looked for, "" when none were sent."""
    sent = data.get("query") if isinstance(data, dict) else ""
    words = sent[0] if isinstance(sent, list) and sent else sent
    return words.strip()[:MAX_QUERY_CHARS] if isinstance(words, str) else ""


def uploaded(data: Any, folder: Path) -> list[tuple[Path, str]]:
    """Return the files of an upload, each with a harmless name; what lies elsewhere is left out."""
    listed = data.get("files") if isinstance(data, dict) else None
    files: dict[str, Path] = {}
    for one in (listed if isinstance(listed, list) else [])[:MAX_FILES]:
        path = Path(str(one.get("path"))).resolve() if isinstance(one, dict) else folder
        if path.is_relative_to(folder.resolve()) and path.is_file():
            files[harmless(str(one.get("name")))] = path
    return [(path, name) for name, path in files.items()]


def harmless(name: str) -> str:
    """Return a relative path as a source's name: no way up, no root, no control characters.

    >>> harmless("..\\\\a/./../b.txt"), harmless("/etc/x\\n.txt"), harmless("..")
    ('a/b.txt', 'etc/x_.txt', 'file')
    """
    plain = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", "_", name.replace("\\", "/"))
    parts = [part for part in PurePosixPath(plain).parts if part not in ("/", "..", ".")]
    return "/".join(parts)[-MAX_NAME_CHARS:].lstrip("/") or "file"
