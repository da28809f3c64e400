"""Pages of a list of a whole province: by number and by cursor, first and last, and the counts beside it.

    python -m bench.list_pages [--patents 135000] [--seed 1]

The rows are invented and hold no texts: what is measured is the database. Walking the list whole by cursor must deliver every
row once. The quick form (20,000 patents) takes a few seconds.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from catalog.db import Database, Session, sqlite_url
from catalog.kit.base import table_of
from catalog.kit.bulk import insert_rows
from catalog.kit.paging import MAX_PAGE_SIZE, ListQuery
from catalog.supply import patent_lists
from catalog.supply.holders import Holder
from catalog.supply.patent_lists import PatentFilter
from catalog.supply.patents import Patent, PatentClass, PatentHolder

SORTS = ("id", "updated_at", "filing_date", "-filing_date", "title")
EVERYTHING = PatentFilter()
START = datetime(2026, 1, 1, tzinfo=UTC)


def fill(session: Session, count: int, seed: int) -> None:
    """Invented patents of forty holders, of which one in ten has no filing date, changed in batches of two thousand."""
    rng = random.Random(seed)
    moments = [START + timedelta(minutes=number // 2000) for number in range(count)]
    days = [
        date(2010, 1, 1) + timedelta(rng.randrange(5500)) if rng.random() < 0.9 else None for _ in moments
    ]
    _insert(
        session,
        Patent,
        [
            {
                "id": number + 1,
                "application_number": f"2020{number:08d}.0",
                "title": f"一种示例装置{rng.randrange(count)}",
                "kind": rng.choice(("invention", "utility_model", "design")),
                "abstract": "",
                "first_claim": "",
                "filing_date": days[number],
                "legal_status": rng.choice(("in_force", "terminated", None)),
                "province": "420000",
                "prefecture": rng.choice(("420100", "420500", "420600")),
                "inventors": [],
                "fingerprint": f"{number:032d}",
                "is_demo": False,
                "created_at": moments[number],
                "updated_at": moments[number],
            }
            for number in range(count)
        ],
    )
    _insert(
        session,
        Holder,
        [
            {
                "id": number + 1,
                "name": f"示例{number}大学",
                "name_key": f"示例{number}大学",
                "kind": "university",
                "kind_basis": "",
                "is_demo": False,
                "created_at": START,
                "updated_at": START,
            }
            for number in range(40)
        ],
    )
    _insert(
        session,
        PatentHolder,
        [{"patent_id": n + 1, "position": 0, "holder_id": n % 40 + 1} for n in range(count)],
    )
    _insert(
        session,
        PatentClass,
        [
            {"patent_id": n + 1, "scheme": "segment", "code": f"HB{(n + k) % 36:02d}", "position": k}
            | {"weight": 0.5, "basis": "ipc"}
            for n in range(count)
            for k in range(2)
        ],
    )


def _insert(session: Session, model: Any, rows: list[dict[str, Any]]) -> None:
    names = tuple(column.name for column in table_of(model).columns if column.name in rows[0])
    insert_rows(session, table_of(model), names, [tuple(row[name] for name in names) for row in rows])


def timed(session: Session, wanted: ListQuery) -> float:
    """Milliseconds of the median of three pages."""
    times = []
    for _ in range(3):
        start = perf_counter()
        patent_lists.page(session, wanted, EVERYTHING)
        times.append(perf_counter() - start)
    return median(times) * 1000


def walked(session: Session, sort: str) -> tuple[list[int], str, float]:
    """All ids by cursor in this order, the cursor of the last page, and the seconds that it took."""
    ids, cursor, last, start = list[int](), "*", "*", perf_counter()
    while cursor:
        wanted = ListQuery(size=MAX_PAGE_SIZE, sort=sort, cursor=cursor)
        found = patent_lists.page(session, wanted, EVERYTHING)
        ids += [row.id or 0 for row in found.rows]
        session.expunge_all()
        last, cursor = cursor, found.next or ""
    return ids, last, perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patents", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(folder) / "catalog.db"))
        database.upgrade()
        with database.write() as session:
            fill(session, asked.patents, asked.seed)
        with database.read() as session:
            report(session, asked.patents)
        database.dispose()


def report(session: Session, count: int) -> None:
    """The table of times, in milliseconds a page of twenty."""
    print(f"{count:,} patents; ms a page of 20; seconds to walk all by {MAX_PAGE_SIZE}")
    print(f"{'sort':14}{'number 1':>10}{'number n':>10}{'cursor 1':>10}{'cursor n':>10}{'walk s':>10}")
    for sort in SORTS:
        ids, last, seconds = walked(session, sort)
        if sorted(ids) != list(range(1, count + 1)):
            raise AssertionError(f"{sort}: rows lost or repeated")

        places: tuple[dict[str, Any], ...] = (
            {"page": 1},
            {"page": count // 20},
            {"cursor": "*"},
            {"cursor": last},
        )
        times = [timed(session, ListQuery(sort=sort, **place)) for place in places]
        print(f"{sort:14}" + "".join(f"{time:10.1f}" for time in times) + f"{seconds:10.1f}", flush=True)
    for name in patent_lists.LIST.facets:
        print(f"facet {name:12}{timed(session, ListQuery(facets=[name], cursor='*')):10.1f} ms")


if __name__ == "__main__":
    main()
