"""Building, opening and searching the vectors of one collection, against FAISS in the same run (texts: bench/lexical.py).

    python -m bench.search [--patents 135000] [--seed 1]

Runs at 10,000, 135,000 and 1,350,000 patents; the last takes 7 GB of memory and 12 GB of disk for temporary files. Texts are
sentences sampled from the demonstration patents (and from the real ones where PATENTDOCK_REALDATA names them); vectors, of texts
and of their sentences, are mixes of two real vectors with a little noise, so that they keep the geometry of embeddings;
queries are the demonstration needs. Answers are compared with brute force in double precision. One thread, but where the
table says otherwise: there one scans at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles

os.environ.setdefault("OMP_NUM_THREADS", "1")

import faiss
import numpy as np
from numpy.typing import NDArray

from bench import memory
from bench.realdata import real_file
from index.engine import Filters
from index.generations.collection import Collection, Document
from index.generations.columns import ColumnValues
from index.text import sentences
from index.vectors.pair_product import choose_product
from index.vectors.vectors import VectorIndex

ROOT = Path(__file__).resolve().parent.parent
DEPTH = 500
RUNS = 3
TOGETHER = 32
CHECKED = 16
Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """Real texts and their vectors: patents to mix, needs as queries."""

    patents: list[str]
    needs: list[str]
    patent_vectors: Vectors
    need_vectors: Vectors


def _texts() -> tuple[list[str], list[str]]:
    def read(path: Path | None) -> list[dict[str, str]]:
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path else []

    demo = read(ROOT / "demo" / "patents.jsonl")
    real = read(real_file("patents_dev.jsonl"))
    patents = [f"{row['专利名称']}\n{row['摘要']}" for row in demo]
    patents += [f"{row['title']}\n{row['abstract']}" for row in real]
    needs = [f"{row['需求名称']}。{row['需求描述']}" for row in read(ROOT / "demo" / "needs.jsonl")]
    return patents, needs


def _embed() -> Source:
    from bench.packaged_model import packaged_model
    from index.model.encoder import Encoder

    model, precision = packaged_model()
    encoder = Encoder.load(model, precision=precision)
    patents, needs = _texts()
    return Source(patents, needs, encoder.encode_passages(patents), encoder.encode_queries(needs))


def _source() -> Source:
    """The source, embedded in a process of its own: torch would spoil the measurement of memory."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_embed).result()


def _mixes(source: Source, count: int, rng: np.random.Generator) -> Iterator[Vectors]:
    size, dimensions = source.patent_vectors.shape
    for start in range(0, count, 65_536):
        many = min(65_536, count - start)
        share = rng.uniform(0.5, 1.0, (many, 1)).astype(np.float32)
        first, second = (source.patent_vectors[rng.integers(0, size, many)] for _ in range(2))
        noise = rng.standard_normal((many, dimensions), np.float32) * np.float32(0.1 / dimensions**0.5)
        block = share * first + (1 - share) * second + noise
        block /= np.linalg.norm(block, axis=1, keepdims=True)
        yield block


def _mixed_vectors(source: Source, count: int, rng: np.random.Generator) -> Vectors:
    return np.concatenate(list(_mixes(source, count, rng)))


def _documents(source: Source, count: int, seed: int) -> Iterator[Document]:
    chance = random.Random(seed)
    pool = [sentence.text for text in source.patents for sentence in sentences(text)]
    for number in range(count):
        # One in a hundred is of segment S1, one in ten of region 420100.
        columns = ColumnValues(
            segments=("S1" if chance.random() < 0.01 else f"S{chance.randrange(2, 35)}",),
            regions=("420000", "420100" if chance.random() < 0.1 else f"42{chance.randrange(2, 18):02d}00"),
            ipc=(f"H{chance.randrange(1, 5):02d}M{chance.randrange(1, 50)}/{chance.randrange(10, 99)}",),
            kind=chance.choice(("invention", "utility_model")),
            open_licence=chance.random() < 0.02,
        )
        yield Document(number + 1, "\n".join(chance.choices(pool, k=6)), columns)


def _race(
    calls: Mapping[str, Callable[[int], object]], count: int, runs: int = RUNS
) -> dict[str, list[float]]:
    """Milliseconds of each call for the queries 0 to `count`, the best of `runs` rounds after one to warm up.

    All contenders answer a query before the next one comes, so that other work on the machine hits them alike.
    """
    best = {name: [float("inf")] * count for name in calls}
    for turn in range(runs + 1):
        for at in range(count):
            for name, call in calls.items():
                start = time.perf_counter()
                call(at)
                if turn:
                    best[name][at] = min(best[name][at], (time.perf_counter() - start) * 1000)
    return best


def _show(times: dict[str, list[float]], notes: dict[str, str] | None = None) -> None:
    """One line for each contender; the first is the peer of all."""
    peer = median(next(iter(times.values())))
    for name, milliseconds in times.items():
        high = quantiles(milliseconds, n=20)[-1]
        print(
            f"{name:36}{median(milliseconds):10.2f}{high:10.2f}{median(milliseconds) / peer:8.2f}  {(notes or {}).get(name, '')}"
        )


def _build(folder: Path, source: Source, count: int, seed: int) -> None:
    """Build the collection in a process of its own, and print what it took."""
    rng, before, start = np.random.default_rng(seed), memory.of_process().own, time.perf_counter()
    made = 0.0

    def encode(texts: Sequence[str]) -> Iterator[Vectors]:
        nonlocal made
        blocks = _mixes(source, len(texts), rng)
        while True:
            began = time.perf_counter()
            block = next(blocks, None)
            made += time.perf_counter() - began
            if block is None:
                return
            yield block

    with memory.OwnPeak() as peak:
        documents, dimensions = _documents(source, count, seed), source.patent_vectors.shape[1]
        collection = Collection.build(folder, documents, dimensions, encode, encode)
        seconds = time.perf_counter() - start
    sentences_ = len(collection.sentences.codes) if collection.sentences else 0
    print(
        f"build, vectors given: {seconds - made:.1f} s ({count / (seconds - made):.0f} documents/s), {sentences_} sentences;"
    )
    print(
        f"  memory of its own at most {peak.own:.0f} MB ({before:.0f} before), with mapped files {memory.of_process().peak:.0f} MB"
    )
    for part in ("vectors.faiss", "vectors.coarse*", "vectors.bytes*", "sentences", "lexical", "columns"):
        files = [file for path in folder.glob(part) for file in (path, *path.rglob("*")) if file.is_file()]
        print(f"  {part:18}{sum(file.stat().st_size for file in files) / 2**20:9.0f} MB on disk", flush=True)


def _opening(folder: Path, queries: Vectors) -> None:
    """Open the collection in a new process, search, and print what it took."""
    before, start = memory.of_process(), time.perf_counter()
    collection = Collection.open(folder)
    opened, start = time.perf_counter() - start, time.perf_counter()
    collection.vectors.search(queries[:1], DEPTH)
    first, start = time.perf_counter() - start, time.perf_counter()
    collection.vectors.search(queries[:1], DEPTH)
    second = time.perf_counter() - start
    after = memory.of_process()
    print(
        f"open in a new process: {opened * 1000:.0f} ms; first search {first * 1000:.0f} ms, second {second * 1000:.0f} ms;"
    )
    print(
        f"  resident after that: {after.own:.0f} MB of its own ({before.own:.0f} before opening), "
        f"{after.mapped:.0f} MB of mapped files ({before.mapped:.0f} before)",
        flush=True,
    )


def _in_new_process(work: Callable[..., None], *arguments: object) -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(work, *arguments).result()


FILTERS = {
    "ours, all rows": Filters(),
    "ours, 1 % of the rows": Filters(segment=["S1"]),
    "ours, 10 % of the rows": Filters(region=["420100"]),
    "ours, half of the rows": Filters(kind=["invention"]),
    "ours, 90 % of the rows": Filters(region=[f"42{number:02d}00" for number in range(2, 18)]),
}


def _exact_scores(vectors: Vectors, queries: Vectors) -> Vectors:
    """All scores by brute force in double precision, rounded to single."""
    scores, wide = np.empty((len(queries), len(vectors)), np.float32), queries.astype(np.float64)
    for at in range(0, len(vectors), 16_384):
        scores[:, at : at + 16_384] = wide @ vectors[at : at + 16_384].astype(np.float64).T
    return scores


def _agreement(scores: Vectors, found: list[Rows], rows: Rows | None) -> str:
    """Recall against these scores, and how many answers are the same in their order."""
    candidates = np.arange(scores.shape[1]) if rows is None else rows
    recalls, same = [], 0
    for row_scores, ours in zip(scores[:, candidates], found, strict=True):
        best = candidates[np.lexsort((candidates, -row_scores))[:DEPTH]]
        recalls.append(len(np.intersect1d(best, ours)) / len(best))
        same += np.array_equal(best, ours)
    return f"recall {np.mean(recalls):.4f}, {same} of {len(found)} identical, ties included"


def _by_threads(vectors: VectorIndex, queries: Vectors, filters: Sequence[Rows | None]) -> float:
    """Milliseconds a query when as many threads as queries search without a pause, one at a time, each four times."""
    ready = threading.Barrier(len(queries) + 1)

    def ask(at: int) -> None:
        ready.wait()
        for turn in range(4):
            vectors.search(queries[at : at + 1], DEPTH, filters[(at + turn) % len(filters)])

    with ThreadPoolExecutor(len(queries)) as pool:
        futures = [pool.submit(ask, at) for at in range(len(queries))]
        ready.wait()
        start = time.perf_counter()
        for one in futures:
            one.result()
    return (time.perf_counter() - start) * 1000 / (4 * len(queries))


def _together(calls: Mapping[str, Callable[[], float]], alone: float) -> None:
    """A table of milliseconds a query with several at once; `alone` are those of SQfp16 with one."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(RUNS):
        for name, call in calls.items():
            best[name] = min(best[name], call())
    print(f"{'':46}{'ms a query':>12}{'queries/s':>12}{'x SQfp16 alone':>16}")
    for name, milliseconds in best.items():
        print(
            f"{name:46}{milliseconds:12.2f}{1000 / milliseconds:12.1f}{alone / milliseconds:16.1f}",
            flush=True,
        )


def _dense(collection: Collection, queries: Vectors) -> None:
    vectors = collection.vectors
    flat, codes = faiss.IndexFlatIP(vectors.dimensions), _half_precision(vectors)
    flat.add(vectors.vectors)
    calls: dict[str, Callable[[int], object]] = {
        "FAISS Flat": lambda at: flat.search(queries[at : at + 1], DEPTH),
        "FAISS SQfp16 (not exact)": lambda at: codes.search(queries[at : at + 1], DEPTH),
    }
    exact = _exact_scores(vectors.vectors, queries[:CHECKED])
    chosen = {name: collection.columns.select(wanted) for name, wanted in FILTERS.items()}
    notes = {}
    for name, rows in chosen.items():

        def search(at: int, rows: Rows | None = rows) -> Rows:
            best: Rows = vectors.search(queries[at : at + 1], DEPTH, rows)[1][0]
            return best

        calls[name] = search
        notes[name] = _agreement(exact, [search(at) for at in range(CHECKED)], rows)
    print(f"{f'best {DEPTH} of each query, one at a time':36}{'median ms':>10}{'p95 ms':>10}{'x Flat':>8}")
    times = _race(calls, len(queries) if len(vectors) < 500_000 else CHECKED)
    _show(times, notes)
    alone, ours = (median(times[name]) for name in ("FAISS SQfp16 (not exact)", "ours, all rows"))
    print(f"ours, all rows: {ours / alone:.2f} times SQfp16", flush=True)
    together = queries[:TOGETHER]

    def timed(call: Callable[[], object]) -> float:
        start = time.perf_counter()
        call()
        return (time.perf_counter() - start) * 1000 / len(together)

    several = {
        f"FAISS Flat, {TOGETHER} in one call": lambda: timed(lambda: flat.search(together, DEPTH)),
        f"FAISS SQfp16, {TOGETHER} in one call": lambda: timed(lambda: codes.search(together, DEPTH)),
        f"ours, {TOGETHER} in one call": lambda: timed(lambda: vectors.search(together, DEPTH)),
        f"ours, {TOGETHER} threads, one query each": lambda: _by_threads(vectors, together, [None]),
        f"ours, {TOGETHER} threads, the five filters in turn": lambda: _by_threads(
            vectors, together, list(chosen.values())
        ),
        "ours, 2 threads, one query each": lambda: _by_threads(vectors, together[:2], [None]),
    }
    _together(several, alone)
    select = Filters(segment=["S1"], region=["420000"], kind=["invention"], ipc=["H01M"])
    _show(_race({"filters to rows": lambda _: collection.columns.select(select)}, 20))


def _half_precision(vectors: VectorIndex) -> faiss.IndexScalarQuantizer:
    codes = faiss.IndexScalarQuantizer(
        vectors.dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    codes.train(vectors.vectors[:1000])
    for at in range(0, len(vectors), 65_536):
        codes.add(vectors.vectors[at : at + 65_536])
    return codes


def main() -> None:
    """Build, search, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--patents", type=int, default=135_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    source = _source()
    print(
        f"{options.patents} patents mixed from {len(source.patents)}, {len(source.needs)} needs as queries; ",
        end="",
    )
    print(f"load {os.getloadavg()[0]:.1f}; {choose_product().reason}", flush=True)
    with tempfile.TemporaryDirectory(prefix="patentdock-bench-") as work:
        folder = Path(work) / "patents"
        _in_new_process(_build, folder, source, options.patents, options.seed)
        _in_new_process(_opening, folder, source.need_vectors)
        _dense(Collection.open(folder), source.need_vectors)
    print(
        f"memory of the searches, the peers' copies included: {memory.of_process().peak:.0f} MB; load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
