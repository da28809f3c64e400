"""The cost of recent changes: a request over a generation with an overlay of more and more records, and how long it
takes from a commit until new patents are found.

    python -m bench.recent [--patents 135000] [--seed 1]

The collection is that of bench/search.py, with the sentences of each patent as vectors, too. Half of the records of the overlay
are new, half have another text, so that a row of the generation is gone. The peer is the generation alone, in the same rounds.
The second part imports new patents into a small catalogue with the real model and follows it as the service does, but for
the wait between two looks. One thread.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from bench import memory
from bench.packaged_model import packaged_model
from bench.search import (
    Source,
    Vectors,
    _documents,
    _mixed_vectors,
    _race,
    _show,
    _source,
)
from catalog.db import Database, sqlite_url
from catalog.kit.days import beijing_today
from catalog.registers import patents as patent_register
from catalog.supply.patents import PatentCreate
from index.engine import AskingNeed, Filters
from index.generations.build import reindex
from index.generations.collection import Collection, sentences_of
from index.generations.generation import GenerationStore
from index.generations.sides import PatentSide, patent_side
from index.live.follower import Follower
from index.live.overlay import Embedded, Recent, overlaid
from index.model.encoder import Encoder
from index.text import sentences, tokens
from index.vectors.sentences import SentenceIndex
from matching.retrieval.retrieve import asking_need, retrieve
from service.installation.setup import initialise

COUNTS = (0, 1000, 5000)
NEW = (1, 100, 1000)
BASE_OF_FOLLOWING = 40


def _build(folder: Path, source: Source, count: int, seed: int) -> Collection:
    vectors = _mixed_vectors(source, count, np.random.default_rng(seed))

    def of_sentences(texts: Sequence[str]) -> Iterator[Vectors]:
        rng = np.random.default_rng(seed + 1)
        for at in range(0, len(texts), 65_536):
            yield _mixed_vectors(source, min(65_536, len(texts) - at), rng)

    start = time.perf_counter()
    documents = _documents(source, count, seed)
    collection = Collection.build(folder, documents, vectors.shape[1], lambda _: [vectors], of_sentences)
    print(f"{count} patents built with vectors given in {time.perf_counter() - start:.0f} s")
    return collection


def _recent(source: Source, count: int, patents: int, seed: int) -> list[Recent]:
    """Records with new texts: every second one new, the others in place of one in the generation."""
    rng = np.random.default_rng(seed)
    vectors = _mixed_vectors(source, max(count, 1), rng)
    records = []
    for n, document in enumerate(_documents(source, count, seed)):
        id_ = patents + 1 + n if n % 2 else 1 + n * (patents // max(count, 1))
        parts = sentences_of(document.text)
        quoted = SentenceIndex.of(_mixed_vectors(source, len(parts), rng), [len(parts)])
        records.append(Recent(id_, document.columns, Embedded.of(tokens(document.text), vectors[n], quoted)))
    return records


def _requests(base: PatentSide, lives: dict[int, PatentSide], source: Source) -> None:
    needs = [
        asking_need(text, vector, np.zeros_like(vector), 0)
        for text, vector in zip(source.needs, source.need_vectors, strict=True)
    ]
    wanted = {"all": Filters(), "1 %": Filters(segment=["S1"]), "half": Filters(kind=["invention"])}
    print(f"\n{'median, p95 in ms, and by the generation':36}{'median':>10}{'p95':>10}{'ratio':>8}")
    for name, filters in wanted.items():
        calls: dict[str, Callable[[int], object]] = {}
        for label, one in {
            "the generation": base,
            **{f"{n} recent": live for n, live in lives.items()},
        }.items():

            def call(at: int, one: PatentSide = one, filters: Filters = filters) -> object:
                return retrieve(one, needs[at], filters, 60)

            calls[f"{name}: {label}"] = call
        _show(_race(calls, min(len(needs), 60)))


def _view(base: PatentSide, recent: Sequence[Recent]) -> PatentSide:
    start = time.perf_counter()
    live = overlaid(base, recent)
    seconds = time.perf_counter() - start
    live.attributes(live.select(Filters())[:1])
    print(
        f"{len(recent)} records laid over it in {seconds * 1000:.0f} ms, columns row by row after "
        f"{(time.perf_counter() - start) * 1000:.0f} ms ({len(live)} patents); "
        f"tail {_bytes(live) / 2**20:.0f} MB, as much again for its records"
    )
    return live


def _bytes(live: PatentSide) -> int:
    """The size of the arrays of the tail."""
    tail = live.parts[-1]
    words, sentences_ = tail.lexical, tail.sentences
    arrays = [tail.vectors.vectors, words.keys, words.offsets, words.rows, words.weights]
    arrays += [sentences_.codes, sentences_.scales, sentences_.starts]
    return 0 if tail.is_settled else sum(array.nbytes for array in arrays)


def _exact(live: PatentSide, source: Source) -> None:
    """Whether the dense leg returns what brute force in double precision over all documents does."""
    ids = live.select(Filters())
    vectors = live.vectors(ids).astype(np.float64)
    same = 0
    for query in source.need_vectors[:8]:
        scores = (vectors @ query.astype(np.float64)).astype(np.float32)
        best = ids[np.lexsort((ids, -scores))[:200]]
        found = live.candidates(AskingNeed(query, []), Filters(), 200)
        same += np.array_equal(best, found.ids[np.argsort(found.dense_rank)])
    print(f"dense answers equal to brute force: {same} of 8")


def _patents(source: Source, seed: int) -> Iterator[PatentCreate]:
    for n, document in enumerate(_documents(source, 10_000, seed)):
        parts = [sentence.text for sentence in sentences(document.text)]
        yield PatentCreate(title=f"第{n}件：{parts[0][:60]}", abstract="\n".join(parts[1:])[:4000])


def _following(folder: Path, source: Source, seed: int) -> None:
    model, precision = packaged_model()
    encoder = Encoder.load(model, threads=1, precision=precision)
    database = Database(sqlite_url(folder / "catalog.db"))
    initialise(database)
    given = _patents(source, seed)
    _store(database, list(islice(given, BASE_OF_FOLLOWING)))
    reindex(database, folder, encoder, today=beijing_today())
    follower = Follower(database, GenerationStore(folder / "generations"), encoder)
    follower.catch_up()
    for count in NEW:
        added = list(islice(given, count))
        texts = sum(1 + len(sentences_of(f"{one.title}\n{one.abstract}")) for one in added)
        _store(database, added)
        start, turns = time.perf_counter(), 1
        while follower.catch_up().waiting:
            turns += 1
        seconds = time.perf_counter() - start
        print(
            f"{count} new patents ({texts} texts) found {seconds:.2f} s after the commit, in {turns} turns, "
            f"{texts / seconds:.0f} texts/s; peak memory {memory.of_process().peak:.0f} MB"
        )
        start = time.perf_counter()
        follower.catch_up()
        print(
            f"  a look at nothing new, {follower.state.recent} recent: {(time.perf_counter() - start) * 1000:.1f} ms"
        )


def _store(database: Database, some: list[PatentCreate]) -> None:
    with database.write() as session:
        patent_register.upsert(session, some)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--patents", type=int, default=135_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    source = _source()
    with tempfile.TemporaryDirectory() as folder:
        base = patent_side(_build(Path(folder) / "patents", source, wanted.patents, wanted.seed))
        lives = {
            count: _view(base, _recent(source, count, wanted.patents, wanted.seed + count))
            for count in COUNTS
        }
        _exact(lives[COUNTS[-1]], source)
        _requests(base, lives, source)
    with tempfile.TemporaryDirectory() as folder:
        _following(Path(folder), source, wanted.seed)


if __name__ == "__main__":
    main()
