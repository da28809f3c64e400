"""The worth of marks (相关性反馈): a simulated user marks some of the first ten by the judgements, the rest is ranked anew.

The marked documents are taken out of both rankings and of the judgements (residual collection), so that a ranking gains
nothing by showing again what was marked. Needs without a mark or without a further answer are left out.

    python -m bench.relevance_feedback MODEL_FOLDER COLLECTION_FOLDER [CORPUS]
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from index.engine import AskingNeed, Filters
from index.generations.collection import Collection, Document
from index.generations.columns import ColumnValues
from index.generations.sides import PatentSide, patent_side
from index.model.encoder import Encoder
from matching.answers.filters import Marks
from matching.answers.refinement import refined
from matching.evaluation.benchmark import Benchmark, half, load
from matching.evaluation.compare import paired_bootstrap
from matching.evaluation.metrics import ndcg
from matching.retrieval.retrieve import asking_need, retrieve

DEPTH = 110
UNSUITABLE = 2


def marked(ranking: Sequence[str], grades: Mapping[str, int], suitable: int) -> tuple[list[str], list[str]]:
    """The first so many that suit and the first UNSUITABLE that do not, among the first ten."""
    top = ranking[:10]
    good = [document for document in top if grades.get(document, 0) > 0]
    return good[:suitable], [document for document in top if grades.get(document, 0) <= 0][:UNSUITABLE]


def residual(ranking: Sequence[str], grades: Mapping[str, int], taken: set[str]) -> float:
    """nDCG@10 without the documents that were marked."""
    left = {document: grade for document, grade in grades.items() if document not in taken}
    return ndcg([document for document in ranking if document not in taken], left, 10)


def measure(
    benchmark: Benchmark, patents: PatentSide, needs: Mapping[str, AskingNeed], suitable: int
) -> None:
    """Print both halves with so many suitable ones marked."""
    names = list(benchmark.documents)
    rows = {name: row for row, name in enumerate(names)}
    for part in ("tuning", "test"):
        before, after = [], []
        for query in (query for query in benchmark.answered if half(query) == part):
            grades = benchmark.judgements[query]
            ranking = [names[hit.id] for hit in retrieve(patents, needs[query], Filters(), DEPTH)]
            good, bad = marked(ranking, grades, suitable)
            taken = {*good, *bad}
            if not taken or not any(g > 0 for d, g in grades.items() if d not in taken):
                continue
            marks = Marks(frozenset(rows[d] for d in good), frozenset(rows[d] for d in bad))
            titles = [benchmark.documents[d].split("\n")[0] for d in good]
            moved = refined(needs[query], marks, titles, patents)
            again = [names[hit.id] for hit in retrieve(patents, moved, Filters(), DEPTH)]
            before.append(residual(ranking, grades, taken))
            after.append(residual(again, grades, taken))
        gain = paired_bootstrap(after, before)
        print(
            f"{part}, at most {suitable} suitable and {UNSUITABLE} unsuitable marked, {len(after)} needs: "
            f"{np.mean(before):.3f} -> {np.mean(after):.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
        )


def main(model: Path, folder: Path, corpus: Path | None) -> None:
    """Print what marks are worth on one collection."""
    encoder, benchmark = Encoder.load(model), load(folder, corpus)
    vectors = encoder.encode_queries(list(benchmark.queries.values()))
    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    needs = {
        query: asking_need(text, vector, mean, len(vectors))
        for (query, text), vector in zip(benchmark.queries.items(), vectors, strict=True)
    }
    with tempfile.TemporaryDirectory() as work:
        documents = (
            Document(id=row, text=text, columns=ColumnValues())
            for row, text in enumerate(benchmark.documents.values())
        )

        def encode(texts: Sequence[str]) -> list[np.ndarray]:
            return [encoder.encode_passages(texts)]

        collection = Collection.build(
            Path(work) / "collection", documents, encoder.dimensions, encode, encode
        )
        for suitable in (0, 1, 2):
            measure(benchmark, patent_side(collection), needs, suitable)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
