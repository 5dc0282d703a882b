"""Any OpenAI-compatible endpoint: Ollama, vLLM, llama.cpp, DeepSeek, Qwen, OpenAI.

httpx and not the openai package: what is needed is one POST that streams lines, gradio brings httpx
along, and the protocol has outlived several majors of that package. One question's waiting is done
in a thread of its own, so that its time limit holds even where a host sends a byte a minute.
"""

from __future__ import annotations

import json
import queue
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from rag.errors import ReaderError
from rag.readers.llm import KEYS, Message

TRIES = 4
PAUSES = (0.5, 1.0, 2.0)  # seconds before the second, third and fourth try, and up to half more
CONNECT_SECONDS = 5.0  # a host that is there accepts in milliseconds
MOST_CHARACTERS = 200_000  # of one answer or error page; reader_tokens asks for some thousand
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SECRET = re.compile(r"\b(?:sk|key|tok)-[\w-]{4,}|Bearer\s+\S+")
_FULL = re.compile(
    r"context.{0,40}(?:length|size|window|limit|exceed)|exceed.{0,40}context|too many tokens"
    r"|maximum.{0,20}tokens|n_ctx|prompt is too long|reduce the length|input.{0,20}too long",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model.{0,80}(?:not.{0,6}(?:found|exist)|does not|unknown|no such)"
    r"|(?:no such|unknown|invalid).{0,6}model",
    re.IGNORECASE | re.DOTALL,
)


class _Passing(Exception):
    """Something that may be over in a moment: worth another try."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait  # seconds, as the host asks for


class Endpoint:
    """A model behind an OpenAI-compatible address; see rag.readers.llm.LanguageModel."""

    def __init__(
        self,
        model: str,
        url: str,
        *,
        key: str | None = None,
        tokens: int = 600,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = model
        self._url = url.rstrip("/")
        self._host = urlsplit(url).netloc.rpartition("@")[2]
        self._key = key
        self._pause = pause
        # what some models refuse; then it is left out or named otherwise from then on
        self._options: dict[str, Any] = {"temperature": 0, "max_tokens": tokens}
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=8),
            verify=url.startswith("https:"),  # plain http needs no certificates read (50 ms)
            trust_env=urlsplit(url).hostname not in _LOOPBACK,  # no proxy to this machine
        )

    def write(self, messages: Sequence[Message], *, seconds: float) -> Iterator[str]:
        """Yield what the model writes; see rag.readers.llm.LanguageModel."""
        deadline = time.monotonic() + seconds
        pieces: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
        ended = threading.Event()

        def work() -> None:
            try:
                for piece in self._tries(messages, deadline, ended):
                    pieces.put(piece)
                pieces.put(None)
            except BaseException as error:  # raised again where it is waited for
                pieces.put(error)

        threading.Thread(target=work, daemon=True, name="youju-endpoint").start()
        try:
            while True:
                try:
                    piece = pieces.get(timeout=max(0.0, deadline - time.monotonic()))
                except queue.Empty:
                    raise self._too_slow(seconds) from None
                if piece is None:
                    return
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            ended.set()

    def _tries(
        self, messages: Sequence[Message], deadline: float, ended: threading.Event
    ) -> Iterator[str]:
        """Yield one answer; what passes is tried again, as long as nothing of it was yielded."""
        for tried in range(1, TRIES + 1):
            begun = False
            try:
                for piece in self._stream(messages, deadline, ended):
                    begun = True
                    yield piece
                return
            except _Passing as passing:
                pause = passing.wait
                if pause is None and tried < TRIES:
                    pause = PAUSES[tried - 1] * random.uniform(1, 1.5)
                late = pause is None or time.monotonic() + pause >= deadline
                if begun or tried == TRIES or late or ended.is_set():
                    raise ReaderError(
                        f"{passing}, tried {tried} times: see whether it runs, or ask again later"
                    ) from passing
                self._pause(pause or 0.0)

    def _stream(
        self, messages: Sequence[Message], deadline: float, ended: threading.Event
    ) -> Iterator[str]:
        body = {"model": self.name, "messages": list(messages), "stream": True, **self._options}
        left = max(0.1, deadline - time.monotonic())
        limits = httpx.Timeout(left, connect=min(left, CONNECT_SECONDS))
        request = self._client.build_request(
            "POST", f"{self._url}/chat/completions", json=body, timeout=limits
        )
        try:
            response = self._client.send(request, stream=True)
            try:
                lines = _lines(response, ended)
                if response.status_code != 200:
                    raise self._refused(response, "\n".join(lines))
                yield from self._contents(lines)
            finally:
                response.close()
        except httpx.ConnectTimeout as error:
            raise _Passing(f"no answer from {self._host} in {CONNECT_SECONDS:.0f} s") from error
        except httpx.TimeoutException as error:
            raise _Passing(f"{self._host} stopped sending") from error
        except httpx.ConnectError as error:
            raise _Passing(f"{self._host} cannot be reached ({self._clean(str(error))})") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Passing(f"{self._host} broke off ({self._clean(str(error))})") from error

    def _contents(self, lines: Iterator[str]) -> Iterator[str]:
        """Yield the text of a stream of events, or of a host that answers in one piece."""
        plain: list[str] = []
        for line in lines:
            if line.startswith("data:"):
                data = line.removeprefix("data:").strip()
                if data == "[DONE]":
                    return
                yield from self._content(data, "delta")
            elif line.strip() and not line.startswith((":", "event:", "id:", "retry:")):
                plain.append(line)
        if plain:
            yield from self._content("\n".join(plain), "message")

    def _content(self, data: str, part: str) -> Iterator[str]:
        try:
            found = json.loads(data)
            if isinstance(found, dict) and found.get("error"):
                raise self._error(_words_of(found), None)
            for choice in (found.get("choices") or [])[:1]:
                text = (choice.get(part) or {}).get("content")
                if isinstance(text, str) and text:
                    yield text
        except (ValueError, AttributeError, TypeError) as error:
            raise ReaderError(
                f"{self._host} does not speak the OpenAI protocol (it sent"
                f" {self._clean(data)[:60]!r}): give the address that ends in /v1"
            ) from error

    def _refused(self, response: httpx.Response, page: str) -> Exception:
        try:
            words = _words_of(json.loads(page))
        except ValueError:
            words = page
        status = response.status_code
        if status == 404 and not _NO_MODEL.search(words):
            return ReaderError(
                f"{self._host} has no chat at {urlsplit(self._url).path or '/'}: give the address"
                " that ends in /v1"
            )
        if status == 400 and self._gives_way(words):
            return _Passing(f"{self._host} refuses an option", 0.0)
        if status in _PASSING and not _FULL.search(words):
            asked = response.headers.get("retry-after", "")
            wait = float(asked) if re.fullmatch(r"\d{1,4}(\.\d+)?", asked) else None
            return _Passing(f"{self._host} is busy or broken (status {status})", wait)
        return self._error(words, status)

    def _gives_way(self, words: str) -> bool:
        """Tell whether an option that the model refuses was changed, so that another try helps."""
        if "max_completion_tokens" in words and "max_tokens" in self._options:
            options = dict(self._options)
            options["max_completion_tokens"] = options.pop("max_tokens")
        elif "temperature" in words and "temperature" in self._options:
            options = {k: v for k, v in self._options.items() if k != "temperature"}
        else:
            return False
        self._options = options
        return True

    def _error(self, words: str, status: int | None) -> ReaderError:
        told = f"{self._clean(words)[:160]}"
        if status in (401, 403):
            have = "refuses the key" if self._key else "asks for a key"
            return ReaderError(
                f"{self._host} {have} (status {status}): put a good one in {' or '.join(KEYS)}"
            )
        if _FULL.search(words) or status == 413:
            return ReaderError(
                f"question and passages do not fit the context of {self.name} ({told}): lower the"
                " setting passages_read or reader_tokens, or give the model a larger context"
            )
        if status == 404 or _NO_MODEL.search(words):
            return ReaderError(
                f"{self._host} has no model {self.name!r}{self._listed()}: name one that is there,"
                f" or fetch it there, e.g. `ollama pull {self.name}`"
            )
        about = f"status {status}, " if status else ""
        return ReaderError(f"{self._host} refuses the question ({about}{told})")

    def _listed(self) -> str:
        """Return the models that the host names, for an error's words; "" where it names none."""
        try:
            page = self._client.get(f"{self._url}/models", timeout=CONNECT_SECONDS).json()
            names = [str(model["id"]) for model in page["data"]][:6]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return ""
        return f" (it has {self._clean(', '.join(names))[:160]})" if names else ""

    def _too_slow(self, seconds: float) -> ReaderError:
        return ReaderError(
            f"{self.name} at {self._host} did not finish in {seconds:g} s: raise the setting"
            " reader_seconds, or take a smaller model"
        )

    def _clean(self, words: str) -> str:
        """Return a host's words in one line, without anything that may be a key."""
        line = " ".join(words.split())
        if self._key:
            line = line.replace(self._key, "***")
        return _SECRET.sub("***", line)


def _lines(response: httpx.Response, ended: threading.Event) -> Iterator[str]:
    """Yield the lines of an answer; ends where nobody waits, or where it is longer than any."""
    rest, total = "", 0
    for chunk in response.iter_text():
        total += len(chunk)
        *whole, rest = (rest + chunk).replace("\r\n", "\n").split("\n")
        yield from whole
        if ended.is_set() or total > MOST_CHARACTERS:
            return
    if rest:
        yield rest


def _words_of(found: Any) -> str:
    """Return the message of an error in any of the shapes that hosts use."""
    error = found.get("error", found) if isinstance(found, dict) else found
    if isinstance(error, dict):
        parts = [error.get(k) for k in ("message", "detail", "code", "type")]
        return " ".join(str(part) for part in parts if part) or json.dumps(error)
    return str(error)
