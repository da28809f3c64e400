"""Kills a build at its n-th step in the file system, for every n; prints one JSON line for each.

    python -m api_tests.index.killed_builds <data directory>

Each build runs in a process of its own, on the product's code, and ends by SIGKILL before the n-th time it opens, makes,
renames or removes a file below the data directory. The processes are forked, so that libraries are imported once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from api_tests.index.small_catalogue import HashEncoder
from catalog.db import Database, sqlite_url
from index.build import reindex


def build_until(data: Path, step: int) -> None:
    database = Database(sqlite_url(data / "catalog.db"))
    steps = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        if event.startswith(("open", "os.", "shutil.")) and str(data) in str(arguments):
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)

    encoder = HashEncoder()
    sys.addaudithook(count)
    reindex(database, data, encoder)


def main(data: Path) -> None:
    step, killed = 0, True
    while killed:
        step += 1
        child = os.fork()
        if child == 0:
            build_until(data, step)
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
