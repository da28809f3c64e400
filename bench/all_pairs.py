"""All pairs of needs and patents against FAISS Flat in the same run, and the country from measured blocks.

    python -m bench.all_pairs [--queries 20000] [--patents 150000] [--rounds 2] [--seed 1]

Vectors keep the geometry of embeddings: patents are mixes of two real patents with a little noise, needs the same of real
needs (as in bench/search.py). All cores; FAISS runs on the same vectors and threads, in turn with all pairs. Processor
seconds are printed with the wall clock: they are more reliable on a machine that others use. The FAISS wheel brings an OpenBLAS
of 2021 that takes newer processors for one of 2004 and is then ten times as slow; here the processor is set explicitly.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

if "avx512f" in Path("/proc/cpuinfo").read_text("utf-8"):
    os.environ.setdefault("OPENBLAS_CORETYPE", "SKYLAKEX")
# Threads that wait for each other would burn processor time that others need.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

from bench import memory
from bench.search import Source, _mixed_vectors, _source
from index.vectors.all_pairs import Group, all_pairs
from index.vectors.pair_product import choose_product
from index.vectors.vectors import VectorIndex

TOP, DEPTH = 20, 500
COUNTRY = (450_000, 1_350_000)
Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Time:
    """Seconds by the clock and of all processors."""

    wall: float
    processor: float

    def line(self, name: str, peer: Time | None = None) -> str:
        """A row of the table, with how many times as fast as the peer."""
        ratio = f"{peer.wall / self.wall:8.1f}{peer.processor / self.processor:8.1f}" if peer else ""
        return f"{name:52}{self.wall:9.2f}{self.processor:9.2f}{ratio}"


def _timed(work: Callable[[], object]) -> Time:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Time(time.perf_counter() - wall, time.process_time() - processor)


def _best(times: list[Time]) -> Time:
    return min(times, key=lambda one: one.wall)


def _ours(index: VectorIndex, queries: Vectors, k: int) -> Rows:
    threads = os.cpu_count() or 1
    return np.concatenate([block.rows for block in all_pairs(index, queries, k, threads=threads)])


def _compare(index: VectorIndex, flat: faiss.IndexFlatIP, queries: Vectors, k: int, rounds: int) -> Time:
    """Print both and how far they agree; returns our best time."""
    _ours(index, queries[:64], k)  # compiles
    ours, peer, pairs, found = [], [], np.empty(0, np.int64), np.empty(0, np.int64)
    for _ in range(rounds):

        def all_of_them() -> None:
            nonlocal pairs
            pairs = _ours(index, queries, k)

        def by_faiss() -> None:
            nonlocal found
            found = flat.search(queries, k)[1]

        ours.append(_timed(all_of_them))
        peer.append(_timed(by_faiss))
    print(_best(peer).line(f"FAISS IndexFlatIP, {len(queries)} x {len(index)}, best {k}"))
    print(_best(ours).line(f"all pairs, {len(queries)} x {len(index)}, best {k}", _best(peer)))
    same = np.mean([len(np.intersect1d(a, b)) == k for a, b in zip(pairs, found, strict=True)])
    sample = np.linspace(0, len(queries) - 1, 200).astype(np.int64)
    exact = index.search(np.ascontiguousarray(queries[sample]), k)[1]
    print(f"  sets equal to FAISS (which rounds to single precision): {same:.2%}")
    print(f"  identical to VectorIndex.search, ties included, on 200: {np.array_equal(pairs[sample], exact)}")
    return _best(ours)


def _growth(index: VectorIndex, queries: Vectors) -> None:
    threads = os.cpu_count() or 1
    for count, rows in ((1, 8), (1, 2), (1, 1), (4, 8), (4, 2)):
        chosen, kept = np.arange(len(queries) * count // 4), np.arange(len(index) // rows)

        def take(group: Group = Group(chosen, kept)) -> None:
            for _ in all_pairs(index, queries, TOP, [group], threads=threads):
                pass

        seconds = _timed(take)
        name = f"all pairs, {len(chosen)} x {len(kept)}, best {TOP}"
        print(seconds.line(name) + f"   {seconds.wall / len(chosen) / len(kept) * 1e9:.2f} ns a pair")


def _product_alone(queries: int, rows: int, dimensions: int) -> Time:
    """The bare product in the number format chosen, in blocks of the same shape on the same number of threads."""
    product, threads = choose_product(), os.cpu_count() or 1
    left = torch.randn(1024, dimensions).to(product.dtype)
    right = torch.randn(2048, dimensions).to(product.dtype)

    def multiply(_: int) -> None:
        torch.set_num_threads(1)
        out = torch.empty(1024, 2048, dtype=product.dtype)
        for _ in range(queries * rows // (1024 * 2048) // threads):
            torch.mm(left, right.T, out=out)

    with ThreadPoolExecutor(threads) as pool:
        return _timed(lambda: list(pool.map(multiply, range(threads))))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--patents", type=int, default=150_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    source = _source()
    vectors = _mixed_vectors(source, options.patents, rng)
    needs = Source([], [], source.need_vectors, source.need_vectors)
    queries = _mixed_vectors(needs, options.queries, rng)
    print(f"{choose_product().reason}; load {os.getloadavg()[0]:.1f}; {os.cpu_count()} processors")
    print(f"{'':52}{'wall s':>9}{'cpu s':>9}{'x wall':>8}{'x cpu':>8}")
    with tempfile.TemporaryDirectory(prefix="patentdock-bench-") as work:
        path = Path(work) / "vectors.faiss"
        VectorIndex.write(path, [vectors], vectors.shape[1])
        index = VectorIndex.open(path)
        _growth(index, queries)
        print(
            f"  memory at its peak: {memory.of_process().peak:.0f} MB, of it {vectors.nbytes * 2 / 2**20:.0f} MB vectors twice"
        )
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors)
        ours = _compare(index, flat, queries, TOP, options.rounds)
        print(_product_alone(len(queries), len(index), vectors.shape[1]).line("the product alone"))
        deep = _compare(index, flat, queries[: len(queries) // 4], DEPTH, 1)
        stored = sum(part.stat().st_size for part in Path(work).iterdir()) - path.stat().st_size
    _country({TOP: ours, DEPTH: deep}, {TOP: len(queries), DEPTH: len(queries) // 4}, vectors, stored)


def _country(times: dict[int, Time], queries: dict[int, int], vectors: Vectors, stored: int) -> None:
    """Print time and memory of all pairs of the country, computed from the blocks measured by depth; `stored` is of coarse rows."""
    needs, patents = COUNTRY
    print(
        f"the country, {needs} needs x {patents} patents, COMPUTED from the blocks measured above (rate x pairs):"
    )
    for depth, time_ in times.items():
        rate = time_.wall / (queries[depth] * len(vectors))
        print(
            f"  best {depth}: {rate * 1e9:.2f} ns a pair, {needs * patents * rate / 60:.0f} minutes one way"
        )
    exact, coarse = (size / len(vectors) * patents / 2**20 for size in (vectors.nbytes, stored))
    asking = needs / patents * exact
    print(
        f"  memory: coarse rows {coarse:.0f} MB, vectors {exact:.0f} MB, needs {asking:.0f} MB; all are mapped files"
    )


if __name__ == "__main__":
    main()
