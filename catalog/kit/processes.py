"""Which process does a piece of work: written beside the work, so that what a killed process left can be told."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path


@cache
def this_process() -> str:
    """Host, number and start of this process; the start tells it from a later one of the same number."""
    return _name(os.getpid())


def is_alive(process: str) -> bool | None:
    """Whether a process (as `this_process` names it) still runs; None where it cannot be told from this machine."""
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
    """When the process started, in ticks since the machine did; empty where the system does not say."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The second field is the program's name in brackets and may hold anything.
    return stat.rpartition(")")[2].split()[19]
