"""Whole match requests over HTTP on a province of patents, and what a generation of that size costs.

    python -m bench.http_matches [--patents 135000] [--requests 200] [--seed 1] [--keep FOLDER]

The register is invented (bench/import_speed.py) with abstracts sampled from the sentences of the demonstration patents (and
of the real ones where PATENTDOCK_REALDATA names them). Every sentence is embedded; the vector of a text is the mean of its
sentences' with a little noise, so that the geometry is that of embeddings. The service is `patentdock serve` in a process
of its own, with the real model; every request is another text. The peer of the same run is what a few lines would do:
`SentenceTransformer.encode` with defaults, then FAISS Flat, no filter, no words, no records.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from hashlib import sha256
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles

os.environ.setdefault("OMP_NUM_THREADS", "1")

import faiss
import httpx
import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

import demo
from bench import import_speed, memory, processes
from bench.packaged_model import packaged_model
from bench.search import _texts
from catalog.accounts import keys as access_keys
from catalog.kit.days import beijing_today
from index.engine import Filters
from index.generations.build import reindex
from index.generations.generation import GenerationStore
from index.model.encoder import Encoder
from index.text import sentences
from ingestion.imports.importer import import_file
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise

SENTENCES = 5
Vectors = NDArray[np.float32]


class PooledEncoder:
    """Embeds the sentences of a pool with the real model; a text of them gets their mean with a little noise."""

    def __init__(self, encoder: Encoder, pool: Sequence[str]) -> None:
        self._encoder = encoder
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dimensions, self.precision = encoder.dimensions, encoder.precision
        self.encode_queries = encoder.encode_queries
        self._known = dict(zip(pool, encoder.encode_passages(pool), strict=True))

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors (n, dimensions)."""
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> Vectors:
        if text in self._known:
            return np.asarray(self._known[text], np.float32)
        parts = [self._known[s.text] for s in sentences(text) if s.text in self._known]
        rng = np.random.default_rng(int.from_bytes(sha256(text.encode()).digest()[:8], "little"))
        noise = rng.standard_normal(self.dimensions, np.float32) * np.float32(0.2 / self.dimensions**0.5)
        mixed = np.mean(parts, axis=0) + noise if parts else noise
        return np.asarray(mixed / np.linalg.norm(mixed), np.float32)


def _sentence_pool() -> list[str]:
    patents, _ = _texts()
    return sorted({s.text for text in patents for s in sentences(text) if 12 <= len(s.text) <= 80})


def _register(path: Path, number: int, pool: Sequence[str], seed: int) -> None:
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(import_speed.HEADER)
        for row in import_speed.rows(number, seed):
            row[2] = "。".join(part.rstrip("。；") for part in chance.choices(pool, k=SENTENCES)) + "。"
            writer.writerow(row)


def _questions() -> Iterator[str]:
    """Needs, each one another text."""
    needs = [
        f"{row['需求名称']}。{row['需求描述']}"
        for row in map(json.loads, demo.path("needs").read_text("utf-8").splitlines())
    ]
    for number in count():
        yield f"{needs[number % len(needs)]}（第{number}次询问）"


def _show(name: str, milliseconds: Sequence[float], seconds: float, peer: float | None = None) -> None:
    high = quantiles(milliseconds, n=20)[-1]
    ratio = f"{median(milliseconds) / peer:8.2f}" if peer else f"{'1.00':>8}"
    rate = len(milliseconds) / seconds
    print(f"{name:46}{median(milliseconds):9.1f}{high:9.1f}{rate:9.1f}{ratio}", flush=True)


def _timed(calls: Sequence[Callable[[], object]], clients: int) -> tuple[list[float], float]:
    """Milliseconds of each call, so many at a time, and the seconds of all."""

    def run(call: Callable[[], object]) -> float:
        start = time.perf_counter()
        call()
        return (time.perf_counter() - start) * 1000

    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        times = list(pool.map(run, calls))
    return times, time.perf_counter() - start


def _ask(client: httpx.Client, text: str, filters: dict[str, object]) -> None:
    answer = client.post("/api/v1/matches", json={"text": text, "top_k": 10, "filters": filters})
    answer.raise_for_status()
    if not answer.json()["items"]:
        raise AssertionError("no match")


def _prepare(settings: Settings, encoder: Encoder, number: int, seed: int) -> str:
    """Fill a catalogue and build its generation; returns a key."""
    runtime = Runtime(settings, encoder)
    initialise(runtime.database)
    pool = _sentence_pool()
    register = settings.data / "register.csv"
    _register(register, number, pool, seed)
    start = time.perf_counter()
    for kind in ("enterprises", "needs"):
        import_file(
            runtime.database,
            demo.path(kind),
            kind,
            is_demo=True,
            today=beijing_today(),
            rejected_dir=settings.rejected_dir,
        )
    report = import_file(
        runtime.database, register, "patents", today=beijing_today(), rejected_dir=settings.rejected_dir
    )
    print(f"import: {report.new} patents in {time.perf_counter() - start:.0f} s", flush=True)
    start = time.perf_counter()
    pooled = PooledEncoder(encoder, pool)
    print(f"{len(pool)} sentences embedded in {time.perf_counter() - start:.0f} s", flush=True)
    start = time.perf_counter()
    reindex(runtime.database, settings.data, pooled, today=beijing_today())
    print(
        f"build, vectors given: {time.perf_counter() - start:.0f} s; peak memory {memory.of_process().peak:.0f} MB"
    )
    with runtime.database.write() as session:
        key = access_keys.create(session, "bench")
    runtime.close()
    return key


def _peer(model: Path, settings: Settings, texts: Sequence[str]) -> float:
    """Median milliseconds of plain encoding and FAISS Flat."""
    generation = GenerationStore(settings.data / "generations").current()
    if generation is None:
        raise AssertionError("no generation")
    vectors = generation.patents.vectors(generation.patents.select(Filters()))
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    plain = SentenceTransformer(str(model), device="cpu")

    def call(text: str) -> object:
        return flat.search(plain.encode([f"query: {text}"], show_progress_bar=False), 10)

    times, seconds = _timed([lambda text=text: call(text) for text in texts], 1)  # type: ignore[misc]
    _show("peer: SentenceTransformer + FAISS Flat, 1 thread", times, seconds)
    return median(times)


def main() -> None:
    """Prepare, serve, send requests, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patents", type=int, default=135_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the data, used again when it is filled")
    options = parser.parse_args()
    model, precision = packaged_model()
    with tempfile.TemporaryDirectory(prefix="patentdock-bench-") as work:
        data = options.keep or Path(work)
        data.mkdir(parents=True, exist_ok=True)
        settings = Settings(data=data.resolve(), model=str(model))
        key_file = data / "key"
        if not key_file.exists():
            key_file.write_text(
                _prepare(settings, Encoder.load(model, precision=precision), options.patents, options.seed)
            )
        _measure(settings, model, key_file.read_text(), options.requests)


FILTERS: dict[str, dict[str, object]] = {
    "no filter": {},
    "segment": {"segment": ["HB01"]},
    "prefecture": {"region": ["420100"]},
}


def _opened(root: Path) -> tuple[float, int]:
    """Seconds that opening the generation takes, and its patents; to be called in a new process."""
    start = time.perf_counter()
    generation = GenerationStore(root).current()
    return time.perf_counter() - start, len(generation.patents) if generation else 0


def _measure(settings: Settings, model: Path, key: str, requests: int) -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        seconds, patents = pool.submit(_opened, settings.data / "generations").result()
    print(f"generation of {patents} patents opened in a new process: {seconds:.2f} s")
    questions = _questions()
    print(f"{'':46}{'median':>9}{'p95 ms':>9}{'per s':>9}{'ratio':>8}")
    peer = _peer(model, settings, [next(questions) for _ in range(requests)])
    headers = {"Authorization": f"Bearer {key}"}
    with (
        processes.serving(settings) as served,
        httpx.Client(
            base_url=served.address, headers=headers, timeout=60, limits=httpx.Limits(max_connections=32)
        ) as c,
    ):
        times, _ = _timed([lambda: _ask(c, next(questions), {})], 1)
        print(
            f"service alive {served.seconds:.1f} s after its start, first request answered in {times[0]:.0f} ms"
        )
        for _ in range(10):
            _ask(c, next(questions), {})
        for clients in (1, 16):
            for name, filters in FILTERS.items():
                calls = [
                    lambda text=next(questions), wanted=filters: _ask(c, text, wanted)
                    for _ in range(requests)
                ]
                times, seconds = _timed(calls, clients)
                _show(f"POST /matches, {clients} clients, {name}", times, seconds, peer)
        used = memory.of_process(served.process)
        print(
            f"service, one process: {used.resident:.0f} MB resident, {used.own:.0f} MB of them its own, "
            f"at its peak {used.peak:.0f} MB"
        )


if __name__ == "__main__":
    main()
