"""Speed of the index of one collection, against FAISS Flat in the same run (the lexical leg: bench/lexical.py).

    python -m bench.search [--patents 135000] [--seed 1]

Texts are sentences sampled from the demonstration patents (and from the real ones where they lie beside the project);
vectors are mixes of two real vectors with a little noise, so that they keep the geometry of embeddings; queries are the
demonstration needs. Dense answers are compared with brute force in double precision. One thread.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles

os.environ.setdefault("OMP_NUM_THREADS", "1")

import faiss
import numpy as np
from numpy.typing import NDArray

from index.collection import Collection, Document
from index.columns import ColumnValues, Filters
from index.text import sentences

ROOT = Path(__file__).resolve().parent.parent
DEPTH = 500
RUNS = 3
Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """Real texts and their vectors: patents to mix, needs to ask."""

    patents: list[str]
    needs: list[str]
    patent_vectors: Vectors
    need_vectors: Vectors


def _texts() -> tuple[list[str], list[str]]:
    def read(path: Path) -> list[dict[str, str]]:
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []

    demo = read(ROOT / "demo" / "patents.jsonl")
    real = read(ROOT.parent / "shared" / "realdata" / "patents_dev.jsonl")
    patents = [f"{row['专利名称']}\n{row['摘要']}" for row in demo]
    patents += [f"{row['title']}\n{row['abstract']}" for row in real]
    needs = [f"{row['需求名称']}。{row['需求描述']}" for row in read(ROOT / "demo" / "needs.jsonl")]
    return patents, needs


def _embed() -> Source:
    from index.encoder import Encoder
    from index.model_package import ensure_packaged_model
    from index.precision import choose_precision

    models = ROOT / os.environ.get("PATENTDOCK_DATA", "var") / "models"
    model = ensure_packaged_model(models)
    encoder = Encoder.load(model, precision=choose_precision(model, models))
    patents, needs = _texts()
    return Source(patents, needs, encoder.encode_passages(patents), encoder.encode_queries(needs))


def _source() -> Source:
    """The source, embedded in a process of its own: torch would spoil the measurement of memory."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_embed).result()


def _mixed_vectors(source: Source, count: int, rng: np.random.Generator) -> Vectors:
    size, dimensions = source.patent_vectors.shape
    mixed = np.empty((count, dimensions), np.float32)
    for start in range(0, count, 65_536):
        block = mixed[start : start + 65_536]
        share = rng.uniform(0.5, 1.0, (len(block), 1)).astype(np.float32)
        first, second = (source.patent_vectors[rng.integers(0, size, len(block))] for _ in range(2))
        noise = rng.standard_normal(block.shape, np.float32) * np.float32(0.1 / dimensions**0.5)
        block[:] = share * first + (1 - share) * second + noise
        block /= np.linalg.norm(block, axis=1, keepdims=True)
    return mixed


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


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


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
    for name, its in times.items():
        high = quantiles(its, n=20)[-1]
        print(
            f"{name:36}{median(its):10.2f}{high:10.2f}{median(its) / peer:8.2f}  {(notes or {}).get(name, '')}"
        )


def _equal(vectors: Vectors, queries: Vectors, found: list[Rows], rows: Rows | None) -> float:
    """Share of the queries whose answer is that of brute force in double precision, in its order."""
    hits = 0
    candidates = np.arange(len(vectors)) if rows is None else rows
    for query, ours in zip(queries, found, strict=True):
        scores = np.concatenate(
            [
                vectors[candidates[at : at + 20_000]].astype(np.float64) @ query.astype(np.float64)
                for at in range(0, len(candidates), 20_000)
            ]
        )
        best = candidates[np.lexsort((candidates, -scores.astype(np.float32)))[:DEPTH]]
        hits += np.array_equal(best, ours)
    return hits / len(queries)


def _build(folder: Path, source: Source, count: int, seed: int) -> tuple[Collection, Vectors]:
    vectors = _mixed_vectors(source, count, np.random.default_rng(seed))
    before, start = _megabytes(), time.perf_counter()
    collection = Collection.build(
        folder, _documents(source, count, seed), vectors.shape[1], lambda _: [vectors]
    )
    seconds = time.perf_counter() - start
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20
    print(f"build with vectors given: {seconds:.1f} s, {count / seconds:.0f} documents/s; peak memory")
    print(
        f"{_megabytes():.0f} MB ({before:.0f} before); {size:.0f} MB on disk, {size * 1024 / count:.1f} kB each"
    )
    start = time.perf_counter()
    Collection.open(folder)
    print(f"open: {(time.perf_counter() - start) * 1000:.1f} ms")
    return collection, vectors


FILTERS = {
    "dense, all": Filters(),
    "dense, 1 % of rows": Filters(segment=["S1"]),
    "dense, 10 % of rows": Filters(region=["420100"]),
    "dense, half of the rows": Filters(kind=["invention"]),
}


def _dense(collection: Collection, vectors: Vectors, queries: Vectors) -> None:
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    calls: dict[str, Callable[[int], object]] = {
        "FAISS Flat alone": lambda at: flat.search(queries[at : at + 1], DEPTH)
    }
    notes = {}
    for name, wanted in FILTERS.items():
        rows = collection.columns.select(wanted)

        def search(at: int, rows: Rows | None = rows) -> Rows:
            best: Rows = collection.vectors.search(queries[at : at + 1], DEPTH, rows)[1][0]
            return best

        calls[name] = search
        same = _equal(vectors, queries[:16], [search(at) for at in range(16)], rows)
        notes[name] = f"answers equal to brute force: {same:.0%}"
    _show(_race(calls, len(queries)), notes)
    together = {
        "FAISS Flat alone, 32 at once": lambda _: flat.search(queries[:32], DEPTH),
        "dense, all, 32 at once": lambda _: collection.vectors.search(queries[:32], DEPTH),
    }
    _show(_race(together, 3))
    several = Filters(segment=["S1"], region=["420000"], kind=["invention"], ipc=["H01M"])
    _show(_race({"filters to rows": lambda _: collection.columns.select(several)}, 20))


def main() -> None:
    """Build, search, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--patents", type=int, default=135_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    source = _source()
    print(f"{options.patents} patents mixed from {len(source.patents)}, {len(source.needs)} needs as queries")
    with tempfile.TemporaryDirectory(prefix="patentdock-bench-") as work:
        collection, vectors = _build(Path(work) / "patents", source, options.patents, options.seed)
        print(f"{f'best {DEPTH} of each query':36}{'median ms':>10}{'p95 ms':>10}{'ratio':>8}")
        _dense(collection, vectors, source.need_vectors)


if __name__ == "__main__":
    main()
