"""The cost of durable commits and of checksums: writes a second with synchronous FULL and NORMAL in turn, GB/s of sha256.

python -m bench.durability [folder on the disk in question]
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import tempfile
from pathlib import Path
from time import perf_counter

from sqlalchemy import event

from catalog.db import Database, sqlite_url
from catalog.demand import enterprises
from catalog.demand.enterprises import EnterpriseCreate

ROUNDS, WRITES = 7, 200


def database(folder: Path, mode: str) -> Database:
    """A database whose commits are of this mode."""
    made = Database(sqlite_url(folder / f"{mode}.db"))
    event.listen(made.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA synchronous={mode}"))
    made.upgrade()
    return made


def writes_a_second(catalogue: Database, start: int) -> float:
    """Firms stored one a transaction, as REST does."""
    began = perf_counter()
    for number in range(start, start + WRITES):
        with catalogue.write() as session:
            enterprises.create(session, EnterpriseCreate(name=f"示例{number}号有限公司"))
    return WRITES / (perf_counter() - began)


def main(folder: Path) -> None:
    """Both modes in turn, so that whatever else the machine does meets both."""
    modes = {mode: database(folder, mode) for mode in ("FULL", "NORMAL")}
    speeds: dict[str, list[float]] = {mode: [] for mode in modes}
    for turn in range(ROUNDS):
        for mode, catalogue in modes.items():
            speeds[mode].append(writes_a_second(catalogue, turn * WRITES))
    for mode, found in speeds.items():
        print(
            f"synchronous={mode}: {statistics.median(found):.0f} writes/s ({min(found):.0f} to {max(found):.0f})"
        )
    content = bytes(256 * 1024 * 1024)
    hashed = []
    for _ in range(ROUNDS):
        began = perf_counter()
        hashlib.sha256(content).hexdigest()
        hashed.append(len(content) / (perf_counter() - began) / 1e9)
    print(
        f"sha256 on one core: {statistics.median(hashed):.2f} GB/s ({min(hashed):.2f} to {max(hashed):.2f})"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    chosen = parser.parse_args().folder
    with tempfile.TemporaryDirectory(dir=chosen) as name:
        main(Path(name))
