"""A thousand records in one call of `POST /patents/bulk`, against a call of `POST /patents` for each of them.

    python -m bench.bulk_records [--records 1000] [--quick] [--seed 1]

`patentdock serve` in a process of its own over an empty catalogue; the records are invented (bench/import_speed.py), others for
each contender, sent by one client on one connection. The same call again, which changes nothing, stands beside. What the
processor of the service did in all is printed too, since a shared machine stretches the time. `--quick` takes 100 records.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from bench import import_speed, processes
from bench.packaged_model import packaged_model
from catalog.accounts import keys as access_keys
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise

NAMES = ("application_number", "title", "abstract", "holders", "inventors", "address", "ipc", "filing_date")
LISTS = ("holders", "inventors", "ipc")


def _records(count: int, seed: int) -> Iterator[dict[str, Any]]:
    for row in import_speed.rows(count, seed):
        record: dict[str, Any] = dict(zip(NAMES, row, strict=False))
        record["filing_date"] = record["filing_date"].replace(".", "-")
        yield record | {name: [part.strip() for part in record[name].split(";")] for name in LISTS}


def _bulk(client: httpx.Client, records: list[dict[str, Any]], status: str) -> None:
    answer = client.post("/api/v1/patents/bulk", json={"records": records})
    answer.raise_for_status()
    other = [item for item in answer.json()["items"] if item["status"] != status]
    if other:
        raise AssertionError(f"{len(other)} records are not {status}: {other[0]}")


def _singles(client: httpx.Client, records: list[dict[str, Any]]) -> None:
    for record in records:
        client.post("/api/v1/patents", json=record).raise_for_status()


def _measure(client: httpx.Client, process: int, records: Iterator[dict[str, Any]], number: int) -> None:
    first, second = list(islice(records, number)), list(islice(records, number))
    contenders: dict[str, Callable[[], None]] = {
        "one call": lambda: _bulk(client, first, "new"),
        "the same call again": lambda: _bulk(client, first, "unchanged"),
        f"{number} calls": lambda: _singles(client, second),
    }
    least = 0.0
    for name, call in contenders.items():
        start, begun = time.perf_counter(), processes.processor_seconds(process)
        call()
        seconds = time.perf_counter() - start
        least = least or seconds
        work = processes.processor_seconds(process) - begun
        print(f"{name:24}{seconds:9.2f}{work:13.2f}{seconds / least:8.2f}", flush=True)


def main() -> None:
    """Serve, send, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    number = 100 if options.quick else options.records
    with tempfile.TemporaryDirectory(prefix="patentdock-bench-") as work:
        settings = Settings(data=Path(work).resolve(), model=str(packaged_model()[0]))
        runtime = Runtime(settings)
        initialise(runtime.database)
        with runtime.database.write() as session:
            key = access_keys.create(session, "bench")
        runtime.close()
        headers = {"Authorization": f"Bearer {key}"}
        with (
            processes.serving(settings) as served,
            httpx.Client(base_url=served.address, headers=headers, timeout=120) as client,
        ):
            client.get("/api/v1/patents").raise_for_status()
            print(f"{'':24}{'seconds':>9}{'processor s':>13}{'ratio':>8}")
            _measure(client, served.process, _records(2 * number, options.seed), number)


if __name__ == "__main__":
    main()
