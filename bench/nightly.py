"""The nightly run with one record in a hundred changed, against the first build of everything.

    python -m bench.nightly [--patents 135000] [--needs 20000] [--changed 0.01] [--whole] [--seed 1] [--keep FOLDER]

Register and needs are invented (bench/import_speed.py), with sentences put together from clauses of the demonstration records
(and of the real patents where PATENTDOCK_REALDATA names them), so that nearly every sentence is another one, as in a real register.
The first night imports and builds all of it. Its vectors are given: means of the clauses' real vectors with a little noise. What
the model would have taken is computed from its rate on a sample of the same texts, and is marked as computed in the table. Then
one record in a hundred is changed and dropped into the inbox, alone or (--whole) within the whole register exported anew,
and `patentdock nightly` runs as a process of its own with the real model: all of that is measured.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

import demo
from bench import import_speed, memory, processes
from bench.packaged_model import packaged_model
from bench.search import _texts
from catalog.accounts import keys as access_keys
from catalog.kit.days import beijing_today
from catalog.kit.paging import ListQuery
from catalog.runs import nights as nightly_runs
from catalog.runs.nights import NightlyRunPublic
from index.model.encoder import Encoder
from index.text import sentences
from ingestion.imports.importer import import_file
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise
from service.night import nightly

PATENT_HEADER = [*import_speed.HEADER, "授权公告日", "法律状态"]
NEED_HEADER = ["需求编号", "需求名称", "需求描述"]
ABSTRACT, DESCRIPTION = 2, 2
SENTENCES, SAMPLE = 5, 1000
FIGURES, KEY = "first_night.json", "key"
_CLAUSE_END = re.compile(r"[，。；！？,;!?\n]+")
_SHORTEST, _LONGEST = 5, 40

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]


class Pool:
    """Clauses of one side; sentences are put together from them."""

    def __init__(self, texts: Sequence[str]) -> None:
        parts = {part.strip() for text in texts for part in _CLAUSE_END.split(text)}
        self.clauses = sorted(part for part in parts if _SHORTEST <= len(part) <= _LONGEST)

    def text(self, chance: random.Random, number: int) -> str:
        """So many sentences of two or three clauses each."""
        return "".join(
            "，".join(chance.choices(self.clauses, k=chance.choice((2, 3)))) + "。" for _ in range(number)
        )


class GivenVectors:
    """A substitute for the model in the first night: vectors are means of the clauses' vectors, with a little noise.

    Counts the texts and the time that it takes itself, which is no part of the build.
    """

    def __init__(self, encoder: Encoder, patents: Pool, needs: Pool) -> None:
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dimensions, self.precision = encoder.dimensions, encoder.precision
        self._passages = self._known(patents, encoder.encode_passages)
        self._queries = self._known(needs, encoder.encode_queries)
        self._noise = np.random.default_rng(1)
        self.seconds, self.passages, self.queries = 0.0, 0, 0

    @staticmethod
    def _known(pool: Pool, encode: Encode) -> dict[str, Vectors]:
        return dict(zip(pool.clauses, encode(pool.clauses), strict=True))

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors (n, dimensions)."""
        self.passages += len(texts)
        return self._mixed(texts, self._passages)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors (n, dimensions)."""
        self.queries += len(texts)
        return self._mixed(texts, self._queries)

    def _mixed(self, texts: Sequence[str], known: dict[str, Vectors]) -> Vectors:
        start = time.perf_counter()
        vectors = self._noise.standard_normal((len(texts), self.dimensions), np.float32)
        vectors *= np.float32(0.2 / self.dimensions**0.5)
        for row, text in enumerate(texts):
            parts = [known[part] for part in _CLAUSE_END.split(text) if part in known]
            # The mean of a long text's clauses would be nearly the same for all texts.
            vectors[row] += np.mean(parts[:3], axis=0) if parts else 0
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        self.seconds += time.perf_counter() - start
        return vectors


@dataclass
class FirstNight:
    """Seconds of each stage without the model, seconds of the model computed from a sample, and what was done."""

    stages: dict[str, float]
    passages: int
    queries: int
    sample: str
    embedding: float
    peak_mb: int
    patents: int
    needs: int
    nights: int = field(default=0)


@dataclass(frozen=True)
class Night:
    """A night that ran in a process of its own: what it noted, its seconds by the clock, and its peak memory in MB."""

    run: NightlyRunPublic
    seconds: float
    peak_mb: int


def _pools() -> tuple[Pool, Pool]:
    patents, needs = _texts()
    return Pool(patents), Pool(needs)


def _patents(count: int, seed: int, pool: Pool) -> Iterator[list[str]]:
    chance = random.Random(seed)
    for row in import_speed.rows(count, seed):
        year = int(row[7][:4])
        yield [
            *row[:ABSTRACT],
            pool.text(chance, SENTENCES),
            *row[ABSTRACT + 1 :],
            f"{max(year, 2012) + 2}-06-01",
            "有效",
        ]


def _needs(count: int, seed: int, pool: Pool) -> Iterator[list[str]]:
    chance = random.Random(seed)
    for number in range(count):
        yield [f"N{number:06d}", f"求{chance.choice(pool.clauses)}", pool.text(chance, 3)]


def _write(path: Path, rows: Iterator[list[str]], header: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


def _first_night(
    settings: Settings, encoder: Encoder, pools: tuple[Pool, Pool], options: argparse.Namespace
) -> FirstNight:
    given = GivenVectors(encoder, *pools)
    runtime = Runtime(settings, cast(Encoder, given))
    initialise(runtime.database)
    for kind in ("enterprises", "needs"):
        import_file(
            runtime.database,
            demo.path(kind),
            kind,
            is_demo=True,
            today=beijing_today(),
            rejected_dir=settings.rejected_dir,
        )
    with runtime.database.write() as session:
        (settings.data / KEY).write_text(access_keys.create(session, "bench"))
    inbox = settings.data / "inbox"
    _write(
        inbox / "patents" / "register.csv",
        _patents(options.patents, options.seed, pools[0]),
        PATENT_HEADER,
    )
    _write(inbox / "needs" / "needs.csv", _needs(options.needs, options.seed, pools[1]), NEED_HEADER)
    run = nightly.run(runtime)
    stages = _seconds(run.stages)
    stages["reindex"] -= given.seconds
    sample, embedding = _embedding(settings, encoder, given)
    runtime.close()
    match = run.stages["match"]
    if match["patents_possible"] < options.patents / 2:
        raise AssertionError(f"few patents in force: {match}")
    return FirstNight(
        stages,
        given.passages,
        given.queries,
        sample,
        embedding,
        round(memory.of_process().peak),
        run.stages["reindex"]["patents"],
        run.stages["reindex"]["needs"],
    )


def _seconds(stages: dict[str, Any]) -> dict[str, float]:
    return {stage: float(stages[stage]["seconds"]) for stage in nightly.STAGES}


def _embedding(settings: Settings, encoder: Encoder, given: GivenVectors) -> tuple[str, float]:
    """The model's rates on a sample of the register, in words, and the seconds for all texts by them."""
    (register,) = (settings.data / "inbox" / "imported").rglob("register.csv")
    (register_of_needs,) = (settings.data / "inbox" / "imported").rglob("needs.csv")
    texts = [f"{row[1]}\n{row[ABSTRACT]}" for row in _sample(register)]
    parts = [sentence.text for text in texts for sentence in sentences(text)][: 3 * SAMPLE]
    queries = [f"{row[1]}\n{row[DESCRIPTION]}" for row in _sample(register_of_needs)]
    rates = [
        _rate(encode, sample)
        for encode, sample in (
            (encoder.encode_passages, texts),
            (encoder.encode_passages, parts),
            (encoder.encode_queries, queries),
        )
    ]
    patents = _count(register)
    seconds = patents / rates[0] + (given.passages - patents) / rates[1] + given.queries / rates[2]
    tokens = np.mean(encoder.count_tokens(texts))
    return (
        f"{rates[0]:.0f} patents/s of {tokens:.0f} tokens, {rates[1]:.0f} sentences/s, {rates[2]:.0f} needs/s",
        seconds,
    )


def _sample(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    return random.Random(1).sample(rows, min(SAMPLE, len(rows)))


def _count(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as stream:
        return sum(1 for _ in csv.reader(stream)) - 1


def _rate(encode: Encode, texts: Sequence[str]) -> float:
    encode(texts[:64])
    start = time.perf_counter()
    encode(texts)
    return len(texts) / (time.perf_counter() - start)


def _drop_changed(
    settings: Settings, first: FirstNight, pools: tuple[Pool, Pool], share: float, whole: bool
) -> int:
    """Put changed records into the drop folder; returns how many patents are changed."""
    chance = random.Random(1000 + first.nights)
    changed = 0
    for kind, name, header, place, pool in (
        ("patents", "register.csv", PATENT_HEADER, ABSTRACT, pools[0]),
        ("needs", "needs.csv", NEED_HEADER, DESCRIPTION, pools[1]),
    ):
        (source,) = (settings.data / "inbox" / "imported").rglob(name)
        with source.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))[1:]
        chosen = set(chance.sample(range(len(rows)), max(1, round(share * len(rows)))))
        if kind == "needs":
            # New ones, too: their classes come from the text.
            chosen |= {len(rows)}
            rows.append([f"新{first.nights:04d}", f"求{chance.choice(pool.clauses)}", pool.text(chance, 3)])
        for at in chosen:
            # One sentence is replaced: the others keep their vectors.
            rest = rows[at][place].split("。", 1)[1]
            rows[at][place] = pool.text(chance, 1) + rest
        written = rows if whole else [row for at, row in enumerate(rows) if at in chosen]
        _write(settings.data / "inbox" / kind / f"changed-{first.nights}.csv", iter(written), header)
        changed = changed or len(chosen)
    return changed


def _next_night(settings: Settings, encoder: Encoder) -> Night:
    """Run the night in a process of its own."""
    own = settings.model_copy(update={"precision": encoder.precision.dtype})
    start, peak = time.perf_counter(), 0
    process = processes.start(own, "nightly")
    while process.poll() is None:
        peak = max(peak, round(memory.of_process(process.pid).peak))
        time.sleep(0.05)
    if process.returncode != 0:
        raise AssertionError(f"nightly: {process.returncode}")
    wall = time.perf_counter() - start
    runtime = Runtime(settings)
    with runtime.database.read() as session:
        run = next(map(nightly_runs.public, nightly_runs.page(session, ListQuery(size=1)).rows))
    runtime.close()
    return Night(run, wall, peak)


def _print(first: FirstNight, night: Night) -> None:
    run, wall = night.run, night.seconds
    now = _seconds(run.stages)
    print(f"\n{first.patents} patents, {first.needs} needs; {first.sample}")
    print(f"{'stage':44}{'first night s':>14}{'this night s':>14}")
    for stage, seconds in first.stages.items():
        print(f"{stage:44}{seconds:14.1f}{now[stage]:14.1f}")
    print(
        f"{f'model: {first.passages} passages, {first.queries} needs, COMPUTED':44}{first.embedding:14.0f}"
        f"{'measured':>14}"
    )
    build = first.stages["import"] + first.stages["reindex"] + first.embedding
    whole = sum(first.stages.values()) + first.embedding
    print(f"{'whole process, loading of libraries included':44}{'':14}{wall:14.1f}")
    print(f"peak memory: first night {first.peak_mb} MB (with this script), this night {night.peak_mb} MB")
    index = run.stages["reindex"]
    print(f"this night: {index['embedded']} texts embedded, {index['reused']} known")
    print(f"full build (import, reindex and model) {build:.0f} s, of which {first.embedding:.0f} s computed")
    print(f"this night / full build: {wall / build:.2%}; / first night whole: {wall / whole:.2%}")
    reindex = first.stages["reindex"] + first.embedding
    print(f"reindex stage alone / reindex of the full build: {now['reindex'] / reindex:.2%}")


def main() -> None:
    """Prepare, change, run the night, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patents", type=int, default=135_000)
    parser.add_argument("--needs", type=int, default=20_000)
    parser.add_argument("--changed", type=float, default=0.01)
    parser.add_argument("--whole", action="store_true", help="drop the whole register, exported anew")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the data, used again when it is filled")
    options = parser.parse_args()
    model, precision = packaged_model()
    encoder = Encoder.load(model, precision=precision)
    pools = _pools()
    with tempfile.TemporaryDirectory(prefix="patentdock-bench-") as work:
        settings = Settings(data=(options.keep or Path(work)).resolve(), model=str(model))
        settings.data.mkdir(parents=True, exist_ok=True)
        figures = settings.data / FIGURES
        if figures.exists():
            first = FirstNight(**json.loads(figures.read_text()))
        else:
            first = _first_night(settings, encoder, pools, options)
        first.nights += 1
        figures.write_text(json.dumps(asdict(first)))
        changed = _drop_changed(settings, first, pools, options.changed, options.whole)
        print(f"{changed} patents changed", flush=True)
        _print(first, _next_night(settings, encoder))


if __name__ == "__main__":
    main()
