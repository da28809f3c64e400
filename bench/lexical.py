"""The lexical index against bm25s and tantivy in the same run: building, disk, opening, queries.

    python -m bench.lexical [--documents 135000] [--runs 3] [--seed 1] [--only ours bm25s tantivy]

A document is five sentences sampled from the demonstration patents (and from the real ones where they lie beside the
project) and fifteen pairs of characters drawn from their characters, so that the vocabulary grows with the number of
documents about as it does in real texts. All contenders get the same tokens, made before the clock starts (as lists in memory
for bm25s, which requires them; as a stream for the others). Queries are the demonstration needs, whole: a repeated token
counts as often as it occurs. One thread; each contender builds in a process of its own. The first answers of ours are compared with a
plain computation of BM25 in double precision, which counts words document by document and uses no index.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import bm25s
import numpy as np
import tantivy
from numpy.typing import NDArray

from bench import memory
from bench.search import DEPTH, _race, _show, _texts
from index.text import sentences, tokens
from index.words.bm25 import K1, B
from index.words.postings import LexicalIndex
from index.words.writing import write_index

SENTENCES, PAIRS = 5, 15
FILTERED = 0.01
CHECKED = 3
Rows = NDArray[np.int64]
Answer = Callable[[int], Any]


@dataclass(frozen=True)
class Built:
    """The cost of building: seconds, megabytes of the process at its peak, before it, and of its own pages alone."""

    seconds: float
    peak: float
    before: float
    own: float


def _documents(count: int, seed: int) -> Iterator[list[str]]:
    """The tokens of each document; the same for the same seed."""
    chance = random.Random(seed)
    patents, _ = _texts()
    pool = [tokens(sentence.text) for text in patents for sentence in sentences(text)]
    characters = [character for text in patents for character in text if "\u4e00" <= character <= "\u9fff"]
    for _ in range(count):
        pairs = chance.choices(characters, k=2 * PAIRS)
        document = list(map("".join, zip(pairs[::2], pairs[1::2], strict=True)))
        for sentence in chance.choices(pool, k=SENTENCES):
            document += sentence
        yield document


def _filtered(count: int) -> Rows:
    """The rows that the filter keeps: one in a hundred."""
    return np.arange(int(1 / FILTERED) - 1, count, int(1 / FILTERED), dtype=np.int64)


def _queries() -> list[list[str]]:
    return [tokens(need) for need in _texts()[1]]


def _stream(count: int, seed: int, spent: list[float]) -> Iterator[list[str]]:
    """The documents; the seconds that making them took are added to `spent`."""
    start = time.perf_counter()
    for document in _documents(count, seed):
        spent[0] += time.perf_counter() - start
        yield document
        start = time.perf_counter()
    spent[0] += time.perf_counter() - start


def _build(contender: str, folder: Path, count: int, seed: int) -> Built:
    spent = [0.0]
    before = memory.of_process().resident
    with memory.OwnPeak() as peak:
        start = time.perf_counter()
        BUILDERS[contender](folder, _stream(count, seed, spent))
        seconds = time.perf_counter() - start - spent[0]
    return Built(seconds, memory.of_process().peak, before, peak.own)


def _build_ours(folder: Path, documents: Iterator[list[str]]) -> None:
    write_index(folder, documents)


def _build_bm25s(folder: Path, documents: Iterator[list[str]]) -> None:
    vocabulary: dict[str, int] = {}
    numbered = [
        [vocabulary.setdefault(token, len(vocabulary)) for token in document] for document in documents
    ]
    index = bm25s.BM25(k1=K1, b=B)
    index.index((numbered, vocabulary), show_progress=False)
    index.save(str(folder))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", tokenizer_name="words", index_option="freq")
    builder.add_text_field("kept", tokenizer_name="raw", index_option="basic")
    return builder.build()


def _open_tantivy(folder: Path) -> tantivy.Index:
    index = tantivy.Index(_schema(), path=str(folder))
    words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("words", words)
    return index


def _build_tantivy(folder: Path, documents: Iterator[list[str]]) -> None:
    folder.mkdir()
    writer = _open_tantivy(folder).writer(1_000_000_000, 1)
    for row, document in enumerate(documents):
        kept = "yes" if row % int(1 / FILTERED) == int(1 / FILTERED) - 1 else "no"
        writer.add_document(tantivy.Document(text=" ".join(document), kept=kept))
    writer.commit()
    writer.wait_merging_threads()


def _ours(folder: Path, queries: list[list[str]]) -> tuple[Answer, Answer]:
    index = LexicalIndex.open(folder)
    rows = _filtered(index.documents)
    return (
        lambda at: index.search(queries[at], DEPTH),
        lambda at: index.search(queries[at], DEPTH, rows),
    )


def _bm25s(folder: Path, queries: list[list[str]]) -> tuple[Answer, Answer]:
    index = bm25s.BM25.load(str(folder), mmap=True)
    # Tokens of no document are no tokens of its vocabulary.
    queries = [[token for token in query if token in index.vocab_dict] for query in queries]
    mask = np.zeros(index.scores["num_docs"], np.float32)
    mask[_filtered(len(mask))] = 1
    ask = partial(index.retrieve, k=DEPTH, show_progress=False)
    return lambda at: ask([queries[at]]), lambda at: ask([queries[at]], weight_mask=mask)


def _tantivy(folder: Path, queries: list[list[str]]) -> tuple[Answer, Answer]:
    index = _open_tantivy(folder)
    searcher, schema = index.searcher(), index.schema

    def query(at: int) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        return [
            (tantivy.Occur.Should, tantivy.Query.boost_query(term, times) if times > 1 else term)
            for token, times in Counter(queries[at]).items()
            for term in [tantivy.Query.term_query(schema, "text", token, "freq")]
        ]

    kept = tantivy.Query.const_score_query(tantivy.Query.term_query(schema, "kept", "yes", "basic"), 0)

    def search(parts: Sequence[tuple[tantivy.Occur, tantivy.Query]]) -> object:
        return searcher.search(tantivy.Query.boolean_query(parts), DEPTH, count=False)

    return lambda at: search(query(at)), lambda at: search([(tantivy.Occur.Must, kept), *query(at)])


BUILDERS = {"ours": _build_ours, "bm25s": _build_bm25s, "tantivy": _build_tantivy}
OPENERS = {"ours": _ours, "bm25s": _bm25s, "tantivy": _tantivy}


def _plain(count: int, seed: int, queries: list[list[str]]) -> NDArray[np.float64]:
    """BM25 (queries, documents) from the documents themselves."""
    wanted = {token for query in queries for token in query}
    frequencies: Counter[str] = Counter()
    kept, lengths = [], []
    for document in _documents(count, seed):
        counts = Counter(token for token in document if token in wanted)
        frequencies.update(counts.keys())
        kept.append(counts)
        lengths.append(len(document))
    mean = sum(lengths) / len(lengths)
    idf = {token: math.log1p((count - df + 0.5) / (df + 0.5)) for token, df in frequencies.items()}
    scores = np.zeros((len(queries), count))
    for row, (counts, length) in enumerate(zip(kept, lengths, strict=True)):
        weights = {
            token: idf[token] * tf / (tf + K1 * (1 - B + B * length / mean)) for token, tf in counts.items()
        }
        for at, query in enumerate(queries):
            scores[at, row] = sum(weights.get(token, 0.0) for token in query)
    return scores


def _check(folder: Path, count: int, seed: int) -> str:
    """Compares the best DEPTH of ours with a plain computation, for some queries."""
    index, queries = LexicalIndex.open(folder), _queries()[:CHECKED]
    apart, missing = 0.0, 0
    for query, plain in zip(queries, _plain(count, seed, queries), strict=True):
        scores, rows = index.search(query, DEPTH)
        apart = max(apart, float(np.max(np.abs(scores - plain[rows]) / plain[rows])))
        # Nothing that was left out may be better by more than rounding.
        left = np.delete(plain, rows)
        missing += int(np.sum(left > plain[rows].min() * (1 + 1e-6)))
    return f"{CHECKED} queries, best {DEPTH}: scores at most {apart:.1e} apart, {missing} better documents left out"


def _alone(work: Callable[..., Any], *arguments: object) -> Any:
    """The result of `work` from a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _opened(contender: str, folder: Path) -> tuple[float, float]:
    """Milliseconds to open and megabytes that the process grew by."""
    before, start = memory.of_process().own, time.perf_counter()
    opened = OPENERS[contender](folder, [])
    milliseconds = (time.perf_counter() - start) * 1000
    grown = memory.of_process().own - before
    del opened
    return milliseconds, grown


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def _race_all(folders: dict[str, Path], runs: int) -> None:
    answers = {name: OPENERS[name](folder, _queries()) for name, folder in folders.items()}
    print(f"\n{f'best {DEPTH} of each query':36}{'median ms':>10}{'p95 ms':>10}{'ratio':>8}")
    # The peer of a table is its first line.
    for kind, title in enumerate(("all", "1 % of rows")):
        calls = {f"{name}, {title}": answer[kind] for name, answer in reversed(answers.items())}
        _show(_race(calls, len(_queries()), runs))


def main() -> None:
    """Build, open, query, check, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=135_000)
    parser.add_argument("--runs", type=int, default=3, help="rounds of all queries; the best of each counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=list(BUILDERS), default=list(BUILDERS))
    options = parser.parse_args()
    count, seed = options.documents, options.seed
    queries = _queries()
    print(
        f"{count} documents, {len(queries)} needs as queries, {np.mean([*map(len, queries)]):.0f} tokens each"
    )
    print(f"{'':12}{'build s':>9}{'peak MB':>9}{'own MB':>9}{'disk MB':>9}{'open ms':>9}{'open MB':>9}")
    with tempfile.TemporaryDirectory(prefix="patentdock-bench-") as work:
        folders = {name: Path(work) / name for name in options.only}
        for name, folder in folders.items():
            figures = _alone(_build, name, folder, count, seed)
            opened, grown = _alone(_opened, name, folder)
            print(
                f"{name:12}{figures.seconds:9.1f}{figures.peak:9.0f}{figures.own:9.0f}{_size(folder):9.0f}{opened:9.1f}{grown:9.0f}",
                flush=True,
            )
        _race_all(folders, options.runs)
        if "ours" in folders:
            print(f"plain BM25: {_check(folders['ours'], count, seed)}")


if __name__ == "__main__":
    main()
