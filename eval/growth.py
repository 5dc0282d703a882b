"""Figures of eval.scale → one SVG: milliseconds a search against passages, both in powers of ten,
with what reading every vector once from memory takes."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from math import log10
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 360, 60, 190, 20, 40
_FROM_SIZE, _TO_SIZE = 3.0, 6.0  # powers of ten
_FROM_MS, _TO_MS = -2.0, 3.0
_BYTES = 512  # of a vector of 256 numbers of 16 bits
_COLOURS = ("#0b6e4f", "#7a5195", "#ef5675", "#ffa600", "#003f5c", "#8c6d31", "#555555", "#d62728")
_SHOWN = "cpu_p50_ms"  # of the processor: what else the machine does hardly counts


def growth(told: dict[str, Any]) -> str:
    """Return the plot of what eval.scale wrote."""
    curves: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for row in [*told["vectors"], *told["words"]]:
        name = row.get("form") or row["engine"]
        curves[name].append((row["size"], row[_SHOWN]))
    speed = told["plain"]["scan_gb_s"] * 1e6  # bytes a millisecond
    limit = [(10**n, 10**n * _BYTES / speed) for n in (3, 4, 5, 6)]
    parts = [_grid()]
    for colour, (name, points) in zip(_COLOURS, curves.items(), strict=False):
        parts.append(_curve(sorted(points), colour, name, ""))
    parts.append(_curve(limit, "#000000", "memory bandwidth", "6 4"))
    labels = _labels([*curves, "memory bandwidth"])
    box = f"0 0 {_WIDTH} {_HEIGHT}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" font-family="sans-serif"'
        f' font-size="12"><rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}{labels}'
        "</svg>\n"
    )


def _x(size: float) -> float:
    share = (log10(size) - _FROM_SIZE) / (_TO_SIZE - _FROM_SIZE)
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(ms: float) -> float:
    share = (log10(max(ms, 10**_FROM_MS)) - _FROM_MS) / (_TO_MS - _FROM_MS)
    return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)


def _grid() -> str:
    parts = []
    for power in range(int(_FROM_SIZE), int(_TO_SIZE) + 1):
        x = _x(10**power)
        parts.append(f'<path d="M{x} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#dddddd"/>')
        parts.append(
            f'<text x="{x}" y="{_HEIGHT - 22}" text-anchor="middle">{10**power:,}</text>'
        )
    for power in range(int(_FROM_MS), int(_TO_MS) + 1):
        y = _y(10.0**power)
        parts.append(f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">passages</text>')
    parts.append(f'<text x="8" y="{_TOP - 6}">ms of processor a search</text>')
    return "".join(parts)


def _curve(points: list[tuple[int, float]], colour: str, name: str, dashes: str) -> str:
    path = " ".join(f"{_x(size)},{_y(ms)}" for size, ms in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    dots = "".join(
        f'<circle cx="{_x(size)}" cy="{_y(ms)}" r="3" fill="{colour}"/>' for size, ms in points
    )
    title = f"<title>{escape(name)}</title>"
    return (
        f'<g>{title}<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"'
        f"{dashed}/>{'' if dashes else dots}</g>"
    )


def _labels(names: list[str]) -> str:
    colours = [*_COLOURS[: len(names) - 1], "#000000"]
    return "".join(
        f'<text x="{_WIDTH - _RIGHT + 12}" y="{_TOP + 14 + 20 * n}" fill="{colour}">'
        f"{escape(name)}</text>"
        for n, (name, colour) in enumerate(zip(names, colours, strict=True))
    )
