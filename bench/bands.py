"""The accuracy of bands (匹配程度的准确率): precision of 高, 中 and 低, and of "nothing suitable", on both judged collections.

    python -m bench.bands MODEL_FOLDER

Pairs are those of the first tens, by band. A need whose judged answers are taken out of the collection is one for which nothing is
suitable; with its answers it is one for which something is. `together` searches both collections as one, in which the patents of
the other are unjudged and count as grade 0. `before` are the bands and the warning as they were until 2026-11: a logistic of the
deviation alone, 低 below a share of 0.2, the warning below a deviation of 3.8.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path

import numpy as np

from catalog.kit.terms import Band
from index.arrays import Floats
from index.engine import AskingNeed, Filters
from index.generations.collection import Collection, Document
from index.generations.columns import ColumnValues
from index.generations.sides import PatentSide, patent_side
from index.model.encoder import Encoder
from matching.evaluation.benchmark import Benchmark, half
from matching.evaluation.compare import wilson
from matching.evaluation.suite_file import read
from matching.retrieval.confidence import SAMPLE, Level
from matching.retrieval.relevance import parts
from matching.retrieval.retrieve import asking_need, retrieve

SUITE = Path("evaluation/conditions.toml")
NAMES = ("own", "real-language")
FIRST, DEEP = 10, 120

Judge = Callable[[Level, float], tuple[Band, bool]]
"""The band of a score, and whether it is too low for anything to be suitable."""


def now(level: Level, score: float) -> tuple[Band, bool]:
    """The judgement of the product."""
    band = level.confidence(score).band
    return band, not band.is_match


def before(level: Level, score: float) -> tuple[Band, bool]:
    """The judgement of the product until 2026-11."""
    share = 1 / (1 + exp((5.396 - level.above(score)) / 0.683))
    band = Band.HIGH if share >= 0.6 else Band.MEDIUM if share >= 0.2 else Band.LOW
    return band, level.above(score) < 3.8


@dataclass(frozen=True, slots=True)
class Asked:
    """A need of a half: its best patents with scores and grades, best first, and its levels with its answers and without them."""

    half: str
    rows: list[tuple[float, int]]
    level: Level
    level_without: Level

    @property
    def is_answered(self) -> bool:
        """Whether a patent of grade 1 or 2 is in the collection."""
        return self.level is not self.level_without


class Vectors:
    """Vectors of texts, each embedded once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._known = encoder, dict[str, Floats]()

    def passages(self, texts: Sequence[str]) -> Iterable[Floats]:
        """The vectors of documents and sentences, as a collection takes them."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known |= zip(new, self._encoder.encode_passages(new), strict=True)
        return [np.stack([self._known[text] for text in texts])]

    def side(self, folder: Path, documents: Sequence[str]) -> PatentSide:
        """The documents as the patents of a generation, numbered from 0."""
        its = (Document(number, text, ColumnValues()) for number, text in enumerate(documents))
        dimensions = self._encoder.dimensions
        return patent_side(Collection.build(folder, its, dimensions, self.passages, self.passages))

    def needs(self, benchmark: Benchmark) -> dict[str, AskingNeed]:
        """The needs of a collection as queries."""
        vectors = self._encoder.encode_queries(list(benchmark.queries.values()))
        mean: Floats = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        pairs = zip(benchmark.queries.items(), vectors, strict=True)
        return {query: asking_need(text, vector, mean, len(vectors)) for (query, text), vector in pairs}


def asked(
    benchmark: Benchmark, needs: dict[str, AskingNeed], side: PatentSide, names: list[str]
) -> list[Asked]:
    """Every judged need of a collection, asked of these patents."""
    found = []
    for query, grades in benchmark.judgements.items():
        hits = retrieve(side, needs[query], Filters(), DEEP)
        sample = side.sample(needs[query], SAMPLE)
        totals, answers = parts(sample).total, {name for name, grade in grades.items() if grade > 0}
        others = np.array([names[id_] not in answers for id_ in sample.ids.tolist()])
        level = Level.of(totals, len(names))
        without = Level.of(totals[others], len(names) - len(answers)) if answers else level
        rows = [(hit.relevance, grades.get(names[hit.id], 0)) for hit in hits]
        found.append(Asked(half(query), rows, level, without))
    return found


def told(hits: int, of: int) -> str:
    """A share with its interval."""
    its = wilson(hits, of)
    return f"{hits} of {of}" + (
        f", {its.mean:.2f} ({its.low:.2f} to {its.high:.2f})" if its.low is not None else ""
    )


def show(title: str, every: Sequence[Asked], judge: Judge) -> None:
    """Print the precision of each band, and of "nothing suitable"."""
    pairs = [(judge(one.level, score)[0], grade) for one in every for score, grade in one.rows[:FIRST]]
    print(f"\n{title}")
    for band in Band:
        its = [grade for its_band, grade in pairs if its_band is band]
        print(
            f"  {band.label}: grade 2 {told(sum(g == 2 for g in its), len(its))}; "
            f"grade 1 or 2 {told(sum(g > 0 for g in its), len(its))}"
        )
    counted = [grade for band, grade in pairs if band.is_match]
    print(f"  高 and 中 together: grade 1 or 2 {told(sum(g > 0 for g in counted), len(counted))}")
    answered = [judge(one.level, one.rows[0][0])[1] for one in every if one.is_answered]
    empty = [judge(one.level, one.rows[0][0])[1] for one in every if not one.is_answered]
    emptied = [
        judge(one.level_without, next(score for score, grade in one.rows if grade <= 0))[1]
        for one in every
        if one.is_answered
    ]
    print(f"  nothing suitable, said of needs that have no answer: {told(sum(empty), len(empty))}")
    print(f"  said of needs whose answers are taken out: {told(sum(emptied), len(emptied))}")
    print(f"  said of needs that have an answer: {told(sum(answered), len(answered))}")
    right, said = sum(empty) + sum(emptied), sum(empty) + sum(emptied) + sum(answered)
    print(f"  right where it is said, of all these: {told(right, said)}")
    print(
        f"  right where it is said, of the needs as they are: {told(sum(empty), sum(empty) + sum(answered))}"
    )


def main(model: Path) -> None:
    """Print both collections, by halves, apart and together, now and before."""
    vectors, suite = Vectors(Encoder.load(model)), read(SUITE)
    benchmarks = {name: entry.benchmark() for name, entry in suite.chosen(NAMES).items() if not entry.absent}
    needs = {name: vectors.needs(benchmark) for name, benchmark in benchmarks.items()}
    with tempfile.TemporaryDirectory(prefix="patentdock-bands-") as work:
        results = dict[str, list[Asked]]()
        for name, benchmark in benchmarks.items():
            side = vectors.side(Path(work) / name, list(benchmark.documents.values()))
            results[name] = asked(benchmark, needs[name], side, list(benchmark.documents))
        both = {key: text for benchmark in benchmarks.values() for key, text in benchmark.documents.items()}
        side = vectors.side(Path(work) / "together", list(both.values()))
        for name, benchmark in benchmarks.items():
            results[f"{name}, together"] = asked(benchmark, needs[name], side, list(both))
    for name, every in results.items():
        for part in ("tuning", "test"):
            its = [one for one in every if one.half == part]
            for rule, judge in (("before", before), ("now", now)):
                show(f"{name}, {part}, {rule}: {len(its)} needs", its, judge)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
