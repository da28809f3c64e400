"""What the triggers that note changes cost an import of patents, with and without them in turn.

    python -m bench.change_triggers [--rows 10000] [--rounds 4] [--seed 1] [--folder .]

Every import goes into a catalogue of its own, in a process of its own; the register is that of bench/import_speed.py. The times are
of the processor: others may be at work on the machine.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median

from bench import import_speed
from catalog.changes import triggers
from catalog.db import Database, sqlite_url
from catalog.segments import segments
from service.installation.setup import shipped_catalogue


def seconds(path: Path, parent: Path, *, noted: bool) -> float:
    """Processor seconds of an import into a new catalogue."""
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder = Path(name)
        database = Database(sqlite_url(folder / "catalog.db"))
        database.upgrade()
        with database.write() as session:
            segments.store(session, shipped_catalogue())
            if not noted:
                triggers.drop(session.connection())
        database.dispose()
        return import_speed.measured(import_speed.imported, path, folder).processor


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the scratch files go")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        path = Path(name) / "patents-register.csv"
        import_speed.write(path, options.rows, options.seed)
        found: dict[bool, list[float]] = {True: [], False: []}
        for round_ in range(options.rounds):
            for noted in (True, False) if round_ % 2 else (False, True):
                found[noted].append(seconds(path, Path(name), noted=noted))
                print(f"{'with' if noted else 'without'} triggers {found[noted][-1]:6.2f} s", flush=True)
    with_, without = median(found[True]), median(found[False])
    lowest = min(found[True]) / min(found[False]) - 1
    print(
        f"{options.rows} patents, {options.rounds} rounds: median {without:.2f} s without, {with_:.2f} s with triggers"
    )
    print(f"{with_ / without - 1:+.1%} by the medians, {lowest:+.1%} by the shortest")


if __name__ == "__main__":
    main()
