"""rag.companion: what is said to another process comes back whole, and it ends with its owner."""

import pytest

from rag.companion import Companion

ECHO = (
    "from rag.companion import Owner; o = Owner();"
    " v = o.receive(); print('noise'); o.send(v, bytes(range(256)) * v['times'])"
)


def test_values_and_bytes_come_through_and_what_is_printed_does_not():
    companion = Companion(ECHO)
    try:
        companion.send({"times": 1000, "text": "字\n\ud800"})
        value, data = companion.receive()
        assert value == {"times": 1000, "text": "字\n\ud800"}
        assert data == bytes(range(256)) * 1000
        with pytest.raises(EOFError):
            companion.receive()  # it is done
    finally:
        companion.stop()
    assert not companion.is_running


def test_one_that_ends_in_the_middle_of_its_answer_is_an_end():
    program = (
        "import sys; sys.stdin.buffer.readline();"
        """ sys.stdout.buffer.write(b'{"value": 1, "bytes": 9}\\n123')"""
    )
    companion = Companion(program)
    try:
        companion.send(0)
        with pytest.raises(EOFError):
            companion.receive()
    finally:
        companion.stop()
