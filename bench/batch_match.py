"""Named queries in one call of `POST /matches/batch`, against one call of `POST /matches` for each of them.

    python -m bench.batch_match [--patents 20000] [--queries 50] [--rounds 3] [--quick] [--seed 1] [--keep FOLDER]

Over the invented register of bench/http_matches.py, `patentdock serve` in a process of its own, with the real model. Every
query is another text, so nothing comes from the cache of vectors; all contenders of a round have texts of the same needs.
The peers are the same number of calls over HTTP by one client on one connection, and by eight at once. What the processor
of the service did in all is printed beside, since a shared machine stretches the time. Long texts are whole needs of about
100 tokens, short ones their titles. Before it is timed, a batch is compared with the single answers, which must be equal.
`--quick` takes 2,000 patents and one round.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import httpx

import demo
from bench import processes
from bench.http_matches import _prepare
from bench.packaged_model import packaged_model
from index.model.encoder import Encoder
from service.installation.settings import Settings

CLIENTS = 8


def _texts(*, whole: bool) -> Iterator[str]:
    """Texts of needs, each another one."""
    rows = [json.loads(line) for line in demo.path("needs").read_text("utf-8").splitlines()]
    needs = [f"{row['需求名称']}。{row['需求描述']}" if whole else row["需求名称"] for row in rows]
    return (f"{needs[number % len(needs)]}（第{number}次询问）" for number in count())


def _alone(client: httpx.Client, text: str) -> dict[str, Any]:
    answer = client.post("/api/v1/matches", json={"text": text})
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _together(client: httpx.Client, texts: Sequence[str]) -> list[dict[str, Any]]:
    queries = [{"name": str(number), "text": text} for number, text in enumerate(texts)]
    answer = client.post("/api/v1/matches/batch", json={"queries": queries})
    answer.raise_for_status()
    return [item["matches"] for item in answer.json()["items"]]


def _by_clients(client: httpx.Client, texts: Sequence[str]) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda text: _alone(client, text), texts))


def _check(client: httpx.Client, texts: Sequence[str]) -> None:
    for text, found in zip(texts, _together(client, texts), strict=True):
        alone = _alone(client, text)
        if alone | {"took_ms": 0} != found | {"took_ms": 0}:
            raise AssertionError(f"another answer in a batch: {text}")


def _measure(client: httpx.Client, process: int, number: int, rounds: int) -> None:
    contenders: dict[str, Callable[[Sequence[str]], object]] = {
        "one call": lambda texts: _together(client, texts),
        f"{number} calls, one client": lambda texts: [_alone(client, text) for text in texts],
        f"{number} calls, {CLIENTS} clients": lambda texts: _by_clients(client, texts),
    }
    for kind in ("long", "short"):
        texts = _texts(whole=kind == "long")
        _check(client, list(islice(texts, number)))
        wall: dict[str, list[float]] = {name: [] for name in contenders}
        work: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, call in contenders.items():
                some = list(islice(texts, number))
                start, begun = time.perf_counter(), processes.processor_seconds(process)
                call(some)
                wall[name].append(time.perf_counter() - start)
                work[name].append(processes.processor_seconds(process) - begun)
        least = median(wall["one call"])
        for name in contenders:
            seconds = median(wall[name])
            print(
                f"{kind:6}{name:24}{seconds:9.2f}{median(work[name]):12.2f}{seconds / least:8.2f}", flush=True
            )


def main() -> None:
    """Prepare, serve, ask, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patents", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=50, choices=range(2, 51), metavar="2 to 50")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the data, used again when it is filled")
    options = parser.parse_args()
    patents, rounds = (2000, 1) if options.quick else (options.patents, options.rounds)
    model, precision = packaged_model()
    with tempfile.TemporaryDirectory(prefix="patentdock-bench-") as work:
        data = options.keep or Path(work)
        data.mkdir(parents=True, exist_ok=True)
        settings = Settings(data=data.resolve(), model=str(model))
        if not (data / "key").exists():
            encoder = Encoder.load(model, precision=precision)
            (data / "key").write_text(_prepare(settings, encoder, patents, options.seed))
        headers = {"Authorization": f"Bearer {(data / 'key').read_text()}"}
        limits = httpx.Limits(max_connections=CLIENTS)
        with (
            processes.serving(settings) as served,
            httpx.Client(base_url=served.address, headers=headers, timeout=120, limits=limits) as client,
        ):
            print(f"{'texts':6}{'':24}{'seconds':>9}{'processor s':>12}{'ratio':>8}")
            _measure(client, served.process, options.queries, rounds)


if __name__ == "__main__":
    main()
