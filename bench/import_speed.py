"""Speed of the import of patents, against plain csv and SQLAlchemy core bulk insert in the same run.

    python -m bench.import_speed [--rows 100000] [--seed 1]

The rows are invented: titles and abstracts shuffled from the demonstration patents, numbers with check digits, holders,
addresses and IPC symbols of the sizes that registers have. The peer reads the same file with the csv module and inserts
the same columns into one table, unchecked, 20,000 rows a transaction.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine

from catalog import segments
from catalog.db import Database, sqlite_url
from ingestion.identifiers.application_number import check_digit
from ingestion.importer import ImportReport, import_file
from service.installation import shipped_catalogue

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
            f"{record['专利名称']}（{serial}）",
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


def write(path: Path, count: int, seed: int) -> None:
    """Write the register as csv."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        writer.writerows(rows(count, seed))


def peer(path: Path, folder: Path) -> float:
    """Seconds of plain csv and core bulk insert."""
    engine = create_engine(sqlite_url(folder / "peer.db"))
    names = [f"c{place}" for place in range(len(HEADER))]
    table = Table(
        "register",
        MetaData(),
        Column("id", Integer, primary_key=True),
        *(Column(name, Text) for name in names),
    )
    table.create(engine)
    start = time.perf_counter()
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        next(reader)
        while batch := [dict(zip(names, row, strict=True)) for row in islice(reader, PEER_BATCH)]:
            with engine.begin() as connection:
                connection.execute(table.insert(), batch)
    return time.perf_counter() - start


def timed(action: Callable[[], ImportReport]) -> tuple[float, ImportReport]:
    """Seconds and report of an import."""
    start = time.perf_counter()
    report = action()
    return time.perf_counter() - start, report


def peak_mb() -> int:
    """Largest memory of the process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "register.csv"
        write(path, options.rows, options.seed)
        database = Database(sqlite_url(folder / "catalog.db"))
        database.upgrade()
        with database.write() as session:
            segments.store(session, shipped_catalogue())
        before = peak_mb()
        first, report = timed(lambda: import_file(database, path, "patents", rejected_dir=folder))
        after = peak_mb()
        again, unchanged = timed(lambda: import_file(database, path, "patents", rejected_dir=folder))
        touched = folder / "touched.csv"
        touched.write_bytes(path.read_bytes() + b"\n")
        slow, checked = timed(lambda: import_file(database, touched, "patents", rejected_dir=folder))
        plain = peer(path, folder)
    print(f"{options.rows} rows of {len(HEADER)} columns; new {report.new}, rejected {report.rejected}")
    for label, seconds, note in (
        ("first import", first, f"peak memory {after} MB, before {before} MB"),
        ("same file again", again, f"{first / again:.1f} times as fast, unchanged {unchanged.unchanged}"),
        ("same rows, other file", slow, f"{first / slow:.1f} times as fast, unchanged {checked.unchanged}"),
        ("csv + core bulk insert", plain, f"unchecked, one table; import reaches {plain / first:.3f} of it"),
    ):
        print(f"{label:24} {seconds:8.1f} s {options.rows / seconds:9.0f} rows/s  {note}")


if __name__ == "__main__":
    main()
