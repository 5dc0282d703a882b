"""Small SVG drawings of numbers: no script, nothing fetched, colours from the page's style sheet.

line([(0.1, 0.0), (0.7, 0.2)], x="answered", y="wrong")     a curve
points(bins, …)                                             confidence against what was right
dots([("number", 0.75, 0.6, 0.9, "56"), …])                 a value with its interval, a row each
bars([("1", 186), …])                                       counts
whisker(0.61, 0.53, 0.69)                                   an interval inside a table cell
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 440, 260
LEFT, RIGHT, TOP, BOTTOM = 62, 24, 12, 40  # margins of a plot with axes
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
ROW = 24  # height of a row of dots
NAME_WIDTH, COUNT_WIDTH = 104, 122

Row = tuple[str, float | None, float | None, float | None, str]
"""Name, value, ends of its interval, and what stands at the right."""


def _tag(name: str, inner: str = "", **attributes: object) -> str:
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{told}>{inner}</{name}>" if inner else f"<{name}{told}/>"


def _text(words: str, x: float, y: float, anchor: str = "middle", class_: str = "tick") -> str:
    return _tag("text", escape(words), x=_at(x), y=_at(y), text_anchor=anchor, class_=class_)


def _at(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _svg(width: float, height: float, inner: str, title: str) -> str:
    named = _tag("title", escape(title)) + inner
    box = f"0 0 {_at(width)} {_at(height)}"
    return _tag(
        "svg", named, viewBox=box, role="img", class_="plot", style=f"max-width:{width + 60}px"
    )


# ---------------------------------------------------------------- plots with axes


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _axes(x: str, y: str, y_top: float = 1.0) -> str:
    """Return the grid of two shares; the y axis ends at `y_top`."""
    parts = []
    for tick in TICKS:
        parts.append(_tag("line", x1=_x(0), x2=_x(1), y1=_y(tick), y2=_y(tick), class_="grid"))
        parts.append(_text(f"{100 * tick * y_top:.0f} %", LEFT - 6, _y(tick) + 4, "end"))
        parts.append(_text(f"{100 * tick:.0f} %", _x(tick), HEIGHT - BOTTOM + 16))
    parts.append(_text(x, _x(0.5), HEIGHT - 6, class_="axis"))
    middle = _at(TOP + (HEIGHT - TOP - BOTTOM) / 2)
    turned = f"rotate(-90 9 {middle})"
    parts.append(
        _tag(
            "text", escape(y), x=9, y=middle, text_anchor="middle", class_="axis", transform=turned
        )
    )
    return "".join(parts)


def line(points: Sequence[Sequence[float]], *, x: str, y: str, title: str) -> str:
    """Return a curve through `(x, y)` points, shares from 0 to 1; the y axis fits the highest."""
    highest = max((point[1] for point in points), default=0.0)
    y_top = next(top for top in (0.2, 0.4, 0.6, 0.8, 1.0) if highest <= top or top == 1.0)
    path = " ".join(f"{_at(_x(a))},{_at(_y(b / y_top))}" for a, b in points)
    ends = ""
    if points:
        a, b = points[-1]
        ends = _tag("circle", cx=_at(_x(a)), cy=_at(_y(b / y_top)), r=4.5, class_="mark")
        anchor, shift = ("end", -8) if a > 0.5 else ("start", 8)
        words = f"{100 * a:.0f} % answered, {100 * b:.0f} % wrong"
        ends += _text(words, _x(a) + shift, _y(b / y_top) - 8, anchor, "label")
    curve = _tag("polyline", points=path, class_="curve")
    return _svg(WIDTH, HEIGHT, _axes(x, y, y_top) + curve + ends, title)


def points(bins: Sequence[Sequence[float]], *, x: str, y: str, title: str) -> str:
    """Return `(x, y, count)` points; their area grows with the count. The diagonal is perfect."""
    most = max((b[2] for b in bins), default=1)
    parts = [_axes(x, y)]
    parts.append(_tag("line", x1=_x(0), y1=_y(0), x2=_x(1), y2=_y(1), class_="ideal"))
    path = " ".join(f"{_at(_x(a))},{_at(_y(b))}" for a, b, _ in bins)
    parts.append(_tag("polyline", points=path, class_="curve thin"))
    for a, b, count in bins:
        radius = 3 + 7 * (count / most) ** 0.5
        told = _tag("title", escape(f"{count:.0f} answers: {a:.2f} said, {b:.2f} right"))
        parts.append(
            _tag("circle", told, cx=_at(_x(a)), cy=_at(_y(b)), r=_at(radius), class_="bubble")
        )
    return _svg(WIDTH, HEIGHT, "".join(parts), title)


# ---------------------------------------------------------------- rows


def dots(rows: Sequence[Row], *, title: str) -> str:
    """Return values between 0 and 1 with their intervals, one under the other."""
    height = ROW * len(rows) + 26
    left, right = NAME_WIDTH, WIDTH - COUNT_WIDTH

    def place(share: float) -> float:
        return left + share * (right - left)

    parts = []
    for tick in TICKS:
        x = _at(place(tick))
        parts.append(_tag("line", x1=x, x2=x, y1=4, y2=height - 22, class_="grid"))
        parts.append(_text(f"{100 * tick:.0f} %", place(tick), height - 6))
    for number, (name, value, low, high, count) in enumerate(rows):
        y = ROW * number + ROW / 2 + 4
        parts.append(_text(name, left - 10, y + 4, "end", "label"))
        parts.append(_text(count, WIDTH - 2, y + 4, "end", "tick"))
        if low is not None and high is not None:
            parts.append(
                _tag("line", x1=_at(place(low)), x2=_at(place(high)), y1=y, y2=y, class_="range")
            )
        if value is not None:
            parts.append(_tag("circle", cx=_at(place(value)), cy=y, r=4.5, class_="mark"))
            parts.append(_text(f"{100 * value:.0f} %", right + 12, y + 4, "start", "label"))
    return _svg(WIDTH, height, "".join(parts), title)


def bars(counts: Sequence[tuple[str, int]], *, x: str, title: str, odd: Sequence[str] = ()) -> str:
    """Return upright bars with their counts above; names in `odd` are coloured as bad."""
    most = max((count for _, count in counts), default=0) or 1
    step = (WIDTH - 2 * RIGHT) / max(len(counts), 1)
    parts = []
    for number, (name, count) in enumerate(counts):
        left = RIGHT + step * number
        tall = (HEIGHT - BOTTOM - TOP - 16) * count / most
        top = HEIGHT - BOTTOM - tall
        kind = "bar odd" if name in odd else "bar"
        shape = {"x": _at(left + 0.12 * step), "width": _at(0.76 * step), "rx": "2"}
        parts.append(_tag("rect", y=_at(top), height=_at(tall), class_=kind, **shape))
        if count:
            parts.append(_text(str(count), left + step / 2, top - 5, class_="label"))
        parts.append(_text(name, left + step / 2, HEIGHT - BOTTOM + 16))
    base = HEIGHT - BOTTOM
    parts.append(_tag("line", x1=RIGHT, x2=WIDTH - RIGHT, y1=base, y2=base, class_="base"))
    parts.append(_text(x, WIDTH / 2, HEIGHT - 6, class_="axis"))
    return _svg(WIDTH, HEIGHT, "".join(parts), title)


def whisker(value: float | None, low: float | None, high: float | None) -> str:
    """Return a value with its interval on a line from 0 to 1, to stand in a table."""
    width, middle = 120, 9
    parts = [_tag("line", x1=4, x2=width - 4, y1=middle, y2=middle, class_="rail")]

    def place(share: float) -> str:
        return _at(4 + share * (width - 8))

    if low is not None and high is not None:
        ends = {"x1": place(low), "x2": place(high)}
        parts.append(_tag("line", y1=middle, y2=middle, class_="range", **ends))
    if value is not None:
        parts.append(_tag("circle", cx=place(value), cy=middle, r=4, class_="mark"))
    return _tag(
        "svg", "".join(parts), viewBox=f"0 0 {width} 18", class_="whisker", aria_hidden="true"
    )
