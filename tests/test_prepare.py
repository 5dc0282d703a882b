"""rag.prepare: helpers give what would be done here, in order, and leave nothing running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rag.prepare
from rag.articles import split_articles
from rag.prepare import prepare, prepare_batches
from rag.settings import Settings
from rag.types import Source

ROOT = Path(__file__).parent.parent
SETTINGS = Settings(max_chunk_chars=40)


def batches(count, size=3):
    return [
        [Source(f"{b}-{n}.txt", f"第{b}批第{n}篇文章。" * (n + 1)) for n in range(size)]
        for b in range(count)
    ]


@pytest.fixture
def team(monkeypatch):
    """The helpers a test starts."""
    started = []

    class Noted(rag.prepare._Helper):
        def __init__(self, settings, model=None):
            super().__init__(settings, model)
            started.append(self)

    monkeypatch.setattr(rag.prepare, "_Helper", Noted)
    return started


@pytest.mark.parametrize("helpers", [0, 1, 2])
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_every_batch_is_prepared_in_order(team, helpers, count):
    wanted = [[prepare(source, SETTINGS) for source in batch] for batch in batches(count)]
    found = list(prepare_batches(batches(count), SETTINGS, helpers))
    assert [done.sources for done in found] == wanted
    assert len(team) == (helpers if count > 1 else 0)
    assert all(helper.process.poll() is not None for helper in team)


@pytest.mark.parametrize("path", sorted((ROOT / "seeds").glob("*.txt"))[::3], ids=lambda p: p.name)
def test_one_long_line_becomes_what_looking_for_stories_in_it_gives(path):
    text = "".join(path.read_text(encoding="utf-8").split("\n"))[:3000]
    source = Source("line.txt", text)
    assert len(text) > 200
    assert prepare(source, SETTINGS).articles == split_articles(source)


def test_a_batch_larger_than_a_pipe_is_no_deadlock(team):
    large = [[Source(f"{n}.txt", f"第{n}篇文章。" * 20_000)] for n in range(4)]
    done = list(prepare_batches(large, SETTINGS, 2))
    assert [done.sources[0].articles[0].source for done in done] == [s.name for (s,) in large]


@pytest.mark.parametrize("helpers", [0, 2])
def test_what_a_source_raises_comes_out_the_same(team, helpers):
    broken = [*batches(2), [Source("broken.txt", None)]]
    with pytest.raises(TypeError):
        list(prepare_batches(broken, SETTINGS, helpers))
    assert all(helper.process.poll() is not None for helper in team)


def test_the_work_of_a_helper_that_died_is_done_here(team):
    results = prepare_batches(batches(6), SETTINGS, 2)
    done = [next(results)]
    team[0].process.kill()
    assert done + list(results) == list(prepare_batches(batches(6), SETTINGS, 0))


def test_helpers_that_cannot_start_are_no_error(monkeypatch):
    monkeypatch.setattr(rag.prepare, "_PROGRAM", "raise SystemExit(3)")
    assert list(prepare_batches(batches(4), SETTINGS, 2)) == list(
        prepare_batches(batches(4), SETTINGS, 0)
    )


def test_helpers_end_when_the_caller_stops_half_way(team):
    results = prepare_batches(batches(6), SETTINGS, 2)
    next(results)
    assert all(helper.process.poll() is None for helper in team)
    results.close()
    assert all(helper.process.poll() is not None for helper in team)


@pytest.mark.skipif(os.name != "posix", reason="kill is POSIX")
def test_helpers_end_when_the_caller_is_killed():
    program = (
        "import time\n"
        "from rag.prepare import _Helper\n"
        "from rag.settings import Settings\n"
        "print(_Helper(Settings()).process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    helper = int(caller.stdout.readline())
    caller.kill()
    caller.wait()
    caller.stdout.close()
    for _ in range(300):
        if not is_running(helper):
            break
        time.sleep(0.1)
    assert not is_running(helper)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # a zombie has ended; nobody here may wait for it
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_a_helper_is_not_of_the_callers_signal_group(team):
    results = prepare_batches(batches(6), SETTINGS, 1)
    next(results)
    assert os.getpgid(team[0].process.pid) != os.getpgid(0)
    os.kill(team[0].process.pid, signal.SIGINT)
    assert len(list(results)) == 5
