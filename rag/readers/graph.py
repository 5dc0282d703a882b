"""The network of rag.readers.train as an ONNX graph, made of its weights when they are loaded.

One passage a run: (T, width) rows, no padding and no mask, small enough for the processor's cache;
six passages of 166 tokens in one padded batch take a quarter longer. All sizes are the weights'.

What depends on the question alone is joined beforehand, and biases and residuals go into the
products and norms that follow, which leaves about 170 nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rag.readers.onnx import Graph
from rag.readers.words import BLOCKS, HEADS, QUESTION_BLOCKS

Floats = npt.NDArray[np.float32]
_EPSILON = 1e-5  # torch's
_MICROSOFT = "com.microsoft"  # onnxruntime's own operators


def reader_graph(weights: Mapping[str, Floats]) -> bytes:
    """Return the model: `passage` (T, p) and `question` (M, q), both as embedded and with their
    features, to `scores` (T, T), log-odds of spans from start to end inclusive against "not here",
    and the other fields of `rag.readers.judge.Read`.
    """
    net = _Network(weights)
    question, vector = net.question()
    net.prepare(question, vector)
    x = net.passage(question)
    net.answer(x, vector)
    return net.graph.message()


class _Network:
    """Values are (T, width) rows of the passage or (M, width) of the question. What a block adds to
    its input is not added at once but by the norm of the next: `_waiting`."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self.graph = Graph()
        self._w = weights
        self._width = len(weights["norm.weight"])
        self._waiting: tuple[str, ...] = ()

    def question(self) -> tuple[str, str]:
        """Return the question's rows and their mean, weighted: (1, width)."""
        g = self.graph
        rows = g.input("question", ["M", self._w["question_in.weight"].shape[1]])
        rows = self._linear("question_in", rows)
        for k in range(QUESTION_BLOCKS):
            name = f"question_blocks.{k}"
            bias = self._w[f"{name}.project.bias"]
            halves = [
                g.constant(f"{name}.{part}", half) for part, half in enumerate(np.split(bias, 2))
            ]
            rows = self._conv(name, rows, 1, halves)
        rows = self._settled(rows)
        pool = g.add("Softmax", [self._linear("question_pool", rows)], axis=0)
        return rows, g.add("Gemm", [pool, rows], transA=1)

    def prepare(self, question: str, vector: str) -> None:
        """Compute what blocks take from the question, in one product each: `told.<block>.0` and
        `.1` (1, width) that condition convolutions; for looks `key.<look>` (M, width) met by what
        is at hand, `bias.<look>` (1, M), `taken.<look>` (M, width) that it fetches."""
        w, n = self._w, self._width
        convolved = [f"blocks.{k}" for k, kind in enumerate(BLOCKS) if kind.startswith("conv")]
        self._products(
            vector,
            [f"told.{name}.{half}" for name in convolved for half in (0, 1)],
            np.concatenate([w[f"{name}.condition.weight"] for name in convolved]),
            np.concatenate(
                [w[f"{name}.condition.bias"] + w[f"{name}.project.bias"] for name in convolved]
            ),
        )
        looks = ["first_look", *(f"blocks.{k}" for k, b in enumerate(BLOCKS) if b == "question")]
        met, offsets, fetched = [], [], []
        for name in looks:
            scale = np.float32(n**-0.5)
            ask, key = w[f"{name}.ask.weight"] * scale, w[f"{name}.key.weight"]
            met.append((ask.T @ key, ask.T @ w[f"{name}.key.bias"]))
            offset = w[f"{name}.ask.bias"] * scale
            offsets.append((offset @ key, offset @ w[f"{name}.key.bias"]))
            # the weights of what is fetched sum to 1, so the bias may be fetched too
            fetched.append((w[f"{name}.mix.weight"][:, :n], w[f"{name}.mix.bias"]))
        self._products(
            question,
            [f"{what}.{name}" for what in ("key", "taken") for name in looks],
            np.concatenate([weight for weight, _ in met + fetched]),
            np.concatenate([bias for _, bias in met + fetched]),
        )
        g = self.graph
        rows = g.constant("offsets", np.stack([weight for weight, _ in offsets]))
        more = g.constant("offsets.more", np.array([[bias] for _, bias in offsets], np.float32))
        biases = g.add("Gemm", [rows, question, more], transB=1)
        g.add("Split", [biases], outputs=[f"bias.{name}" for name in looks], axis=0)

    def passage(self, question: str) -> str:
        """Return the passage's rows after all blocks."""
        x = self.graph.input("passage", ["T", self._w["passage_in.weight"].shape[1]])
        x = self._look("first_look", self._linear("passage_in", x), question)
        for k, kind in enumerate(BLOCKS):
            name = f"blocks.{k}"
            if kind == "attend":
                x = self._attend(name, x)
            elif kind == "question":
                x = self._look(name, x, question)
            else:
                told = [f"told.{name}.0", f"told.{name}.1"]
                x = self._conv(name, x, int(kind.removeprefix("conv")), told)
        return self._norm("norm", x)[1]

    def answer(self, x: str, vector: str) -> None:
        """Score all spans: left · right + start + end - null as one product of rows."""
        g, w = self.graph, self._w
        top = g.add("ReduceMax", [x], axes=(0,))
        mean = g.add("ReduceMean", [x], axes=(0,))
        everything = g.add("Concat", [top, mean, vector], axis=1)
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
        for name, value in (("rows", x), ("vector", vector), ("null", null)):
            g.add("Identity", [value], outputs=[name])
        g.output("rows", ["T", self._width])
        g.output("vector", [1, self._width])
        g.output("null", [1, 1])

    def _conv(self, name: str, x: str, dilation: int, told: Sequence[str]) -> str:
        """`told`: what is added to values and to gates."""
        g, taps = self.graph, self._w[f"{name}.taps"]
        x, h = self._norm(f"{name}.norm", x)
        count, width = taps.shape
        reach = dilation * (count // 2)
        h = g.add("Unsqueeze", [h, self._outer()])
        h = g.add("Transpose", [h], perm=(0, 3, 1, 2))
        h = g.add(
            "Conv",
            [h, g.constant(f"{name}.taps", taps.T[:, None, None])],
            group=width,
            dilations=(1, dilation),
            pads=(0, reach, 0, reach),
        )
        h = g.add("Squeeze", [g.add("Transpose", [h], perm=(0, 2, 3, 1)), self._outer()])
        values, gates = (
            self._gemm(f"{name}.project.{half}", h, weight, told[half])
            for half, weight in enumerate(np.split(self._w[f"{name}.project.weight"], 2))
        )
        self._waiting = (g.add("Mul", [values, g.add("Sigmoid", [gates])]),)
        return x

    def _attend(self, name: str, x: str) -> str:
        g, w = self.graph, self._w
        x, h = self._norm(f"{name}.norm", x)
        h = g.add("Unsqueeze", [h, self._first()])
        parts = [
            g.add("MatMul", [h, g.constant(f"{name}.heads.{k}", weight.T)])
            for k, weight in enumerate(np.split(w[f"{name}.heads.weight"], 3))
        ]
        bias = g.constant(f"{name}.heads.bias", w[f"{name}.heads.bias"])
        mixed = g.add(
            "MultiHeadAttention", [*parts, bias], domain=_MICROSOFT, num_heads=HEADS
        )
        mixed = g.add("Squeeze", [mixed, self._first()])
        self._waiting = (self._linear(f"{name}.out", mixed),)
        return x

    def _look(self, name: str, x: str, question: str) -> str:
        g = self.graph
        x, h = self._norm(f"{name}.norm", x)
        scores = g.add("Gemm", [h, f"key.{name}", f"bias.{name}"], transB=1)
        a = g.add("Softmax", [scores], axis=-1)
        met = g.add("Mul", [h, g.add("MatMul", [a, question])])
        fetched = g.add("MatMul", [a, f"taken.{name}"])
        second = self._w[f"{name}.mix.weight"][:, self._width :]
        self._waiting = (self._gemm(f"{name}.mix", met, second, fetched),)
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

    def _products(self, x: str, outputs: Sequence[str], weight: Floats, bias: Floats) -> None:
        """Multiply once; part the columns evenly."""
        self.graph.add(
            "Split", [self._product(outputs[0], x, weight, bias)], outputs=outputs, axis=1
        )

    def _outer(self) -> str:
        return self.graph.constant("outer axes", np.array([0, 1]))

    def _first(self) -> str:
        return self.graph.constant("first axis", np.array([0]))
