"""Kills the making or the restoring of a backup at given steps in the file system; prints one JSON line for each.

    python -m api_tests.service.backup.killed_backups make|restore <data directory> <folder> [step ...]

Each runs in a process of its own, forked so that libraries are imported once, and ends by SIGKILL before the n-th time it opens a file
to write, makes, links, renames or removes something. Without steps it prints how many there are.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from api_tests.service.backup.small_installation import at, quietly
from service.backup.making import BackupOptions, make
from service.backup.restoring import restore

_EVENTS = ("os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir", "shutil.copyfile", "sqlite3.connect")


def work(action: str, data: Path, folder: Path) -> None:
    """Makes a backup of `data` in `folder`, or restores the one in `folder` into `data`."""
    if action == "make":
        make(at(data), folder, BackupOptions(links=False), quietly)
    else:
        restore(at(data), folder, quietly)


def until(step: int, action: str, data: Path, folder: Path) -> int:
    """Does the work until it is killed; returns the number of steps where it was not."""
    steps = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        writes = event == "open" and "r" not in str(arguments[1]) and str(data.parent) in str(arguments[0])
        if event in _EVENTS or writes:
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    work(action, data, folder)
    return steps


def main(action: str, data: Path, folder: Path, steps: list[int]) -> None:
    for step in steps or [0]:
        child = os.fork()
        if child == 0:
            done = until(step, action, data, folder)
            print(json.dumps({"steps": done}), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"step": step, "killed": os.WIFSIGNALED(status)}), flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), [*map(int, sys.argv[4:])])
