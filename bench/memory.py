"""Memory of processes as benchmarks state it, in megabytes. Without libraries, so that it adds none itself."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import NamedTuple


class Memory(NamedTuple):
    """The resident memory, the process's own part and that of mapped files, and the most that was resident at once.

    Mapped files are shared between processes and may be taken back by the system.
    """

    resident: float = 0
    own: float = 0
    mapped: float = 0
    peak: float = 0


def of_process(process: int | None = None) -> Memory:
    """The memory of a running process, by default of this one; nothing when it has ended."""
    try:
        lines = Path(f"/proc/{process or os.getpid()}/status").read_text("utf-8").splitlines()
    except OSError:
        return Memory()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    # Not the kernel's figure for an ended child: that counts the memory of the one that started it.
    names = ("VmRSS", "RssAnon", "RssFile", "VmHWM")
    return Memory(*(int(fields.get(name, "0 kB").split()[0]) / 1024 for name in names))


class OwnPeak:
    """The greatest memory of its own that this process has while it works, sampled twenty times a second."""

    def __init__(self) -> None:
        self.own = of_process().own
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> OwnPeak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._done.wait(0.05):
            self.own = max(self.own, of_process().own)
