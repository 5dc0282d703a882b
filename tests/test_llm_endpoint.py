"""rag.readers.llm.endpoint: streaming, time limits, tries, and errors that say what to do."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest
from endpoint import Reply, host

from rag.errors import ModelError, ReaderError
from rag.readers.llm import open_model
from rag.readers.llm.endpoint import Endpoint
from rag.settings import Settings

MESSAGES = [{"role": "user", "content": "问题"}]
KEY = "sk-secret-for-tests"


def written(url, *, seconds=5.0, key=None, model="tiny", pauses=None):
    pauses = [] if pauses is None else pauses
    endpoint = Endpoint(model, url, key=key, pause=pauses.append)
    return list(endpoint.write(MESSAGES, seconds=seconds))


def error_of(url, **options):
    with pytest.raises(ReaderError) as caught:
        written(url, **options)
    words = str(caught.value)
    assert "\n" not in words and KEY not in words
    return words


def page(status, message, **more):
    return Reply(status=status, page=json.dumps({"error": {"message": message} | more}))


def replies(*given):
    """Return a script that gives one reply after the other, the last again and again."""
    waiting = list(given)
    return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def test_text_comes_in_pieces():
    with host("7月交付105台，创了纪录。") as running:
        pieces = written(running.url)
    assert "".join(pieces) == "7月交付105台，创了纪录。" and len(pieces) > 1
    body = running.asked[0].body
    assert running.asked[0].path == "/v1/chat/completions"
    assert body["stream"] is True and body["model"] == "tiny" and body["messages"] == MESSAGES


def test_a_host_that_does_not_stream_is_read_too():
    answer = {"choices": [{"message": {"content": "105台"}}]}
    with host(lambda _: Reply(page=json.dumps(answer, indent=1))) as running:
        assert written(running.url) == ["105台"]


def test_the_key_goes_to_the_host_and_nowhere_else():
    settings = Settings(reader="openai:tiny@http://127.0.0.1:1/v1")
    assert KEY not in repr(settings)
    with host("好") as running:
        setting = Settings(reader=f"openai:tiny@{running.url}")
        model = open_model(setting, {"OPENAI_API_KEY": "other", "YOUJU_API_KEY": KEY})
        assert model is not None and list(model.write(MESSAGES, seconds=5)) == ["好"]
    assert running.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(running.asked[0].body)


def test_without_a_key_none_is_sent():
    with host("好") as running:
        model = open_model(Settings(reader=f"openai:tiny@{running.url}"), {})
        assert model is not None and list(model.write(MESSAGES, seconds=5))
    assert "Authorization" not in running.asked[0].headers


# -- errors


def test_a_wrong_key_is_named_without_being_shown():
    with host(lambda _: page(401, f"Incorrect API key provided: {KEY}")) as running:
        words = error_of(running.url, key=KEY)
    assert "refuses the key" in words and "YOUJU_API_KEY" in words
    assert len(running.asked) == 1  # a wrong key does not get right by asking again


def test_a_missing_key_is_asked_for():
    with host(lambda _: page(401, "no key")) as running:
        assert "asks for a key" in error_of(running.url)


def test_a_key_that_a_host_repeats_in_other_errors_is_blanked():
    with host(lambda _: page(400, f"bad header {KEY}")) as running:
        assert "***" in error_of(running.url, key=KEY)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "model 'tiny' not found, try pulling it first"),
        (404, "The model `tiny` does not exist or you do not have access to it."),
        (400, "Model Not Exist"),
    ],
    ids=["Ollama", "OpenAI", "DeepSeek"],
)
def test_a_model_that_is_not_there_is_named_with_those_that_are(status, message):
    with host(lambda _: page(status, message)) as running:
        running.models = ["qwen3:8b"]
        words = error_of(running.url)
    assert "no model 'tiny'" in words and "qwen3:8b" in words


def test_an_address_without_a_chat_says_where_it_mostly_is():
    with host(lambda _: Reply(status=404, page="<html>not here</html>")) as running:
        assert "/v1" in error_of(running.url)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "This model's maximum context length is 4096 tokens, you requested 5000"),
        (400, "the request exceeds the available context size. try increasing n_ctx"),
        (500, "input length exceeds the context length"),
        (413, "too large"),
    ],
    ids=["OpenAI and vLLM", "llama.cpp", "Ollama", "a proxy"],
)
def test_a_full_context_says_what_to_lower(status, message):
    with host(lambda _: page(status, message)) as running:
        assert "passages_read" in error_of(running.url)
    assert len(running.asked) == 1


def test_an_error_in_the_middle_of_a_stream_is_told():
    event = json.dumps({"error": {"message": "model runner has stopped"}})
    with host(lambda _: Reply(page=f"data: {event}\n\n")) as running:
        assert "model runner has stopped" in error_of(running.url)


@pytest.mark.parametrize("page", ["<html>hello</html>", "data: {broken\n\n", "[1, 2]"])
def test_a_host_that_speaks_something_else_is_named(page):
    with host(lambda _: Reply(page=page)) as running:
        assert "OpenAI protocol" in error_of(running.url)


def test_a_dead_host_is_named_after_some_tries():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    pauses: list[float] = []
    words = error_of(f"http://127.0.0.1:{port}/v1", pauses=pauses)
    assert f"127.0.0.1:{port} cannot be reached" in words and "4 times" in words
    assert pauses == sorted(pauses) and len(pauses) == 3


def test_a_busy_host_is_tried_again():
    script = replies(page(503, "loading"), page(429, "slow down"), Reply("好"))
    pauses: list[float] = []
    with host(script) as running:
        assert written(running.url, pauses=pauses) == ["好"]
    assert len(pauses) == 2 and pauses[0] < pauses[1]


def test_a_host_that_says_when_to_come_back_is_obeyed():
    busy = page(429, "slow down")
    busy.headers["Retry-After"] = "2"
    pauses: list[float] = []
    with host(replies(busy, Reply("好"))) as running:
        assert written(running.url, pauses=pauses) == ["好"]
    assert pauses == [2.0]


def test_nobody_waits_longer_than_the_question_may_take():
    busy = page(429, "slow down")
    busy.headers["Retry-After"] = "3600"
    pauses: list[float] = []
    with host(lambda _: busy) as running:
        assert "busy" in error_of(running.url, pauses=pauses)
    assert pauses == []


def test_what_breaks_off_after_it_has_begun_is_not_begun_again():
    reply = Reply("一二三四五六七八九十", step=1, breaks=3)
    with host(lambda _: reply) as running:
        pieces = Endpoint("tiny", running.url).write(MESSAGES, seconds=5)
        assert next(pieces) == "一"
        list(pieces)  # a stream may end without [DONE]
    assert len(running.asked) == 1


def test_an_option_that_a_model_refuses_is_left_out():
    def script(asked):
        if "max_tokens" in asked.body:
            return page(400, "'max_tokens' is not supported, use 'max_completion_tokens'")
        if "temperature" in asked.body:
            return page(400, "'temperature' does not support 0 with this model")
        return Reply("好")

    with host(script) as running:
        assert written(running.url) == ["好"]
    assert running.asked[-1].body["max_completion_tokens"] == 600


# -- time


def test_a_slow_host_is_left_after_the_time_given():
    started = time.monotonic()
    with host(lambda _: Reply("一" * 100, pause=0.1, step=1)) as running:
        words = error_of(running.url, seconds=0.5)
    assert "reader_seconds" in words and time.monotonic() - started < 2


def test_a_host_that_accepts_and_says_nothing_is_left_after_the_time_given():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        words = error_of(f"http://127.0.0.1:{silent.getsockname()[1]}/v1", seconds=0.5)
    assert "0.5 s" in words
    assert time.monotonic() - started < 2


def test_a_slow_answer_does_not_hold_up_another():
    def script(asked):
        slow = asked.body["messages"][0]["content"] == "slow"
        return Reply("一" * 50, pause=0.1, step=1) if slow else Reply("好")

    with host(script) as running:
        endpoint = Endpoint("tiny", running.url)
        slow = endpoint.write([{"role": "user", "content": "slow"}], seconds=5)
        threading.Thread(target=lambda: next(slow), daemon=True).start()
        started = time.monotonic()
        for _ in range(5):
            assert list(endpoint.write(MESSAGES, seconds=5)) == ["好"]
        assert time.monotonic() - started < 2


def test_an_answer_without_end_is_cut():
    with host(lambda _: Reply("字" * 3_000_000, step=100_000)) as running:
        assert len("".join(written(running.url))) < 1_000_000


# -- the setting


@pytest.mark.parametrize(
    "reader",
    ["gpt-4", "openai:gpt-4", "openai:@http://x/v1", "openai:m@ftp://x", "local:", "remote:m", ""],
)
def test_a_setting_that_names_no_reader_says_how_to_write_one(reader):
    with pytest.raises(ModelError, match="openai:MODEL@http") as caught:
        open_model(Settings(reader=reader), {})
    assert "\n" not in str(caught.value)


def test_a_password_in_the_setting_is_not_repeated():
    with pytest.raises(ModelError) as caught:
        open_model(Settings(reader="openai:m@http://me:hunter2@host/v1"), {})
    assert "hunter2" not in str(caught.value)


def test_the_bundled_reader_is_no_language_model():
    assert open_model(Settings(), {}) is None


def test_a_models_name_may_hold_colons_and_an_at_sign():
    model = open_model(Settings(reader="openai:qwen3:8b@q4@http://127.0.0.1:1/v1"), {})
    assert model is not None and model.name == "qwen3:8b@q4"
