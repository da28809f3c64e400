"""The reach of the factors besides relevance (对接因素): gaps of relevance on judged needs, changes on the demonstration data.

    python -m bench.factors gaps MODEL_FOLDER COLLECTION_FOLDER [CORPUS]   how near rows of different grades lie
    python -m bench.factors demo MODEL_FOLDER [DATA_FOLDER]                what the weights in use change there

Texts that the installation in DATA_FOLDER has embedded with this model are not embedded again.

The judged collections have no holders, regions or terms: they show how large weights may be, not what they gain.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

import demo
from catalog.kit.days import beijing_today
from index.engine import Filters
from index.generations.generation import Generation
from index.model.encoder import Encoder
from ingestion.imports.importer import import_file
from matching.evaluation.benchmark import load
from matching.evaluation.evaluate import CONDITIONS, measure
from matching.night.night import NightFactors, patents_for_needs
from matching.ranking.factors import FactorRules
from matching.ranking.factors import load as load_factors
from service.installation.indexing import rebuild
from service.installation.runtime import Runtime
from service.installation.screening import screen
from service.installation.settings import Settings
from service.installation.setup import initialise

SPANS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02)
SHOWN, DEEP = 10, 100
TIMES = (0.5, 1, 2, 4)

Ranking = list[tuple[int, float]]
"""Patents with their scores, best first."""


def gaps(model: Path, folder: Path, corpus: Path | None) -> None:
    """Print the gaps between rows that follow each other and between suitable and unsuitable rows of first tens."""
    benchmark = load(folder, corpus)
    found = measure(benchmark, Encoder.load(model), {"relevance": CONDITIONS["relevance"]})
    runs, scores = found.runs["relevance"], found.scores["relevance"]
    steps, apart = list[float](), list[float]()
    for query in benchmark.answered:
        grades = benchmark.judgements[query]
        shown = list(zip(runs[query][:SHOWN], scores[query][:SHOWN], strict=True))
        steps += [one - other for (_, one), (_, other) in pairwise(shown)]
        apart += [
            one - other
            for at, (good, one) in enumerate(shown)
            for bad, other in shown[at + 1 :]
            if grades.get(good) == 2 and grades.get(bad) == 0
        ]
    print(f"{folder.name}: {len(benchmark.answered)} needs; millionths x 1e-6 = units of a score")
    for name, values in (("rows that follow each other", steps), ("grade 2 above judged grade 0", apart)):
        quantiles = np.quantile(values, (0.01, 0.05, 0.1, 0.25, 0.5))
        print(f"  {name}, {len(values)} pairs; gap at 1, 5, 10, 25, 50 %:", *(f"{q:.4f}" for q in quantiles))
        below = ", ".join(f"{span} {np.mean(np.array(values) < span):.1%}" for span in SPANS)
        print(f"    nearer than: {below}")


def demonstration(model: Path, known: Path | None) -> None:
    """Print what the weights in use, and multiples of them, change in the first tens of all demonstration needs."""
    with tempfile.TemporaryDirectory() as work:
        runtime = Runtime(Settings(data=Path(work), model=str(model)), Encoder.load(model))
        initialise(runtime.database)
        if known is not None:
            shutil.copytree(known / "embeddings", Path(work) / "embeddings")
        for kind in demo.kinds():
            import_file(
                runtime.database,
                demo.path(kind),
                kind,
                is_demo=True,
                today=beijing_today(),
                rejected_dir=Path(work) / "no",
            )
        rebuild(runtime)
        screen(runtime, beijing_today())
        rebuild(runtime)  # with what the screening found
        generation = runtime.store.current()
        if generation is None:
            raise AssertionError("nothing was built")
        rules = load_factors()
        print(f"{len(generation.needs)} needs, {len(generation.patents)} patents, factors {rules.version}")
        for times in TIMES:
            _print_changes(generation, times, _scaled(rules, times))
        _print_kinds(generation, rules)
        runtime.close()


def _scaled(rules: FactorRules, times: float) -> FactorRules:
    changed = {
        code: factor.model_copy(update={"weight": factor.weight * times})
        for code, factor in rules.factors.items()
    }
    return rules.model_copy(update=changed)


def _rankings(generation: Generation, rules: FactorRules | None) -> list[Ranking]:
    factors = NightFactors(rules, beijing_today()) if rules else None
    asking = generation.needs.select(Filters())
    blocks = patents_for_needs(generation, asking, Filters(), DEEP, factors=factors)
    return [[(match.id, match.factors) for match in found] for block in blocks for _, found in block]


def _print_changes(generation: Generation, times: float, rules: FactorRules) -> None:
    plain, counted = _rankings(generation, None), _rankings(generation, rules)
    tens = [
        ([i for i, _ in one[:SHOWN]], [i for i, _ in other[:SHOWN]])
        for one, other in zip(plain, counted, strict=True)
    ]
    moved = [
        abs(at - place)
        for (before, _), other in zip(tens, counted, strict=True)
        for place, patent in enumerate(before)
        if (at := _place(other, patent)) is not None
    ]
    largest = max(abs(amount) for ranking in counted for _, amount in ranking[:SHOWN])
    print(
        f"  weights x {times:g}: other first {_share(a[0] != b[0] for a, b in tens)}, "
        f"other order of ten {_share(a != b for a, b in tens)}, other patents in ten {_share(set(a) != set(b) for a, b in tens)}, "
        f"patents replaced {np.mean([len(set(a) - set(b)) for a, b in tens]):.2f} of ten, "
        f"mean movement {np.mean(moved):.2f} ranks (largest {max(moved)}), largest sum {largest:.4f}"
    )


def _place(ranking: Ranking, patent: int) -> int | None:
    return next((at for at, (one, _) in enumerate(ranking) if one == patent), None)


def _share(values: Iterable[bool]) -> str:
    return f"{np.mean(list(values)):.1%}"


def _print_kinds(generation: Generation, rules: FactorRules) -> None:
    factors = NightFactors(rules, beijing_today())
    needs = generation.needs.attributes(generation.needs.select(Filters()))
    explained = {code: list[tuple[float, bool]]() for code in rules.factors}
    for need, ranking in enumerate(_rankings(generation, rules)):
        for patent, _ in ranking[:SHOWN]:
            pairs = factors.pairs(needs, generation.patents.attributes(np.array([patent])))
            for one in pairs.explained(np.array([need]), np.zeros(1, np.int64), {})[0]:
                explained[one.code].append((one.amount, one.reason.endswith("不计分")))
    for code, found in explained.items():
        amounts = np.array([amount for amount, _ in found])
        unknown = np.mean([missing for _, missing in found])
        print(
            f"  {rules.factors[code].label}: counts in {np.mean(amounts != 0):.0%} of rows, "
            f"unknown in {unknown:.0%}, mean {amounts.mean():+.5f}"
        )


def main(arguments: Sequence[str]) -> None:
    """Run the requested part."""
    what, (model, *rest) = arguments[0], list(map(Path, arguments[1:]))
    if what == "demo":
        demonstration(model, rest[0] if rest else None)
    else:
        gaps(model, rest[0], rest[1] if len(rest) > 1 else None)


if __name__ == "__main__":
    main(sys.argv[1:])
