"""The queue of imports: one at a time, in order, bounded, left by those who go and by those who are killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from ingestion.imports.queue import ImportQueue, LeftQueue, Queued, QueueFull

HOLDER = """
import sys
from pathlib import Path
from ingestion.imports.queue import ImportQueue, Queued
with ImportQueue(Path(sys.argv[1])).turn(Queued(file_name="被终止.csv", kind="needs", actor="命令行")):
    print("begun", flush=True)
    sys.stdin.read()
"""


def file(name: str) -> Queued:
    return Queued(file_name=name, kind="patents", actor="测试")


class Waiter:
    """A file that waits in a thread of its own; `waits` is set once it does."""

    def __init__(self, queue: ImportQueue, name: str, done: list[str]) -> None:
        self.queue, self.name, self.done = queue, name, done
        self.waits, self.gone = Event(), Event()
        self.ahead: list[list[str]] = []

    def report(self, ahead: Sequence[Queued]) -> None:
        self.ahead.append([one.file_name for one in ahead])
        self.waits.set()

    def __call__(self) -> None:
        with self.queue.turn(file(self.name), report=self.report, has_left=self.gone.is_set):
            assert self.queue.files()[0].file_name == self.name
            self.done.append(self.name)


def test_files_wait_for_those_before_them_and_are_told_how_many(tmp_path: Path) -> None:
    queue, done = ImportQueue(tmp_path / "queue"), list[str]()
    waiters = [Waiter(queue, name, done) for name in ("乙", "丙", "丁")]
    with ThreadPoolExecutor(3) as pool:
        with queue.turn(file("甲")):
            running = []
            for waiter in waiters:
                running.append(pool.submit(waiter))
                assert waiter.waits.wait(60)
            assert [one.file_name for one in queue.files()] == ["甲", "乙", "丙", "丁"]
            assert [waiter.ahead[0] for waiter in waiters] == [["甲"], ["甲", "乙"], ["甲", "乙", "丙"]]
            assert done == []
        for waiting in running:
            waiting.result()
    assert done == ["乙", "丙", "丁"]
    assert queue.files() == []


def test_a_full_queue_takes_no_more_but_what_may_always_wait(tmp_path: Path) -> None:
    queue, done = ImportQueue(tmp_path / "queue", most=1), list[str]()
    waiter = Waiter(queue, "乙", done)
    with ThreadPoolExecutor(1) as pool, queue.turn(file("甲")):
        waiting = pool.submit(waiter)
        assert waiter.waits.wait(60)
        with (
            pytest.raises(QueueFull, match="正在导入《甲》，另有 1 个文件排队") as full,
            queue.turn(file("丙")),
        ):
            pass
        assert full.value.retry_after > 0
        with pytest.raises(LeftQueue), queue.turn(file("丁"), has_left=lambda: True, always=True):
            pass
        waiter.gone.set()
        with pytest.raises(LeftQueue, match="乙 未导入"):
            waiting.result()
        assert [one.file_name for one in queue.files()] == ["甲"]
    assert done == []


def test_a_failed_import_lets_the_next_one_in(tmp_path: Path) -> None:
    queue = ImportQueue(tmp_path / "queue")
    with pytest.raises(ZeroDivisionError), queue.turn(file("甲")):
        raise ZeroDivisionError
    with queue.turn(file("乙")):
        assert [one.file_name for one in queue.files()] == ["乙"]


def test_a_killed_process_lets_the_next_one_in(tmp_path: Path) -> None:
    queue = ImportQueue(tmp_path / "queue")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(queue.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "begun\n"
    killed: list[str] = []

    def kill(ahead: Sequence[Queued]) -> None:
        killed.extend(one.file_name for one in ahead)
        holder.kill()
        holder.wait()

    with queue.turn(file("乙"), report=kill):
        assert killed == ["被终止.csv"]
        assert [one.file_name for one in queue.files()] == ["乙"]
    holder.communicate()
