"""rag.codes: a byte a number, close enough."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rag.codes import pack_vectors, rounded, size, unpack_vectors

ROWS = arrays(np.float32, (5, 8), elements=st.floats(-1, 1, width=16))


@given(ROWS)
def test_every_number_comes_back_within_half_a_step(rows):
    steps = np.abs(rows).max(axis=1, keepdims=True) / 127
    assert np.all(np.abs(rounded(rows) - rows) <= steps / 2 + 1e-6)


@given(ROWS)
def test_what_came_back_once_comes_back_the_same(rows):
    once = rounded(rows)
    assert np.allclose(rounded(once), once, atol=1e-6)


def test_a_vector_takes_a_byte_a_number_and_a_scale():
    packed = pack_vectors(np.eye(3, 256, dtype=np.float32))
    assert [len(one) for one in packed] == [size(256)] * 3 == [260] * 3


def test_a_row_of_zeros_and_no_row_at_all_come_back():
    assert rounded(np.zeros((1, 4))).tolist() == [[0.0] * 4]
    assert rounded(np.zeros((0, 4))).shape == (0, 4)


def test_bytes_that_are_no_whole_rows_are_refused():
    with pytest.raises(ValueError, match="reshape"):
        unpack_vectors(b"12345", 4)
