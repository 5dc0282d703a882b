"""ONNX graphs written without the onnx package, just what the reader needs of the format, and run.

A graph is a protobuf message, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; its field
numbers never change. Writing it takes these lines, where the package takes 31 MB and a third of a
second.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

MICROSOFT = "com.microsoft"  # onnxruntime's own operators
OPSET = 17  # of the operators' meanings: the first with LayerNormalization
_FORMAT = 8  # of the file, the one that belongs to this opset
_KINDS = {"float32": 1, "int8": 3, "int64": 7}
Attribute = int | float | Sequence[int]


class Graph:
    """Collects nodes and constants. Values are named by strings."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._ends: list[bytes] = []
        self._named: set[str] = set()

    def input(self, name: str, shape: Sequence[int | str]) -> str:
        """Declare an input of 32-bit floats; a dimension that varies is a name."""
        self._ends.append(_field(11, _value(name, shape)))
        return name

    def output(self, name: str, shape: Sequence[int | str]) -> None:
        """Declare an output of 32-bit floats."""
        self._ends.append(_field(12, _value(name, shape)))

    def constant(self, name: str, array: npt.NDArray[np.generic]) -> str:
        """Put an array into the graph; one that is there under this name is not put twice."""
        if name not in self._named:
            self._named.add(name)
            self._constants.append(_field(5, _tensor(name, array)))
        return name

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        *,
        outputs: Sequence[str] = (),
        domain: str = "",
        **attributes: Attribute,
    ) -> str:
        """Add a node and return its output's name, made up unless `outputs` names all of them. What
        is left out, of inputs or outputs, is ""."""
        outputs = outputs or [f"{operator}_{len(self._nodes)}"]
        parts = [_text(1, value) for value in inputs]
        parts += [_text(2, value) for value in outputs]
        parts += [_text(4, operator)]
        parts += [_field(5, _attribute(k, v)) for k, v in attributes.items()]
        parts += [_text(7, domain)] if domain else []
        self._nodes.append(_field(1, b"".join(parts)))
        return outputs[0]

    def message(self) -> bytes:
        """Return the model, as onnxruntime loads it."""
        graph = b"".join([*self._nodes, _text(2, "reader"), *self._constants, *self._ends])
        operators = [("", OPSET), (MICROSOFT, 1)]
        sets = [_field(8, _text(1, domain) + _number(2, n)) for domain, n in operators]
        return b"".join([_number(1, _FORMAT), _field(7, graph), *sets])


def session(graph: bytes) -> Any:  # onnxruntime has no types
    """Return what runs the graph, in the thread that asks."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; warnings are about the machine, and go to the terminal
    return onnxruntime.InferenceSession(
        graph,
        options,
        providers=["CPUExecutionProvider"],
        # in one step residual and norm take six times as long as in two, 1.31
        disabled_optimizers=["SkipLayerNormFusion"],
    )


# ---------------------------------------------------------------- protobuf


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value & (1 << 64) - 1)  # negative ones as two's complement


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _field(field, text.encode())


def _tensor(name: str, array: npt.NDArray[np.generic]) -> bytes:
    dims = [_number(1, n) for n in array.shape]
    kind = _number(2, _KINDS[array.dtype.name])
    return b"".join([*dims, kind, _text(8, name), _field(9, array.tobytes())])


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    dims = [_field(1, _text(2, n) if isinstance(n, str) else _number(1, n)) for n in shape]
    tensor = _number(1, _KINDS["float32"]) + _field(2, b"".join(dims))
    return _text(1, name) + _field(2, _field(1, tensor))


def _attribute(name: str, value: Attribute) -> bytes:
    told = _text(1, name)
    if isinstance(value, float):
        return told + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value, int):
        return told + _number(3, value) + _number(20, 2)
    return told + b"".join(_number(8, n) for n in value) + _number(20, 7)
