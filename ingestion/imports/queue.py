"""The queue of imports (排队): files are imported one at a time, in the order in which they came.

Whoever imports, in whatever process, has a ticket: a file of its own, on which it holds a lock of the system as long as it
waits and works. The system drops the lock of a killed process, so its ticket is dead and the next one's turn has come.
Imports of several machines into one PostgreSQL do not wait for each other.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from time import sleep

from pydantic import BaseModel, Field

from catalog.kit.base import now
from catalog.kit.errors import Busy, NotReady, PatentDockError, system_reason

MOST_WAITING = 8
"""Files that may wait: of the forty threads in which a service answers, most must be left to others."""
LATER = 60
"""Seconds after which it is worth asking again when the queue is full."""
_LOOKS = 0.2
"""Seconds between two looks at the queue."""


class Queued(BaseModel):
    """A file that is being imported or waits for its turn."""

    file_name: str = Field(description="文件名")
    kind: str = Field(description="记录种类")
    actor: str = Field(description="由谁导入")
    since: datetime = Field(default_factory=now, description="何时开始排队")


class QueueFull(Busy):
    """No more files may wait."""


class LeftQueue(PatentDockError):
    """Whoever wanted a file imported is gone."""

    title = "已放弃排队"


def _stays() -> bool:
    return False


def _silent(_: Sequence[Queued]) -> None:
    pass


class ImportQueue:
    """The queue of an installation, as a folder of tickets; `most` may wait."""

    def __init__(self, folder: Path, most: int = MOST_WAITING) -> None:
        self.folder, self.most = folder, most

    @contextmanager
    def turn(
        self,
        file: Queued,
        *,
        report: Callable[[Sequence[Queued]], None] = _silent,
        has_left: Callable[[], bool] = _stays,
        always: bool = False,
    ) -> Iterator[None]:
        """Waits until all files that came before are done; the next one's turn comes when the block ends.

        `report` receives the files ahead whenever they have changed; while `has_left` says so the wait ends with LeftQueue. Raises
        QueueFull, unless the file may `always` wait, and NotReady.
        """
        path, ticket = self._enter(file, always)
        try:
            before: Sequence[Queued] | None = None
            while ahead := self._ahead(path):
                if ahead != before:
                    report(ahead)
                    before = ahead
                if has_left():
                    raise LeftQueue(f"{file.file_name} 未导入：请求方已断开")
                sleep(_LOOKS)
            yield
        finally:
            with self._alone():
                path.unlink(missing_ok=True)
                ticket.close()

    def files(self) -> list[Queued]:
        """The file that is being imported, then those that wait, in order."""
        if not self.folder.is_dir():
            return []
        with self._alone():
            return [file for _, file in self._alive()]

    def _enter(self, file: Queued, always: bool) -> tuple[Path, TextIOWrapper]:
        """A new ticket behind all others, and what holds its lock."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._alone():
                alive = self._alive()
                if len(alive) > self.most and not always:
                    raise _full([queued for _, queued in alive])
                path = self.folder / f"{int(alive[-1][0].name) + 1 if alive else 1:012d}"
                ticket = path.open("w", encoding="utf-8")
                fcntl.flock(ticket, fcntl.LOCK_EX)
                ticket.write(file.model_dump_json())
                ticket.flush()
                return path, ticket
        except OSError as error:
            raise NotReady(
                f"导入队列 {self.folder} 无法写入：{system_reason(error)}", hint="请检查数据目录的写权限"
            ) from error

    def _ahead(self, own: Path) -> list[Queued]:
        with self._alone():
            return [file for path, file in self._alive() if path.name < own.name]

    def _alive(self) -> list[tuple[Path, Queued]]:
        """The tickets whose locks are held, in order; the others are removed."""
        found = []
        for path in sorted(self.folder.glob("[0-9]*")):
            with path.open(encoding="utf-8") as ticket:
                if _is_held(ticket):
                    found.append((path, Queued.model_validate_json(ticket.read())))
                else:
                    path.unlink(missing_ok=True)
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps others from looking at the tickets or adding one."""
        with (self.folder / ".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _is_held(ticket: TextIOWrapper) -> bool:
    try:
        fcntl.flock(ticket, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _full(files: Sequence[Queued]) -> QueueFull:
    return QueueFull(
        f"正在导入《{files[0].file_name}》，另有 {len(files) - 1} 个文件排队，暂不接受更多文件",
        hint=f"请在 {LATER} 秒后重新提交",
        retry_after=LATER,
    )
