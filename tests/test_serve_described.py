"""The API keeps to its own description: requests made from it by schemathesis, right and wrong
ones, against a real server on loopback."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from serving import serving

from rag.ingest import index_paths

schemathesis = pytest.importorskip("schemathesis")

from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

EXAMPLES = 3  # of each route and kind
QUIET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],  # shrinking asks the server for minutes
)
ROUTES = [
    "POST /ask",
    "GET /ask",
    "POST /search",
    "GET /search",
    "GET /articles",
    "GET /articles/{identity}",
    "GET /index",
    "POST /index",
    "DELETE /index",
    "GET /healthz",
    "GET /metrics",
    "GET /v1/models",
    "GET /v1/models/{model}",
    "POST /v1/chat/completions",
    "POST /v1/embeddings",
]
ALWAYS_RIGHT = ("GET /healthz", "GET /metrics", "GET /v1/models", "GET /v1/models/{model}")


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    folder = tmp_path_factory.mktemp("described")
    (folder / "a.txt").write_text("今年7月交付人形机器人105台，创了纪录。", encoding="utf-8")
    assert not index_paths(folder / "index", [folder / "a.txt"]).problems
    with serving(folder / "index", max_body_bytes=200_000) as server:
        schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
        refused = schema.config.checks.negative_data_rejection
        # too long to be looked at is refused too
        refused.expected_statuses = [*refused.expected_statuses, "413"]
        yield {o.label: o for o in (found.ok() for found in schema.get_all_operations())}


def test_every_route_is_described(described):
    assert set(described) == set(ROUTES)


def check(operation, mode) -> None:
    @QUIET
    @given(case=operation.as_strategy(generation_mode=mode))
    def every(case):
        assume(len(str(case.query)) < 4_000)  # uvicorn hangs up on a request line over 64 KiB
        # a question of spaces, or a file's name that leaves its folder, suits the description
        # and is refused
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    every()


@pytest.mark.parametrize("route", ROUTES)
def test_a_right_request_is_answered_as_described(described, route):
    check(described[route], schemathesis.GenerationMode.POSITIVE)


@pytest.mark.parametrize("route", [r for r in ROUTES if r not in ALWAYS_RIGHT])
def test_a_wrong_request_is_refused_as_described(described, route):
    check(described[route], schemathesis.GenerationMode.NEGATIVE)
