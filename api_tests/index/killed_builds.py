"""Kills a build at its n-th step in the file system, for every n; prints one JSON line for each.

    python -m api_tests.index.killed_builds <data directory>

First one build is let through and more patents are added. Then each build runs in a process of its own, on the product's
code, and ends by SIGKILL before the n-th time it writes, makes, renames or removes something below the data directory,
reads the pointer, or reports progress. The processes are forked, so that libraries are imported once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from api_tests.index.small_catalogue import HashEncoder, add_patents, make_catalogue
from catalog.db import Database
from catalog.kit.days import beijing_today
from index.generations.build import reindex


def build_until(database: Database, data: Path, step: int) -> None:
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1
        if steps == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        changes = event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")
        writes = event == "open" and (arguments[1] != "r" or str(arguments[0]).endswith("current"))
        if (changes or writes) and str(data) in str(arguments):
            count()

    encoder = HashEncoder()
    sys.addaudithook(watch)
    reindex(database, data, encoder, progress=lambda *_done: count(), today=beijing_today())


def main(data: Path) -> None:
    database = make_catalogue(data, patents=3)
    reindex(database, data, HashEncoder(), today=beijing_today())
    add_patents(database, range(3, 6))
    database.dispose()  # connections do not survive a fork
    step, killed = 0, True
    while killed:
        step += 1
        child = os.fork()
        if child == 0:
            build_until(database, data, step)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        print(
            json.dumps({"step": step, "killed": killed, "code": os.waitstatus_to_exitcode(status)}),
            flush=True,
        )
        sys.stdin.readline()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
