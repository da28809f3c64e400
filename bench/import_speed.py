"""Speed of the import of patents, needs and enterprises, against plain csv and SQLAlchemy core bulk insert in the same run.

    python -m bench.import_speed [--rows 100000] [--kinds patents needs enterprises] [--quick] [--seed 1] [--folder .]

The rows are invented: titles and abstracts shuffled from the demonstration patents, numbers with check digits, holders,
addresses and IPC symbols of the sizes that registers have; needs and enterprises alike (bench/invented_demand.py). The peer
reads the same file with the csv module and inserts the same columns into one table, unchecked, 20,000 rows a transaction.
It runs in a process of its own, so that each memory figure is of one thing. Besides the same file again, the same rows are
imported in another order, with one row in a thousand changed: only its rows then distinguish the file from an unknown one.
Every kind is measured at a tenth of the rows too; the last table shows how time and memory grow, and the speed of each kind
beside that of patents. `--quick` takes 10,000 rows, under two minutes.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine

from bench import invented_demand, memory
from catalog.db import Database, sqlite_url
from catalog.kit.days import beijing_today
from catalog.segments import segments
from ingestion.identifiers.application_number import check_digit
from ingestion.imports.importer import import_file
from service.installation.setup import shipped_catalogue

ROOT = Path(__file__).resolve().parent.parent
HEADER = [
    "申请号",
    "名称",
    "摘要",
    "申请（专利权）人",
    "发明（设计）人",
    "地址",
    "分类号",
    "申请日",
    "公开（公告）号",
    "公开（公告）日",
]
CITIES = [
    "湖北省武汉市洪山区",
    "湖北省宜昌市西陵区",
    "广东省深圳市南山区",
    "江苏省南京市鼓楼区",
    "北京市海淀区",
]
SURNAMES, GIVEN = "赵钱孙李周吴郑王", "甲乙丙丁戊己庚辛壬癸"
PEER_BATCH = 20_000
QUICK_ROWS = 10_000


def rows(count: int, seed: int) -> Iterator[list[str]]:
    """Invented register rows."""
    chance = random.Random(seed)
    lines = (ROOT / "demo" / "patents.jsonl").read_text("utf-8").splitlines()
    demo = [record for record in map(json.loads, lines) if "IPC分类号" in record]
    for serial in range(count):
        record, other = chance.choice(demo), chance.choice(demo)
        year, month = chance.randint(2005, 2022), chance.randint(1, 12)
        symbols = record["IPC分类号"].split("; ")
        body = f"{year}1{serial:07d}" if serial else f"{year}1{9_900_000:07d}"
        yield [
            f"{body}.{check_digit(body)}",
            f"第{serial}号{record['专利名称']}",
            other["摘要"],
            f"{record['专利权人']};示例{serial % 20_000}有限公司",
            ";".join(_person(chance) for _ in range(chance.randint(1, 4))),
            f"430070{chance.choice(CITIES)}示例路{serial}号",
            "; ".join([*symbols, chance.choice(demo)["IPC分类号"].split(";")[0]][-chance.randint(1, 4) :]),
            f"{year}.{month:02d}.15",
            f"CN1{serial:08d}A",
            f"{year + 1}.{month:02d}.20",
        ]


def _person(chance: random.Random) -> str:
    return f"{chance.choice(SURNAMES)}示{chance.choice(GIVEN)}"


class Register(NamedTuple):
    """An invented register: the names of its columns, its rows by count and seed, and the column of a text that may change."""

    header: list[str]
    rows: Callable[[int, int], Iterator[list[str]]]
    text: int


REGISTERS = {
    "patents": Register(HEADER, rows, HEADER.index("摘要")),
    "needs": Register(invented_demand.NEED_HEADER, invented_demand.needs, 3),
    "enterprises": Register(invented_demand.ENTERPRISE_HEADER, invented_demand.enterprises, 10),
}


def write(path: Path, count: int, seed: int, register: Register = REGISTERS["patents"]) -> None:
    """Write the register as csv."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(register.header)
        writer.writerows(register.rows(count, seed))


def write_turned(path: Path, source: Path, text: int) -> int:
    """Write the rows of `source` backwards, blockwise, one `text` in a thousand changed; returns how many were."""
    with (
        source.open(encoding="utf-8", newline="") as stream,
        path.open("w", encoding="utf-8", newline="") as out,
    ):
        reader, writer = csv.reader(stream), csv.writer(out)
        writer.writerow(next(reader))
        changed = 0
        while block := list(islice(reader, PEER_BATCH)):
            for place, row in enumerate(reversed(block)):
                if place % 1000 == 0:
                    row[text] += "（有改动）"
                    changed += 1
                writer.writerow(row)
    return changed


def peer(path: Path, folder: Path) -> None:
    """Plain csv and core bulk insert."""
    engine = create_engine(sqlite_url(folder / "peer.db"))
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        names = [f"c{place}" for place, _ in enumerate(next(reader))]
        table = Table(
            "register",
            MetaData(),
            Column("id", Integer, primary_key=True),
            *(Column(name, Text) for name in names),
        )
        table.create(engine)
        while batch := [dict(zip(names, row, strict=True)) for row in islice(reader, PEER_BATCH)]:
            with engine.begin() as connection:
                connection.execute(table.insert(), batch)


def imported(path: Path, folder: Path) -> str:
    """Import a file, whose name begins with its kind, into the catalogue of the folder; returns the counts of rows by outcome."""
    database = Database(sqlite_url(folder / "catalog.db"))
    kind = path.stem.partition("-")[0]
    report = import_file(database, path, kind, today=beijing_today(), rejected_dir=folder)
    database.dispose()
    return f"new {report.new}, changed {report.changed}, unchanged {report.unchanged}, rejected {report.rejected}"


class Figures(NamedTuple):
    """Wall and processor time in seconds, largest memory in MB, and what was done."""

    wall: float
    processor: float
    memory: int
    note: str


def measured(action: Callable[[Path, Path], str | None], path: Path, folder: Path) -> Figures:
    """Figures of an action in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measure, action, path, folder).result()


def _measure(action: Callable[[Path, Path], str | None], path: Path, folder: Path) -> Figures:
    wall, processor = time.perf_counter(), time.process_time()
    note = action(path, folder) or ""
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return Figures(wall, processor, round(memory.of_process().peak), note)


def measure(kind: str, count: int, seed: int, parent: Path) -> Figures:
    """Measures the imports of one register into a catalogue of its own and prints the figures; returns those of the first import."""
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder, register = Path(name), REGISTERS[kind]
        path, turned = folder / f"{kind}-register.csv", folder / f"{kind}-turned.csv"
        write(path, count, seed, register)
        write_turned(turned, path, register.text)
        database = Database(sqlite_url(folder / "catalog.db"))
        database.upgrade()
        with database.write() as session:
            segments.store(session, shipped_catalogue())
        database.dispose()
        plain = measured(peer, path, folder)
        first = measured(imported, path, folder)
        size = (folder / "catalog.db").stat().st_size
        steps = {
            "csv + core bulk insert": plain,
            "first import": first,
            "same file again": measured(imported, path, folder),
            "same rows, other order": measured(imported, turned, folder),
        }
    load = os.getloadavg()[0]
    print(
        f"\n{count} {kind} of {len(register.header)} columns; catalogue {size / 1e6:.0f} MB; load {load:.1f}"
    )
    for label, figures in steps.items():
        print(
            f"{label:24} {figures.wall:7.1f} s wall {figures.processor:7.1f} s processor"
            f" {count / figures.processor:8.0f} rows/s {figures.memory:5} MB"
            f" {first.processor / figures.processor:7.1f} times as fast as the first import  {figures.note}",
            flush=True,
        )
    return first


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--kinds", nargs="+", choices=list(REGISTERS), default=list(REGISTERS))
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS} rows")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the scratch files go")
    options = parser.parse_args()
    most = QUICK_ROWS if options.quick else options.rows
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        found = {
            kind: [measure(kind, count, options.seed, Path(name)) for count in (most // 10, most)]
            for kind in options.kinds
        }
    print(
        "\nfirst imports        µs a row at a tenth, at all   MB at a tenth, at all   speed / that of patents"
    )
    for kind, (few, all_) in found.items():
        beside = f"{found['patents'][1].processor / all_.processor:.2f}" if "patents" in found else ""
        print(
            f"{kind:20} {few.processor / (most // 10) * 1e6:15.0f} {all_.processor / most * 1e6:10.0f}"
            f" {few.memory:17} {all_.memory:7} {beside:>21}"
        )


if __name__ == "__main__":
    main()
