"""The quality lost by cutting a query to its rarest tokens: BM25 alone on needs of firms.

    python -m bench.query_cut

Collections: our own labelled one, and the needs in real language where PATENTDOCK_REALDATA names the real patents. nDCG@10
over the needs that have an answer, and the difference from the whole query with its 95 % interval (paired bootstrap). The
rarest tokens are those of the greatest idf among the tokens that occur in some document; each counts as often as it
occurs in the need, or once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from bench.realdata import real_file
from index.text import tokens
from index.words.postings import LexicalIndex
from index.words.writing import write_index
from matching.evaluation.benchmark import Benchmark, load
from matching.evaluation.compare import paired_bootstrap, values

ROOT = Path(__file__).resolve().parent.parent
METRIC = "ndcg@10"
Cut = Callable[[list[str], LexicalIndex], list[str]]


def _rarest(query: list[str], index: LexicalIndex, count: int) -> list[str]:
    """The tokens of a query that are among its `count` rarest, with their repetitions."""
    distinct = list(dict.fromkeys(query))
    words = index.statistics
    unknown = float(words.idf_of(np.zeros(1, np.int64))[0])  # of a token of no document
    by_idf = [
        (-idf, token) for idf, token in zip(words.idfs(distinct), distinct, strict=True) if idf < unknown
    ]
    kept = {token for _, token in sorted(by_idf)[:count]}
    return [token for token in query if token in kept]


def _once(query: list[str]) -> list[str]:
    return list(dict.fromkeys(query))


CUTS: dict[str, Cut] = {
    "all, as often as they stand": lambda query, index: query,
    "all, once": lambda query, index: _once(query),
    "48 rarest, as often as they stand": lambda query, index: _rarest(query, index, 48),
    "48 rarest, once": lambda query, index: _once(_rarest(query, index, 48)),
    "24 rarest, as often as they stand": lambda query, index: _rarest(query, index, 24),
    "24 rarest, once": lambda query, index: _once(_rarest(query, index, 24)),
}


def _measure(title: str, benchmark: Benchmark, folder: Path) -> None:
    write_index(folder, map(tokens, benchmark.documents.values()))
    index, names = LexicalIndex.open(folder), list(benchmark.documents)
    tokens_of = {query: tokens(benchmark.queries[query]) for query in benchmark.answered}
    print(
        f"\n{title}: {len(names)} documents, {len(tokens_of)} needs, {_tokens(tokens_of.values()):.0f} tokens each"
    )
    print(f"{'tokens of the query':36}{METRIC:>9}{'difference':>12}{'95 % interval':>20}{'kept':>7}")
    whole: list[float] = []
    for name, cut in CUTS.items():
        queries = {query: cut(every, index) for query, every in tokens_of.items()}
        run = {
            query: [names[row] for row in index.search(cut_tokens, 10)[1]]
            for query, cut_tokens in queries.items()
        }
        figures = list(values(run, benchmark, METRIC, list(tokens_of)).values())
        whole = whole or figures
        above = paired_bootstrap(figures, whole)
        interval = f"{above.low:+.3f} to {above.high:+.3f}"
        print(
            f"{name:36}{sum(figures) / len(figures):9.3f}{above.mean:+12.3f}{interval:>20}{_tokens(queries.values()):7.0f}"
        )


def _tokens(queries: Collection[list[str]]) -> float:
    lengths = [len(query) for query in queries]
    return sum(lengths) / len(lengths)


def main() -> None:
    """Measure both collections."""
    with tempfile.TemporaryDirectory(prefix="patentdock-bench-") as work:
        _measure("own collection", load(ROOT / "evaluation"), Path(work) / "own")
        if records := real_file("patents_dev.jsonl"):
            real = load(ROOT / "evaluation" / "real_language", records)
            _measure("real language", real, Path(work) / "real")


if __name__ == "__main__":
    main()
