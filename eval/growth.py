"""Figures of eval.scale → one SVG: time and memory against passages, in powers of ten, with what
reading every vector once from memory takes."""

from __future__ import annotations

from html import escape
from math import log10
from typing import Any, NamedTuple

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 300, 60, 190, 30, 40
_SIZES = (3, 6)  # powers of ten
_BYTES = 512  # of a vector of 256 numbers of 16 bits
_COLOURS = ("#0b6e4f", "#7a5195", "#ef5675", "#ffa600", "#003f5c", "#8c6d31", "#555555", "#d62728")
_Points = list[tuple[int, float]]


class _Panel(NamedTuple):
    """What one of the plots shows."""

    column: str
    words: str
    powers: tuple[int, int]  # of ten, from and to

    def y(self, value: float) -> float:
        low, high = self.powers
        share = (log10(max(value, 10**low)) - low) / (high - low)
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)


_PANELS = (
    # of the processor: what else the machine does hardly counts
    _Panel("cpu_p50_ms", "ms of processor a search", (-2, 4)),
    _Panel("mb", "MB of memory", (-1, 3)),
)


def growth(told: dict[str, Any]) -> str:
    """Return the plots of what eval.scale wrote, one under the other."""
    names = list(dict.fromkeys(map(_name, [*told["vectors"], *told["words"]])))
    speed = told["memory_gb_s"] * 1e6  # bytes a millisecond
    limit = [(10**n, 10**n * _BYTES / speed) for n in range(_SIZES[0], _SIZES[1] + 1)]
    parts = []
    for number, panel in enumerate(_PANELS):
        drawn = [_grid(panel)]
        for name, colour in zip(names, _COLOURS, strict=False):
            rows = [*told["vectors"], *told["words"]]
            points = sorted((r["size"], r[panel.column]) for r in rows if _name(r) == name)
            drawn.append(_curve(panel, points, colour, name, ""))
        if not number:
            drawn += [_curve(panel, limit, "#000000", "memory bandwidth", "6 4")]
            drawn += [_labels([*names, "memory bandwidth"])]
        parts.append(f'<g transform="translate(0 {number * _HEIGHT})">{"".join(drawn)}</g>')
    box = f"0 0 {_WIDTH} {len(_PANELS) * _HEIGHT}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" font-family="sans-serif"'
        f' font-size="12"><rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _name(row: dict[str, Any]) -> str:
    return str(row.get("form") or row["engine"])


def _x(size: float) -> float:
    share = (log10(size) - _SIZES[0]) / (_SIZES[1] - _SIZES[0])
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _grid(panel: _Panel) -> str:
    parts = []
    for power in range(_SIZES[0], _SIZES[1] + 1):
        x = _x(10**power)
        parts.append(f'<path d="M{x} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x}" y="{_HEIGHT - 22}" text-anchor="middle">{10**power:,}</text>')
    for power in range(panel.powers[0], panel.powers[1] + 1):
        y = panel.y(10.0**power)
        parts.append(f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">passages</text>')
    parts.append(f'<text x="8" y="{_TOP - 12}">{panel.words}</text>')
    return "".join(parts)


def _curve(panel: _Panel, points: _Points, colour: str, name: str, dashes: str) -> str:
    places = [(_x(size), panel.y(value)) for size, value in points]
    path = " ".join(f"{x},{y}" for x, y in places)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in places)
    return (
        f'<g><title>{escape(name)}</title><polyline points="{path}" fill="none" stroke="{colour}"'
        f' stroke-width="2"{dashed}/>{"" if dashes else dots}</g>'
    )


def _labels(names: list[str]) -> str:
    colours = [*_COLOURS[: len(names) - 1], "#000000"]
    return "".join(
        f'<text x="{_WIDTH - _RIGHT + 12}" y="{_TOP + 14 + 20 * n}" fill="{colour}">'
        f"{escape(name)}</text>"
        for n, (name, colour) in enumerate(zip(names, colours, strict=True))
    )
