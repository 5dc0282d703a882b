"""The API keeps to its own description: requests made from it by schemathesis, right and wrong
ones, against a real server on loopback."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from serving import serving

from rag.ingest import index_paths

schemathesis = pytest.importorskip("schemathesis")

EXAMPLES = 3  # of each route and kind
QUIET = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
MODES = list(schemathesis.GenerationMode)
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


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    folder = tmp_path_factory.mktemp("described")
    (folder / "a.txt").write_text("今年7月交付人形机器人105台，创了纪录。", encoding="utf-8")
    assert not index_paths(folder / "index", [folder / "a.txt"]).problems
    with serving(folder / "index", max_body_bytes=200_000) as server:
        schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
        yield {o.label: o for o in (found.ok() for found in schema.get_all_operations())}


def test_every_route_is_described(described):
    assert set(described) == set(ROUTES)


@pytest.mark.parametrize("mode", MODES, ids=[mode.value for mode in MODES])
@pytest.mark.parametrize("route", ROUTES)
def test_a_route_answers_as_described(described, route, mode):
    if mode not in described[route].schema.config.generation.modes:
        pytest.skip("not made")

    @QUIET
    @given(case=described[route].as_strategy(generation_mode=mode))
    def every(case):
        case.call_and_validate()

    every()
