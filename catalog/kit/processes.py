"""Identity of the process that does a piece of work: stored with the work, to detect what a killed process left unfinished."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path


@cache
def this_process() -> str:
    """Host, number and start time of this process; the start time distinguishes it from a later one with the same number."""
    return _name(os.getpid())


def is_alive(process: str) -> bool | None:
    """Whether a process (as `this_process` names it) still runs; None where this machine cannot determine it."""
    host, _, rest = process.partition("/")
    number = rest.partition("/")[0]
    if host != socket.gethostname() or not number.isdigit():
        return None
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it runs under another user
    return _name(int(number)) == process


def _name(number: int) -> str:
    return f"{socket.gethostname()}/{number}/{_started(number)}"


def _started(number: int) -> str:
    """Start time of the process in ticks since boot; empty where the system does not provide it."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The second field is the program's name in brackets and may hold anything.
    return stat.rpartition(")")[2].split()[19]
