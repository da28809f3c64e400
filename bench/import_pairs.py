"""Speed of the import of patents by this checkout beside that of another one, such as a worktree of an earlier commit.

    python -m bench.import_pairs OTHER [--rows 10000] [--pairs 7] [--seed 1] [--folder .]

OTHER has an environment of its own in `.venv`. Both import the same invented file (bench/import_speed.py) by the command line
into an empty catalogue, in turns, the first of a pair being the second of the next one. Processor seconds of the whole process
count, its start included: others who use the machine change them, and above all their ratio, less than the time on the clock.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import tomllib
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.import_speed import ROOT, write

MEGABYTE = 1024
"""Kilobytes, in which Linux counts the memory of a process."""


class Run(NamedTuple):
    """Processor time in seconds and the largest memory in MB."""

    processor: float
    memory: float


def run(tree: Path, folder: Path, *arguments: str) -> Run:
    """Runs the command line of a checkout on a data directory. Raises CalledProcessError when it fails."""
    scripts = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    module, _, function = scripts["patentdock"].partition(":")
    program = f"import {module} as program; program.{function}()"
    command = [str(tree / ".venv/bin/python"), "-c", program, *arguments]
    environment = os.environ | {"PATENTDOCK_DATA": str(folder)}
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=tree, env=environment, stdout=silent, stderr=silent)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MEGABYTE)


def first_import(tree: Path, path: Path, parent: Path) -> Run:
    """The import of a file into an empty catalogue."""
    with tempfile.TemporaryDirectory(dir=parent) as name:
        run(tree, Path(name), "init")
        return run(tree, Path(name), "import", "patents", str(path))


def main() -> None:
    """Run the pairs and print their figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path, help="another checkout")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the scratch files go")
    options = parser.parse_args()
    other = options.other.resolve()
    ratios = []
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        path = Path(name) / "patents-register.csv"
        write(path, options.rows, options.seed)
        for number in range(options.pairs):
            order = (other, ROOT) if number % 2 == 0 else (ROOT, other)
            runs = {tree: first_import(tree, path, Path(name)) for tree in order}
            theirs, ours = runs[other], runs[ROOT]
            ratios.append(theirs.processor / ours.processor)
            print(
                f"other {theirs.processor:7.2f} s {theirs.memory:5.0f} MB   this {ours.processor:7.2f} s {ours.memory:5.0f} MB"
                f"   speed {ratios[-1]:.2f} of the other's",
                flush=True,
            )
    print(
        f"{options.rows} rows: median {median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}; load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
