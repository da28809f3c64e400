"""Swaps of the generation in use while a real service gets requests without pause.

    python -m bench.swaps [--swaps 20] [--clients 4] [--seed 1]

Three generations of the demonstration catalogue are kept, between which patents and needs were imported. While clients send
`POST /matches` and `GET /patents/{id}/needs` in turn, the one in use is changed again and again; half-way it is rebuilt by
`patentdock reindex` in a process of its own. It must hold that no request fails, that every answer names a generation that was in
use at some moment of its request, and that its hits are those of that generation: the same as in an answer
before or after, while nothing is swapped. The service keeps an overlay of recent changes (`index.live.follower`): for some moments
after a swap it is incomplete. So the answers of each generation are recorded beforehand, as built and with the whole overlay; an
answer between the two must hold hits, with scores, of these alone.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from threading import Event

os.environ.setdefault("OMP_NUM_THREADS", "1")

import httpx

from bench import memory, processes
from bench.nightly_kills import QUESTION, Files, Installation, client_of, labelled_numbers
from bench.packaged_model import packaged_model
from catalog.kit.days import beijing_today
from index.model.encoder import Encoder
from ingestion.imports.importer import import_file

QUESTIONS = (QUESTION, "铸件内部有气孔，想找能在线检测缺陷的办法", "光纤测温主机远端温度不准")
PATENTS = (1, 7, 40)
TOP, DEEP = 20, 80
BETWEEN, SETTLED, PATIENCE = 0.3, 3, 120.0
CALM = 5.0
"""Seconds after a swap within which the service has begun to follow up."""
Hits = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Answer:
    """The answer to one request: the question, the generation, the hits, and when it was sent and answered."""

    question: int
    generation: str
    hits: Hits
    asked_at: float
    answered_at: float


@dataclass
class Load:
    """The answers and failures of all clients, and the times at which generations came into use."""

    answers: list[Answer] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    in_use: list[tuple[float, float, str]] = field(default_factory=list)
    """From before the switch, until after it, the name."""


def _ask(client: httpx.Client, question: int, top: int = TOP) -> Answer:
    """Ask one of the questions: the texts first, then the patents."""
    asked_at = time.monotonic()
    if question < len(QUESTIONS):
        reply = client.post("/api/v1/matches", json={"text": QUESTIONS[question], "top_k": top})
    else:
        patent = PATENTS[question - len(QUESTIONS)]
        reply = client.get(f"/api/v1/patents/{patent}/needs", params={"top_k": top})
    reply.raise_for_status()
    body = reply.json()
    hits = tuple(((item.get("patent") or item["need"])["id"], item["score"]) for item in body["items"])
    return Answer(question, body["generation"], hits, asked_at, time.monotonic())


def _calm(client: httpx.Client, name: str) -> dict[int, set[Hits]]:
    """The long lists of a generation when nothing is swapped: as built, then with its overlay, until they stay the same."""
    known: dict[int, set[Hits]] = defaultdict(set)
    same, start = 0, time.monotonic()
    last: list[Hits] = []
    while same < SETTLED:
        answers = [_ask(client, question, DEEP) for question in range(len(QUESTIONS) + len(PATENTS))]
        if {answer.generation for answer in answers} != {name}:
            raise AssertionError(f"in use is {name}, answered {[answer.generation for answer in answers]}")
        now = [answer.hits for answer in answers]
        for answer in answers:
            known[answer.question].add(answer.hits)
        if time.monotonic() - start > PATIENCE:
            raise AssertionError(f"the answers of {name} do not settle")
        if time.monotonic() - start > CALM:
            same = same + 1 if now == last else 0
            time.sleep(1.0)
        last = now
    return known


def _client_loop(client: httpx.Client, load: Load, stop: Event, seed: int) -> None:
    chance = random.Random(seed)
    while not stop.is_set():
        try:
            load.answers.append(_ask(client, chance.randrange(len(QUESTIONS) + len(PATENTS))))
        except (httpx.HTTPError, KeyError, ValueError) as error:
            load.failures.append(f"{type(error).__name__}: {error}")


def _swap(installation: Installation, load: Load, number: int, chance: random.Random) -> None:
    store = installation.runtime.store
    before = time.monotonic()
    others = [name for name in store.names() if name != store.current_name()]
    name = store.rollback(chance.choice(others)).name
    load.in_use.append((before, time.monotonic(), name))
    print(f"  swap {number}: {name}", flush=True)


def _rebuild(installation: Installation, load: Load) -> str:
    before = time.monotonic()
    processes.run(installation.settings, "reindex")
    name = installation.runtime.store.current_name() or ""
    load.in_use.append((before, time.monotonic(), name))
    print(f"  rebuilt: {name}", flush=True)
    return name


def _was_in_use(load: Load, answer: Answer) -> bool:
    for place, (begun, _, name) in enumerate(load.in_use):
        ended = load.in_use[place + 1][1] if place + 1 < len(load.in_use) else float("inf")
        if name == answer.generation and begun <= answer.answered_at and answer.asked_at <= ended:
            return True
    return False


def _judge(load: Load, known: dict[str, dict[int, set[Hits]]]) -> None:
    if load.failures:
        raise AssertionError(f"{len(load.failures)} requests failed: {Counter(load.failures).most_common(3)}")
    late = [answer for answer in load.answers if not _was_in_use(load, answer)]
    if late:
        raise AssertionError(f"{len(late)} answers from a generation that was not in use: {late[0]}")
    between = [
        a
        for a in load.answers
        if a.hits not in {known_hits[:TOP] for known_hits in known[a.generation][a.question]}
    ]
    wrong = [a for a in between if not set(a.hits) <= set().union(*known[a.generation][a.question])]
    if wrong:
        raise AssertionError(f"{len(wrong)} answers with hits that are not of their generation: {wrong[0]}")
    milliseconds = [(answer.answered_at - answer.asked_at) * 1000 for answer in load.answers]
    by_generation = Counter(answer.generation for answer in load.answers)
    print(f"{len(load.answers)} requests, none failed; median {median(milliseconds):.0f} ms", end="")
    print(f", p95 {quantiles(milliseconds, n=20)[-1]:.0f} ms, longest {max(milliseconds):.0f} ms")
    print(
        f"{len(load.answers) - len(between)} as known beforehand, {len(between)} while the overlay was incomplete"
    )
    print(f"{len(load.in_use) - 1} swaps; answers by generation: {dict(by_generation)}")


def _generations(
    installation: Installation, files: Files, client: httpx.Client
) -> dict[str, dict[int, set[Hits]]]:
    """Make three generations with imports between them, and query each of them undisturbed."""
    known: dict[str, dict[int, set[Hits]]] = {}
    for number in range(3):
        for kind, name, rows in files.round(number) if number else []:
            path = installation.drop(kind, name, rows)
            import_file(
                installation.runtime.database,
                path,
                kind,
                today=beijing_today(),
                rejected_dir=installation.settings.rejected_dir,
            )
            path.unlink()
        processes.run(installation.settings, "reindex")
    for generation in installation.runtime.store.names():
        installation.runtime.store.rollback(generation)
        known[generation] = _calm(client, generation)
    return known


def _under_load(
    installation: Installation, client: httpx.Client, options: argparse.Namespace, load: Load
) -> str:
    """Swap while clients send requests; returns the generation that was built meanwhile."""
    chance, stop, rebuilt = random.Random(options.seed), Event(), ""
    store = installation.runtime.store
    load.in_use.append((0.0, 0.0, store.current_name() or ""))
    with ThreadPoolExecutor(options.clients) as pool:
        clients = [pool.submit(_client_loop, client, load, stop, number) for number in range(options.clients)]
        try:
            for number in range(1, options.swaps + 1):
                if number == (options.swaps + 1) // 2:
                    rebuilt = _rebuild(installation, load)
                else:
                    _swap(installation, load, number, chance)
                time.sleep(chance.uniform(0, 2 * BETWEEN))
        finally:
            stop.set()
        for one in clients:
            one.result()
    return rebuilt


def main() -> None:
    """Prepare, swap under load, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--swaps", type=int, default=20)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    model, precision = packaged_model()
    encoder = Encoder.load(model, precision=precision)
    with tempfile.TemporaryDirectory(prefix="patentdock-swaps-") as folder:
        installation = Installation(Path(folder), encoder, model)
        processes.run(installation.settings, "reindex")
        files, load = Files(options.seed, labelled_numbers(installation)), Load()
        with client_of(installation) as (client, process):
            known = _generations(installation, files, client)
            before = memory.of_process(process)
            rebuilt = _under_load(installation, client, options, load)
            if rebuilt not in installation.runtime.store.names():
                raise AssertionError(f"{rebuilt} is gone")
            installation.runtime.store.rollback(rebuilt)
            known[rebuilt] = _calm(client, rebuilt)
            _judge(load, known)
            after = memory.of_process(process)
        print(
            f"service: {before.resident:.0f} MB resident before ({before.own:.0f} its own), "
            f"{after.resident:.0f} ({after.own:.0f}) after"
        )


if __name__ == "__main__":
    main()
