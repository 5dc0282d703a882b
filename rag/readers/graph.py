"""The network of rag.readers.train as two ONNX graphs, made of its weights when they are loaded:
what of it is the question's is run once, for all passages, and the rest once for each.

One passage a run: (T, width) rows, no padding and no mask, small enough for the processor's cache;
six passages of 166 tokens in one padded batch take a quarter longer. The question is as long beside
every passage, and needs none. All sizes are the weights'.

What depends on the question alone is joined beforehand, and biases and residuals go into the
products and norms that follow.

A passage's large products, of convolutions, attention and feed-forward blocks, are in 8 bits: a
passage takes 0.7 of the time. What is left would move scores three times as far for the next 2 %:
the first product, whose input is not normed, the looks' and those of starts and ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rag.readers.onnx import MICROSOFT, Graph
from rag.readers.words import BLOCKS, HEADS, QUESTION_BLOCKS

Floats = npt.NDArray[np.float32]
_EPSILON = 1e-5  # torch's
_STEPS = 64  # of an 8-bit weight, either way: see eight_bits
_CONVOLVED = [f"blocks.{k}" for k, kind in enumerate(BLOCKS) if kind.startswith("conv")]
_LOOKS = ["first_look", *(f"blocks.{k}" for k, kind in enumerate(BLOCKS) if kind == "question")]


ASKED = ("question", "vector", "told", "looked", "offsets")
"""What a question's graph gives beside each of P passages, and a passage's takes: its rows and
their weighted mean; what is added to the values and to the gates of each convolution; first of all
looks what is met by what is at hand, then what is fetched; what is added to how well they meet."""


def question_graph(weights: Mapping[str, Floats]) -> bytes:
    """Return the model: `asked` (P, M, q), a question as embedded and with its features beside each
    of P passages, to ASKED, each (P, ·, ·)."""
    net = _Question(weights)
    net.prepare(*net.question())
    return net.graph.message()


def passage_graph(weights: Mapping[str, Floats]) -> bytes:
    """Return the model: `passage` (T, p), as embedded and with its features, and ASKED, to
    `scores` (T, T), log-odds of spans from start to end inclusive against "not here", and `rows`
    and `null` of `rag.readers.judge.Read`.
    """
    net = _Passage(weights)
    net.take()
    net.answer(net.passage())
    return net.graph.message()


class _Network:
    """What a block adds to its input is not added at once but by the norm of the next:
    `_waiting`."""

    outer: tuple[int, ...]  # axes that a convolution needs beside those of the rows

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self.graph = Graph()
        self._w = weights
        self._width = len(weights["norm.weight"])
        self._waiting: tuple[str, ...] = ()

    def _conv(self, name: str, x: str, dilation: int, told: str) -> str:
        """`told`: what is added to values and gates."""
        g, taps = self.graph, self._w[f"{name}.taps"]
        x, h = self._norm(f"{name}.norm", x)
        count, width = taps.shape
        reach = dilation * (count // 2)
        outer = g.constant("outer axes", np.array(self.outer))
        h = g.add("Transpose", [g.add("Unsqueeze", [h, outer])], perm=(0, 3, 1, 2))
        h = g.add(
            "Conv",
            [h, g.constant(f"{name}.taps", taps.T[:, None, None])],
            group=width,
            dilations=(1, dilation),
            pads=(0, reach, 0, reach),
        )
        h = g.add("Squeeze", [g.add("Transpose", [h], perm=(0, 2, 3, 1)), outer])
        h = self._large(f"{name}.project", h, self._w[f"{name}.project.weight"], told)
        values, gates = f"{name}.values", f"{name}.gates"
        g.add("Split", [h], outputs=[values, gates], axis=-1)
        self._waiting = (g.add("Mul", [values, g.add("Sigmoid", [gates])]),)
        return x

    def _norm(self, name: str, x: str) -> tuple[str, str]:
        """Return the rows with what was waiting added, and these normed."""
        g = self.graph
        scale = g.constant(f"{name}.weight", self._w[f"{name}.weight"])
        offset = g.constant(f"{name}.bias", self._w[f"{name}.bias"])
        x = self._settled(x)
        return x, g.add("LayerNormalization", [x, scale, offset], epsilon=_EPSILON)

    def _settled(self, x: str) -> str:
        """Return the rows with what was waiting added."""
        for added in self._waiting:
            x = self.graph.add("Add", [x, added])
        self._waiting = ()
        return x

    def _linear(self, name: str, x: str) -> str:
        return self._product(name, x, self._w[f"{name}.weight"], self._w[f"{name}.bias"])

    def _product(self, name: str, x: str, weight: Floats, bias: Floats) -> str:
        return self._gemm(name, x, weight, self.graph.constant(f"{name}.bias", bias))

    def _gemm(self, name: str, x: str, weight: Floats, added: str) -> str:
        return self.graph.add("Gemm", [x, self.graph.constant(f"{name}.weight", weight.T), added])

    def _large(self, name: str, x: str, weight: Floats, added: str) -> str:
        """Multiply where a passage takes most of its time."""
        return self._gemm(name, x, weight, added)

    def _give(self, name: str, value: str, shape: Sequence[int | str]) -> None:
        self.graph.add("Identity", [value], outputs=[name])
        self.graph.output(name, shape)


class _Question(_Network):
    """Values are (P, M, width)."""

    outer = (1,)

    def question(self) -> tuple[str, str]:
        """Return the question's rows and their mean, weighted: (P, 1, width)."""
        g = self.graph
        rows = g.input("asked", ["P", "M", self._w["question_in.weight"].shape[1]])
        rows = self._linear("question_in", rows)
        for k in range(QUESTION_BLOCKS):
            name = f"question_blocks.{k}"
            bias = g.constant(f"{name}.project.bias", self._w[f"{name}.project.bias"])
            rows = self._conv(name, rows, 1, bias)
        rows = self._settled(rows)
        pool = g.add("Softmax", [self._linear("question_pool", rows)], axis=1)
        return rows, g.add("MatMul", [g.add("Transpose", [pool], perm=(0, 2, 1)), rows])

    def prepare(self, question: str, vector: str) -> None:
        """Compute what blocks take from the question, in one product each."""
        g, w, n = self.graph, self._w, self._width
        conditions = [(f"{name}.condition", f"{name}.project.bias") for name in _CONVOLVED]
        weight = np.concatenate([w[f"{name}.weight"] for name, _ in conditions])
        bias = np.concatenate([w[f"{name}.bias"] + w[more] for name, more in conditions])
        told = self._product("told", vector, weight, bias)
        told = g.add("Squeeze", [told, g.constant("outer axes", np.array(self.outer))])
        met, offsets, fetched = [], [], []
        for name in _LOOKS:
            scale = np.float32(n**-0.5)
            ask, key = w[f"{name}.ask.weight"] * scale, w[f"{name}.key.weight"]
            met.append((ask.T @ key, ask.T @ w[f"{name}.key.bias"]))
            offset = w[f"{name}.ask.bias"] * scale
            offsets.append((offset @ key, offset @ w[f"{name}.key.bias"]))
            # the weights of what is fetched sum to 1, so the bias may be fetched too
            fetched.append((w[f"{name}.mix.weight"][:, :n], w[f"{name}.mix.bias"]))
        weight, bias = (np.concatenate(part) for part in zip(*met, *fetched, strict=True))
        looked = self._product("looked", question, weight, bias)
        weight, bias = np.stack([row for row, _ in offsets]), np.stack([one for _, one in offsets])
        met_by_all = self._product("offsets", question, weight, bias)
        added = g.add("Transpose", [met_by_all], perm=(0, 2, 1))
        values = (question, vector, told, looked, added)
        for (name, shape), value in zip(_asked_shapes(n).items(), values, strict=True):
            self._give(name, value, ["P", *shape])

    def _gemm(self, name: str, x: str, weight: Floats, added: str) -> str:
        """In three dimensions Gemm does not."""
        weights = self.graph.constant(f"{name}.weight", weight.T)
        return self.graph.add("Add", [self.graph.add("MatMul", [x, weights]), added])


class _Passage(_Network):
    """Values are (T, width)."""

    outer = (0, 1)

    def take(self) -> None:
        """Part what is asked: `told.<block>` (2 * width), `key.<look>` and `taken.<look>`
        (M, width), `bias.<look>` (1, M)."""
        g = self.graph
        for name, shape in _asked_shapes(self._width).items():
            g.input(name, shape)
        g.add("Split", ["told"], outputs=[f"told.{name}" for name in _CONVOLVED], axis=0)
        looked = [f"{what}.{name}" for what in ("key", "taken") for name in _LOOKS]
        g.add("Split", ["looked"], outputs=looked, axis=1)
        g.add("Split", ["offsets"], outputs=[f"bias.{name}" for name in _LOOKS], axis=0)

    def passage(self) -> str:
        """Return the passage's rows after all blocks."""
        x = self.graph.input("passage", ["T", self._w["passage_in.weight"].shape[1]])
        x = self._look("first_look", self._linear("passage_in", x))
        for k, kind in enumerate(BLOCKS):
            name = f"blocks.{k}"
            if kind == "attend":
                x = self._attend(name, x)
            elif kind == "question":
                x = self._look(name, x)
            elif kind == "feed":
                x = self._feed(name, x)
            else:
                x = self._conv(name, x, int(kind.removeprefix("conv")), f"told.{name}")
        return self._norm("norm", x)[1]

    def answer(self, x: str) -> None:
        """Score all spans: left · right + start + end - null as one product of rows."""
        g, w = self.graph, self._w
        top = g.add("ReduceMax", [x], axes=(0,))
        mean = g.add("ReduceMean", [x], axes=(0,))
        everything = g.add("Concat", [top, mean, "vector"], axis=1)
        null = self._linear("null", g.add("Tanh", [self._linear("null_hidden", everything)]))
        scale = np.float32(len(w["left.bias"]) ** -0.5)
        none, one = np.zeros_like(w["start.weight"]), np.ones(1, np.float32)
        left = np.concatenate([w["left.weight"] * scale, w["start.weight"], none])
        left_bias = np.concatenate([w["left.bias"] * scale, w["start.bias"], one])
        right = np.concatenate([w["right.weight"], none, w["end.weight"]])
        right_bias = np.concatenate([w["right.bias"], one, w["end.bias"]])
        starts = self._product("left", x, left, left_bias)
        ends = self._product("right", x, right, right_bias)
        g.add("Gemm", [starts, ends, g.add("Neg", [null])], outputs=["scores"], transB=1)
        g.output("scores", ["T", "T"])
        self._give("rows", x, ["T", self._width])
        self._give("null", null, [1, 1])

    def _attend(self, name: str, x: str) -> str:
        """Attend with each head by itself: MultiHeadAttention, which lays the heads out and back,
        takes a third longer."""
        g, w = self.graph, self._w
        x, h = self._norm(f"{name}.norm", x)
        scale = np.repeat(np.array([(self._width // HEADS) ** -0.5, 1, 1], np.float32), self._width)
        weight, bias = w[f"{name}.heads.weight"] * scale[:, None], w[f"{name}.heads.bias"] * scale
        heads = self._large(f"{name}.heads", h, weight, g.constant(f"{name}.heads.bias", bias))
        parts = [f"{name}.heads.{k}" for k in range(3 * HEADS)]
        g.add("Split", [heads], outputs=parts, axis=1)
        mixed = []
        for ask, key, value in [
            (parts[k], parts[HEADS + k], parts[2 * HEADS + k]) for k in range(HEADS)
        ]:
            met = g.add("Softmax", [g.add("Gemm", [ask, key], transB=1)], axis=-1)
            mixed.append(g.add("MatMul", [met, value]))
        self._waiting = (self._large_linear(f"{name}.out", g.add("Concat", mixed, axis=1)),)
        return x

    def _feed(self, name: str, x: str) -> str:
        x, h = self._norm(f"{name}.norm", x)
        h = self.graph.add("FastGelu", [self._large_linear(f"{name}.inner", h)], domain=MICROSOFT)
        self._waiting = (self._large_linear(f"{name}.out", h),)
        return x

    def _large_linear(self, name: str, x: str) -> str:
        bias = self.graph.constant(f"{name}.bias", self._w[f"{name}.bias"])
        return self._large(name, x, self._w[f"{name}.weight"], bias)

    def _large(self, name: str, x: str, weight: Floats, added: str) -> str:
        """Multiply in 8 bits; the rows are scaled, all alike, as they come."""
        whole, scales = eight_bits(weight)
        weights = self.graph.constant(f"{name}.weight", whole.T)
        scaled = self.graph.constant(f"{name}.scales", scales)
        inputs = [x, weights, scaled, "", added]
        return self.graph.add("DynamicQuantizeMatMul", inputs, domain=MICROSOFT)

    def _look(self, name: str, x: str) -> str:
        g = self.graph
        x, h = self._norm(f"{name}.norm", x)
        scores = g.add("Gemm", [h, f"key.{name}", f"bias.{name}"], transB=1)
        a = g.add("Softmax", [scores], axis=-1)
        met = g.add("Mul", [h, g.add("MatMul", [a, "question"])])
        fetched = g.add("MatMul", [a, f"taken.{name}"])
        second = self._w[f"{name}.mix.weight"][:, self._width :]
        self._waiting = (self._gemm(f"{name}.mix", met, second, fetched),)
        return x


def eight_bits(weight: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Return whole numbers and one scale a row, to be multiplied with them.

    They end at 64: processors without VNNI add two products, of up to 255 times a weight each, in
    16 bits, and cut off what is more. So all find the same sums."""
    greatest = np.abs(weight).max(1)
    scales: Floats = (np.where(greatest > 0, greatest, 1) / _STEPS).astype(np.float32)
    return np.rint(weight / scales[:, None]).astype(np.int8), scales


def _asked_shapes(width: int) -> dict[str, list[int | str]]:
    """Return the shapes of ASKED, of one passage."""
    told, looked = 2 * len(_CONVOLVED) * width, 2 * len(_LOOKS) * width
    return {
        "question": ["M", width],
        "vector": [1, width],
        "told": [told],
        "looked": ["M", looked],
        "offsets": [len(_LOOKS), "M"],
    }
