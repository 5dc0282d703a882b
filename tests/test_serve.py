"""`youju serve` as its clients meet it: plain HTTP, the official OpenAI client, the official MCP
client, each against a real server on loopback."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from serving import ROOT, Running, serving

from rag.ingest import index_paths
from rag.types import essence

openai = pytest.importorskip("openai")
mcp = pytest.importorskip("mcp")

QUESTION = "松延动力7月交付多少台?"
NOT_THERE = "火星上第一家咖啡馆的老板叫什么名字?"


@pytest.fixture(scope="module")
def seeds(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("serve") / "index"
    assert not index_paths(folder, [ROOT / "seeds"]).problems
    return folder


@pytest.fixture(scope="module")
def server(seeds):
    with serving(seeds) as running:
        yield running


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as one:
        yield one


def asked(question: str, *earlier: tuple[str, str]) -> list[dict[str, str]]:
    turns = [{"role": role, "content": words} for role, words in earlier]
    return [*turns, {"role": "user", "content": question}]


# -- the plain API -----------------------------------------------------------------------------


def test_ask_gives_the_contracts_answer(server: Running):
    answer = server.request("POST", "/ask", {"question": QUESTION}).json()
    assert (answer["answer"], answer["refused"]) == ("105台", False)
    for citation in answer["citations"]:
        raw = (ROOT / "seeds" / citation["source"]).read_bytes().decode()
        cited = "".join(raw[a:b] for a, b in citation["spans"])
        assert essence(cited) == essence(citation["quote"])


def test_ask_by_address_gives_the_same_answer(server: Running):
    by_body = server.request("POST", "/ask", {"question": QUESTION}).json()
    by_address = server.request(
        "GET",
        f"/ask?question={quote(QUESTION)}",
    ).json()
    assert by_address == by_body  # kept: even the times are the same


def test_a_follow_up_is_understood_from_its_history(server: Running):
    body = {"question": "8月的目标呢?", "history": [[QUESTION, "105台"]]}
    assert "松延动力" in server.request("POST", "/ask", body).json()["standalone"]


def test_search_gives_as_many_passages_as_wanted(server: Running):
    found = server.request("POST", "/search", {"question": QUESTION, "limit": 3}).json()
    assert {hit["rank"] for hit in found["hits"] if hit["same_as"] is None} <= set(range(1, 10))
    assert "105台" in essence(found["hits"][0]["text"])


def test_search_keeps_to_the_sources_named(server: Running):
    body = {"question": QUESTION, "source": ["001_*"]}
    hits = server.request("POST", "/search", body).json()["hits"]
    assert hits and {hit["source"][:3] for hit in hits} == {"001"}


def test_articles_are_listed_and_read(server: Running):
    listed = server.request("GET", "/articles?limit=2").json()
    assert len(listed["articles"]) == 2 < listed["total"]
    row = listed["articles"][0]
    article = server.request("GET", f"/articles/{row['id']}").json()
    assert len(article["text"]) == row["characters"]


def test_the_description_is_served_without_another_host(server: Running):
    page = server.request("GET", "/docs").body.decode()
    assert "/v1/chat/completions" in page
    assert "http://" not in page.replace("http://127.0.0.1", "") and "https://" not in page


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/ask", {"question": ""}, 422, "question"),
        ("POST", "/ask", {"question": "\u200b "}, 400, "empty"),
        ("POST", "/ask", {"question": "长" * 2001}, 400, "2,001"),
        ("POST", "/ask", {"question": "?", "since": "gestern"}, 422, "since"),
        ("POST", "/ask", b"{", 422, "JSON"),
        ("GET", "/articles/nosuch", None, 404, "nosuch"),
        ("GET", "/v2/models", None, 404, None),
        ("PUT", "/ask", {}, 405, "Method"),
        ("DELETE", "/index?source=nosuch.txt", None, 404, None),
    ],
)
def test_a_bad_request_gets_one_line(server: Running, method, path, body, status, words):
    headers = {"Content_Type": "application/json"} if body is not None else {}
    reply = server.request(method, path, body, **headers)
    assert reply.status == status
    if words:
        assert words in reply.json()["error"] and "\n" not in reply.json()["error"]


def test_a_method_that_is_not_there_is_told_which_are(server: Running):
    assert server.request("DELETE", "/ask").headers["allow"] == "GET, POST"


# -- OpenAI ------------------------------------------------------------------------------------


def test_the_openai_client_gets_an_answer_with_footnotes_and_citations(client):
    done = client.chat.completions.create(model="youju", messages=asked(QUESTION))
    (choice,) = done.choices
    assert choice.finish_reason == "stop" and choice.message.content.startswith("105台 [1]")
    assert "[1] “破茧进化”" in choice.message.content
    assert done.citations[0]["source"].startswith("000_")
    assert not done.refused and 0 < done.confidence <= 1


def test_a_refusal_is_a_message_with_a_flag(client):
    done = client.chat.completions.create(model="youju", messages=asked(NOT_THERE))
    assert done.refused and done.citations == []
    assert "没有" in done.choices[0].message.content


def test_a_stream_says_what_the_whole_says(client):
    whole = client.chat.completions.create(model="youju", messages=asked(QUESTION))
    stream = client.chat.completions.create(
        model="youju",
        messages=asked(QUESTION),
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert len(chunks) > 4
    (last,) = [c for c in chunks if c.choices and c.choices[0].finish_reason]
    assert last.citations == whole.citations and last.refused is False
    assert chunks[-1].usage.completion_tokens == len(text)


def test_earlier_messages_are_the_history(client, server: Running):
    first = client.chat.completions.create(model="youju", messages=asked(QUESTION))
    turns = [("system", "Be brief."), ("user", QUESTION)]
    turns.append(("assistant", first.choices[0].message.content))
    done = client.chat.completions.create(model="youju", messages=asked("8月的目标呢?", *turns))
    body = {"question": "8月的目标呢?", "history": [[QUESTION, "105台"]]}
    assert server.request("POST", "/ask", body).json()["citations"] == done.citations


def test_content_in_parts_is_read(client):
    parts = [{"type": "text", "text": QUESTION}]
    done = client.chat.completions.create(
        model="youju", messages=[{"role": "user", "content": parts}]
    )
    assert done.choices[0].message.content.startswith("105台")


def test_the_models_are_listed(client):
    assert [m.id for m in client.models.list()] == ["youju", "youju-embedding"]
    assert client.models.retrieve("youju").owned_by == "youju"


def test_embeddings_are_unit_vectors_in_both_encodings(client, server: Running):
    texts = ["机器人", "a robot", "天气"]
    rows = client.embeddings.create(model="youju-embedding", input=texts).data
    vectors = [row.embedding for row in rows]
    assert all(abs(sum(x * x for x in v) - 1) < 1e-3 for v in vectors)
    dot = [sum(a * b for a, b in zip(vectors[0], v, strict=True)) for v in vectors]
    assert dot[1] > dot[2]
    body = {"input": texts, "encoding_format": "base64"}
    packed = server.request("POST", "/v1/embeddings", body).json()["data"][0]["embedding"]
    data = base64.b64decode(packed)
    assert struct.unpack(f"<{len(data) // 4}f", data) == pytest.approx(vectors[0])


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (openai.NotFoundError, {"model": "gpt-5", "messages": asked("?")}),
        (openai.BadRequestError, {"model": "youju", "messages": []}),
        (openai.BadRequestError, {"model": "youju", "messages": asked("长" * 2001)}),
        (
            openai.BadRequestError,
            {"model": "youju", "messages": asked("长" * 2001), "stream": True},
        ),
        (
            openai.BadRequestError,
            {"model": "youju", "messages": [{"role": "assistant", "content": "105台"}]},
        ),
        (openai.BadRequestError, {"model": "youju", "messages": asked(QUESTION), "n": 2}),
    ],
    ids=["no model", "no message", "too long", "too long, streamed", "no question", "two answers"],
)
def test_the_openai_client_knows_our_errors(client, error, arguments):
    with pytest.raises(error) as caught:
        client.chat.completions.create(**arguments)
    assert caught.value.body["message"]


# -- MCP ---------------------------------------------------------------------------------------


async def _talk(client) -> dict[str, object]:
    async with client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        answer = await client.call_tool("ask", {"question": QUESTION})
        found = await client.call_tool("search", {"question": QUESTION, "limit": 2})
        identity = answer.structured_content["citations"][0]["article_id"]
        read = await client.call_tool("read_article", {"article_id": identity, "limit": 50})
        missing = await client.call_tool("read_article", {"article_id": "nosuch"})
        resources = (await client.list_resources()).resources
        first = await client.read_resource(resources[0].uri)
    return {
        "tools": tools,
        "answer": answer.structured_content,
        "hits": found.structured_content["hits"],
        "read": read.structured_content,
        "missing": missing,
        "resources": [str(r.uri) for r in resources],
        "text": first.contents[0].text,
    }


def _check(told) -> None:
    assert told["tools"] == {"ask", "search", "read_article"}
    assert told["answer"]["answer"] == "105台"
    assert "105台" in essence(told["answer"]["citations"][0]["quote"])
    assert told["hits"][0]["rank"] == 1
    assert (len(told["read"]["text"]), told["read"]["next_offset"]) == (50, 50)
    assert told["missing"].is_error and "nosuch" in told["missing"].content[0].text
    assert len(told["resources"]) == 13 and told["text"]


def test_mcp_over_http_answers_the_official_client(server: Running):
    _check(asyncio.run(_talk(mcp.Client(f"{server.url}/mcp"))))


def test_mcp_over_standard_input_answers_the_official_client(seeds):
    parameters = mcp.StdioServerParameters(
        command=sys.executable,
        args=["-m", "ui.cli", "mcp", "--index", str(seeds)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )
    _check(asyncio.run(_talk(mcp.Client(mcp.stdio_client(parameters)))))


# -- what it tells its operator ----------------------------------------------------------------


def test_the_log_is_json_and_holds_no_question(server: Running):
    server.request("POST", "/ask", {"question": "这句话不该出现在日志里"})
    rows = server.requests_logged()
    assert {"route", "status", "milliseconds", "client", "request"} <= set(rows[-1])
    assert "不该出现" not in json.dumps(server.log, ensure_ascii=False)


def test_the_counters_are_by_route_and_hold_no_question(server: Running):
    server.request("GET", "/articles/abc")
    text = server.request("GET", "/metrics").body.decode()
    assert 'youju_requests_total{method="GET",route="/articles/{identity}",status="404"}' in text
    assert "松延" not in text and "/articles/abc" not in text
