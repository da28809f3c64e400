"""Speed of the eligibility gate: many patents at once against one by one, in the same run.

    python -m bench.eligibility [--patents 100000] [--seed 6]

The patents are invented: kinds, dates, statuses, annuities, one to three patentees and none to three recorded facts, drawn
at random. Single checks are timed on a sample, and every one of them must give the verdict of the bulk check.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from assessment.eligibility import gate as eligibility_gate
from catalog.db import Database, sqlite_url
from catalog.kit.terms import FactKind, LegalStatus, PatentKind
from catalog.registers import patents as patent_register
from catalog.supply import facts
from catalog.supply.facts import FactCreate
from catalog.supply.holders import HolderRef
from catalog.supply.patents import PatentCreate
from ingestion.identifiers.application_number import check_digit
from service.requests.dealings.eligibility import RequestedPatent, VerdictTally, check
from service.sheets.eligibility import about, write

DAY = date(2026, 6, 30)
BLOCK = 5000
SAMPLE = 500
FACTS = [
    (FactKind.LICENCE, "exclusive"),
    (FactKind.LICENCE, "ordinary"),
    (FactKind.PLEDGE, "given"),
    (FactKind.PLEDGE, "not_given"),
    (FactKind.SUSPENSION, ""),
    (FactKind.EVALUATION_REPORT, "grantable"),
]


def _patent(serial: int, chance: random.Random) -> PatentCreate:
    filed = date(chance.randint(2006, 2024), 1, 5) + timedelta(chance.randint(0, 360))
    body = f"{filed.year}1{serial:07d}"
    return PatentCreate(
        application_number=f"{body}.{check_digit(body)}",
        title=f"一种示例装置{serial}",
        kind=chance.choice(list(PatentKind)),
        filing_date=filed,
        grant_date=filed + timedelta(chance.randint(300, 1200)),
        legal_status=chance.choices(
            [LegalStatus.IN_FORCE, LegalStatus.GRACE, LegalStatus.TERMINATED], [8, 1, 1]
        )[0],
        legal_status_date=date(2026, 6, 1),
        annuity_paid_until=chance.choice([None, date(2027, 1, 1)]),
        annuity_checked_on=date(2026, 6, 1),
        holders=[HolderRef(name=f"示例单位{chance.randint(1, 3000)}") for _ in range(chance.randint(1, 3))],
    )


def _facts(patent_id: int, chance: random.Random) -> list[FactCreate]:
    return [
        FactCreate(patent_id=patent_id, kind=kind, value=value, happened_on=date(2025, 1, 1) + timedelta(n))
        for n, (kind, value) in enumerate(chance.sample(FACTS, chance.choice([0, 0, 0, 1, 1, 2, 3])))
    ]


def _fill(database: Database, count: int, seed: int) -> None:
    chance = random.Random(seed)
    for start in range(0, count, BLOCK):
        serials = range(start, min(start + BLOCK, count))
        with database.write() as session:
            patent_register.upsert(session, [_patent(serial, chance) for serial in serials])
            facts.store(session, [fact for serial in serials for fact in _facts(serial + 1, chance)])


def main() -> None:
    """Run the benchmark and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patents", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        database = Database(sqlite_url(Path(name) / "catalog.db"))
        database.upgrade()
        _fill(database, options.patents, options.seed)
        _measure(database, options.patents, options.seed, Path(name))
        database.dispose()


def _measure(database: Database, count: int, seed: int, folder: Path) -> None:
    table, ids = eligibility_gate.load_table(), range(1, count + 1)
    with database.read() as session:
        start, cpu = time.perf_counter(), time.process_time()
        bulk = eligibility_gate.of_patents(session, ids, DAY, table)
        seconds, busy = time.perf_counter() - start, time.process_time() - cpu
    found = Counter(verdict.verdict.value for verdict in bulk.values())
    print(f"in bulk: {count} checks in {seconds:.1f} s ({busy:.1f} s of one processor); {dict(found)}")
    sample = random.Random(seed).sample(ids, min(SAMPLE, count))
    with database.read() as session:
        start = time.perf_counter()
        single = {id_: eligibility_gate.check(session, id_, DAY, table) for id_ in sample}
        each = (time.perf_counter() - start) / len(sample)
    differing = [id_ for id_ in sample if single[id_] != bulk[id_]]
    if differing:
        raise SystemExit(f"single and bulk verdicts differ for patents {differing[:5]}")
    print(f"one by one: {1 / each:.0f}/s; bulk is {each * count / seconds:.1f} times as fast")
    print(f"{len(sample)} of them at random: the same verdicts, grounds and data")
    tally = VerdictTally()
    with database.read() as session:
        start, cpu = time.perf_counter(), time.process_time()
        items = list(check(session, [RequestedPatent(str(id_), id_) for id_ in ids], DAY, table))
        for item in items:
            tally.add(item)
        write(folder / "out.xlsx", items, about(str(DAY), table.version, tally.counts))
        seconds, busy = time.perf_counter() - start, time.process_time() - cpu
    print(
        f"with the workbook: {seconds:.1f} s ({busy:.1f} s of one processor), {(folder / 'out.xlsx').stat().st_size / 2**20:.1f} MB"
    )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
