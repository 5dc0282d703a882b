"""`youju serve` under load and with faults: overload is refused at once and passes, a killed helper
costs nobody an answer, a signal lets running requests end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from loading import load
from serving import Running, eventually, serving

from rag.errors import QuestionError
from rag.filters import Filter
from rag.ingest import index_paths
from rag.settings import Settings
from rag.types import Source
from ui.serve.crew import Helpers, TookTooLong, plain, value_of
from ui.serve.desk import Desk, Kept, Lane, Overloaded
from ui.serve.settings import ServeSettings
from ui.serve.work import Upload

TEXT = "今年7月交付人形机器人105台，创了纪录。"
QUESTIONS = [f"{month}月交付多少台?" for month in range(1, 9)]


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("load")
    (folder / "a.txt").write_text(TEXT, encoding="utf-8")
    assert not index_paths(folder / "index", [folder / "a.txt"]).problems
    return folder / "index"


@pytest.fixture(scope="module")
def server(small):
    """One helper, and a queue that is short."""
    with serving(small, waiting=4, cache_bytes=0, drain_seconds=15) as running:
        yield running


class Sleepers:
    """A crew whose jobs take a while and do nothing."""

    size = 1

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.done = 0

    def do(self, job, seconds):
        time.sleep(self.seconds)
        self.done += 1
        return b"{}"

    def stop(self) -> None: ...


# -- queues ------------------------------------------------------------------------------------


def test_a_full_queue_refuses_at_once_and_is_open_again_afterwards():
    async def many():
        lane = Lane("test", Sleepers(0.05), size=1, waiting=2, queue_seconds=5, work_seconds=5)
        first = [asyncio.ensure_future(lane.do(("x", ()))) for _ in range(3)]
        await asyncio.sleep(0)
        started = time.perf_counter()
        with pytest.raises(Overloaded):
            await lane.do(("x", ()))
        waited = time.perf_counter() - started
        await asyncio.gather(*first)
        await asyncio.sleep(0.01)
        again = await lane.do(("x", ()))
        lane.stop()
        return waited, again

    waited, again = asyncio.run(many())
    assert waited < 0.04 and again == b"{}"


def test_who_waited_too_long_is_not_worked_for():
    async def many():
        crew = Sleepers(0.1)
        lane = Lane("test", crew, size=1, waiting=5, queue_seconds=0.05, work_seconds=5)
        done = await asyncio.gather(*(lane.do(("x", ())) for _ in range(3)), return_exceptions=True)
        lane.stop()
        return done, crew.done

    done, worked = asyncio.run(many())
    assert [type(d) for d in done] == [bytes, Overloaded, Overloaded] and worked == 1


def test_a_slow_question_does_not_hold_up_a_search(small):
    class Stuck(Sleepers):
        let_go = threading.Event()

        def do(self, job, seconds):
            self.let_go.wait(60)
            return b"{}"

    async def both():
        desk = Desk(Settings(), ServeSettings(workers=0, threads=2))
        desk.asking.crew = Stuck(0)
        slow = [asyncio.ensure_future(desk.ask(small, f"慢{n}?", (), Filter())) for n in range(5)]
        found = await desk.search(small, "交付", 3, Filter())
        still_asking = not any(task.done() for task in slow)
        Stuck.let_go.set()
        await asyncio.gather(*slow)
        desk.stop()
        return found, still_asking

    found, still_asking = asyncio.run(both())
    assert "105台" in found.decode() and still_asking


def test_the_same_question_asked_at_once_is_answered_once(small):
    async def many():
        crew = Sleepers(0.1)
        desk = Desk(Settings(), ServeSettings(workers=0))
        desk.asking.crew = crew
        await asyncio.gather(*(desk.ask(small, "同一个?", (), Filter()) for _ in range(20)))
        await desk.ask(small, "同一个?", (), Filter())
        desk.stop()
        return crew.done, desk.kept.found

    assert asyncio.run(many()) == (1, 1)


def test_an_answer_is_forgotten_when_the_index_changes(small, tmp_path):
    index = tmp_path / "index"
    shutil.copytree(small, index)

    async def before_and_after():
        desk = Desk(Settings(), ServeSettings(workers=0))
        question = "八月交付机器狗多少台?"
        before = await desk.search(index, question, 5, Filter())
        (tmp_path / "b.txt").write_text("八月交付机器狗四十七台。", encoding="utf-8")
        await asyncio.to_thread(index_paths, index, [tmp_path / "b.txt"])  # another process might
        await asyncio.sleep(0.3)
        after = await desk.search(index, question, 5, Filter())
        desk.stop()
        return before.decode(), after.decode()

    before, after = asyncio.run(before_and_after())
    assert "四十七" not in before and "四十七" in after


def test_no_more_answers_are_kept_than_there_is_room_for():
    kept = Kept(100)
    for n in range(50):
        kept.put(n, b"x" * 10)
    kept.put("large", b"x" * 50)
    assert kept.size == 100 and kept.get(49) and kept.get(0) is None and kept.get("large") is None


# -- helpers -----------------------------------------------------------------------------------


def test_a_job_comes_back_from_json_as_it_was():
    source = Source("a.txt", "字\ud800", None, "2025-08-16", None, (0, 3))
    upload = Upload("报.pdf", Path("/tmp/x"))
    within = Filter(("2025/*",), (), "2025-01-01")
    job = ("add", (Path("/i"), (upload,), (source,), within, 3, True, None, Settings()))
    assert value_of(json.loads(json.dumps(plain(job)))) == job


def test_a_value_of_no_known_kind_is_not_sent():
    with pytest.raises(TypeError, match="set"):
        plain(("ask", ({1},)))


def test_a_helper_raises_what_the_work_raises(small):
    crew = Helpers(Settings(), 1)
    try:
        with pytest.raises(QuestionError, match="empty"):
            crew.do(("ask", (small, " ", (), Filter())), 60)
        with pytest.raises(RuntimeError, match="no job"):
            crew.do(("_bot", (small,)), 60)
    finally:
        crew.stop()


@pytest.mark.parametrize("noticed", [True, False])
def test_a_helper_killed_while_idle_is_counted_and_replaced(small, noticed):
    crew = Helpers(Settings(), 1)
    try:
        crew.do(("counts", (small,)), 60)
        (pid,) = crew.processes
        os.kill(pid, signal.SIGKILL)
        while noticed and crew.processes:  # its end is known before the next job
            time.sleep(0.01)
        assert b'"sources":1' in crew.do(("counts", (small,)), 60)
        assert crew.restarts == 1
        assert crew.processes != [pid]
    finally:
        crew.stop()


def test_a_job_that_takes_too_long_is_ended_and_the_next_is_done(small):
    crew = Helpers(Settings(), 1)
    try:
        crew.do(("counts", (small,)), 60)
        (pid,) = crew.processes
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(TookTooLong):
            crew.do(("counts", (small,)), 0.3)
        assert b'"sources":1' in crew.do(("counts", (small,)), 60)
        assert crew.processes != [pid]
    finally:
        crew.stop()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds processes by /proc")
def test_a_killed_helper_costs_no_answer(server: Running):
    def helpers() -> list[int]:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                line = (folder / "cmdline").read_bytes()
            except (OSError, IndexError):
                continue
            if parent == server.process.pid and b"ui.serve.crew" in line:
                found.append(int(folder.name))
        return found

    assert server.request("POST", "/ask", {"question": QUESTIONS[0]}).status == 200
    before = helpers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert server.request("POST", "/ask", {"question": QUESTIONS[1]}).status == 200
    assert not set(helpers()) & set(before)
    metrics = server.request("GET", "/metrics").body.decode()
    assert 'youju_helper_restarts{crew="answers"} 1.0' in metrics


# -- load --------------------------------------------------------------------------------------


def test_overload_is_refused_at_once_and_passes(server: Running):
    def one(n: int) -> tuple[int, float, bool]:
        started = time.perf_counter()
        reply = server.request("POST", "/ask", {"question": f"第{n}次：{QUESTIONS[n % 8]}"})
        return reply.status, time.perf_counter() - started, "retry-after" in reply.headers

    with ThreadPoolExecutor(40) as pool:
        replies = list(pool.map(one, range(120)))
    statuses = Counter(status for status, _, _ in replies)
    assert set(statuses) == {200, 503} and statuses[200] >= 5
    assert all(told for status, _, told in replies if status == 503)
    eventually(lambda: server.request("POST", "/ask", {"question": QUESTIONS[2]}).status == 200)


def test_a_steady_load_is_answered_without_an_error(small):
    with serving(small) as server:
        for question in QUESTIONS:
            assert server.request("POST", "/ask", {"question": question}).status == 200
            assert server.request("POST", "/search", {"question": question}).status == 200
        found = asyncio.run(load(server.url, 40, 10, 2.0, QUESTIONS))
    assert {path: dict(t.statuses) for path, t in found.items()} == {
        "/search": {200: 80},
        "/ask": {200: 20},
    }


def test_a_signal_lets_running_requests_end(small):
    with serving(small, cache_bytes=0, waiting=50) as server:
        assert server.request("POST", "/ask", {"question": QUESTIONS[0]}).status == 200
        replies = []

        def one(n: int) -> None:
            with contextlib.suppress(ConnectionError):  # it came when the server had ended
                reply = server.request("POST", "/ask", {"question": f"第{n}次：{QUESTIONS[0]}"})
                replies.append(reply.status)

        threads = [threading.Thread(target=one, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        pending = 'youju_pending{lane="ask"} 0.0'
        eventually(lambda: pending not in server.request("GET", "/metrics").body.decode())
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        assert server.process.wait(60) == 0
    assert set(replies) <= {200, 503} and 200 in replies


def test_a_helper_ends_with_its_server(small):
    code = (
        "import sys, pathlib; from rag.settings import Settings; from ui.serve.crew import Helpers;"
        " crew = Helpers(Settings(), 1);"
        " crew.do(('counts', (pathlib.Path(sys.argv[1]),)), 60);"
        " print(crew.processes[0], flush=True);"
        " sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(small)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()

    def gone() -> bool:
        try:
            return "Z" in (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1][:3]
        except OSError:
            return True

    eventually(gone)
    assert gone()
