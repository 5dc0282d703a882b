"""Counters for Prometheus. One registry for each server, so that two in a process do not mix."""

from __future__ import annotations

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from starlette.types import Scope

from ui.serve.crew import Helpers
from ui.serve.desk import Desk, Lane
from ui.serve.guard import Seen, is_api

# seconds: around the 500 ms that is promised, and the time-outs
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Metrics:
    """Counts requests by route, never by what was asked or who asked."""

    def __init__(self) -> None:
        """Make the counters."""
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter(
            "youju_requests", "Requests answered", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "youju_request_seconds",
            "Time until the last byte",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._waiting = self._gauge("youju_pending", "Jobs waiting or running", "lane")
        self._away = self._gauge("youju_turned_away", "Jobs refused for want of room", "lane")
        self._kept = self._gauge("youju_cache", "Answers found, missed; bytes kept", "what")
        self._restarts = self._gauge("youju_helper_restarts", "Helpers that died", "crew")

    def _gauge(self, name: str, words: str, label: str) -> Gauge:
        return Gauge(name, words, (label,), registry=self.registry)

    def count(self, seen: Seen, scope: Scope) -> None:
        """Count a request that is over."""
        route = route_of(seen, scope)
        method = seen.method if seen.method in _METHODS else "other"
        self._requests.labels(method, route, str(seen.status)).inc()
        if seen.status < 400:
            self._seconds.labels(route).observe(seen.seconds)

    def exposed(self, desk: Desk) -> tuple[bytes, str]:
        """Return all counters as text, and its media type."""
        lanes: tuple[Lane, ...] = (desk.asking, desk.searching, desk.writing)
        for lane in lanes:
            self._waiting.labels(lane.name).set(lane.pending)
            self._away.labels(lane.name).set(lane.turned_away)
        for what in ("found", "missed", "size"):
            self._kept.labels(what).set(getattr(desk.kept, what))
        for name, crew in (("answers", desk.crew), ("writer", desk.writer)):
            if isinstance(crew, Helpers):
                self._restarts.labels(name).set(crew.restarts)
        return generate_latest(self.registry), CONTENT_TYPE_LATEST


def route_of(seen: Seen, scope: Scope) -> str:
    """Return the template of the route, "page" or "none": addresses would be endless."""
    if not is_api(seen.path):
        return "page"
    if seen.path == "/mcp":
        return "/mcp"
    route = getattr(scope.get("route"), "path", None)
    return route if isinstance(route, str) else "none"
