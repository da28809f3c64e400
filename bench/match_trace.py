"""The travel of one match request: the modules and rooms it enters, and how often it passes between packages.

    python -m bench.match_trace [--data FOLDER] [--top-k 5] [--repeats 9] [--pairs 20]

The request is `POST /api/v1/matches` with the example of the interface's document and a region as its filter, in process and
warm, over the demonstration data (or the installation in FOLDER). What is counted of the packages of the project:

- a module is entered when a function, method, comprehension or resumed generator of its file begins to run; a room is the folder
  that a module lies in;
- these beginnings are put in one row, in the order of time and over all threads. A crossing is a place in the row where the
  top-level package changes. It goes back up where the second package lies in a higher layer than the first, of
  service > matching, ingestion > index, assessment > catalog. So a visit to a lower package, however many functions run there,
  counts once down and once up, when the caller's package goes on with another function;
- a call into another package is a beginning whose caller's frame, the very next one, lies in another package; generators that
  are resumed count too.

One search runs in a thread beside the others, so the row is not the same each time: the request is repeated and the repeat in the
middle is shown, with the least and the most.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

from fastapi.testclient import TestClient

from bench import processes
from bench.packaged_model import packaged_model
from service.app import create_app
from service.installation.runtime import Runtime
from service.installation.settings import Settings

LAYERS = {"service": 3, "matching": 2, "ingestion": 2, "index": 1, "assessment": 1, "catalog": 0}
TEXT = "动力电池在低温下充电慢，希望在零下二十度也能快速充电而不析锂"
FILTERS = {"region": ["湖北省"]}
WARM_UP = 3
KEY = "bench.match_trace"

Pair = tuple[str, str]


class Entry(NamedTuple):
    """A function that begins to run: its module, and the one of the frame that called it where that is the project's."""

    module: str
    caller: str | None


class Travel(NamedTuple):
    """The modules that one request entered, and its passages from one package to another."""

    modules: frozenset[str]
    crossings: Counter[Pair]
    calls: Counter[Pair]

    @property
    def rooms(self) -> frozenset[str]:
        """The folders of the modules."""
        return frozenset(module.rpartition(".")[0] for module in self.modules)


def package(module: str) -> str:
    """The top-level package of a module."""
    return module.partition(".")[0]


def is_up(pair: Pair) -> bool:
    """Whether a passage from the first module to the second leads to a higher layer."""
    return LAYERS[package(pair[0])] < LAYERS[package(pair[1])]


def _folders() -> dict[str, Path]:
    specs = {name: find_spec(name) for name in LAYERS}
    return {name: Path(spec.origin).parent for name, spec in specs.items() if spec and spec.origin}


class Tracer:
    """Notes what is entered while it records, in all threads that start after it."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._is_on = False
        self._module = _module_finder(_folders())
        threading.setprofile(self._note)
        sys.setprofile(self._note)

    @contextmanager
    def noting(self) -> Iterator[list[Entry]]:
        """The entries from here to the end, in the order of time."""
        self.entries = []
        self._is_on = True
        try:
            yield self.entries
        finally:
            self._is_on = False

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        if not self._is_on or event != "call":
            return
        module = self._module(frame.f_code.co_filename)
        if module is not None:
            caller = frame.f_back
            self.entries.append(Entry(module, self._module(caller.f_code.co_filename) if caller else None))


def _module_finder(folders: dict[str, Path]) -> Callable[[str], str | None]:
    @cache
    def find(file: str) -> str | None:
        path = Path(file)
        for name, folder in folders.items():
            if path.is_relative_to(folder):
                return ".".join((name, *path.relative_to(folder).with_suffix("").parts))
        return None

    return find


def travel_of(entries: list[Entry]) -> Travel:
    """The travel that the entries describe."""
    steps = pairwise(entry.module for entry in entries)
    calls = ((entry.caller, entry.module) for entry in entries if entry.caller is not None)
    return Travel(
        frozenset(entry.module for entry in entries),
        Counter(step for step in steps if package(step[0]) != package(step[1])),
        Counter(call for call in calls if package(call[0]) != package(call[1])),
    )


def _up(pairs: Counter[Pair]) -> int:
    return sum(count for pair, count in pairs.items() if is_up(pair))


def _print(travels: list[Travel], pairs: int) -> None:
    travels = sorted(travels, key=lambda travel: travel.crossings.total())
    travel = travels[len(travels) // 2]
    least, most = (travels[end].crossings.total() for end in (0, -1))
    print(f"modules entered              {len(travel.modules):5}")
    print(f"rooms entered                {len(travel.rooms):5}   {', '.join(sorted(travel.rooms))}")
    print(
        f"crossings between packages   {travel.crossings.total():5}   ({least} to {most} in {len(travels)} repeats)"
    )
    print(f"  of them back up            {_up(travel.crossings):5}")
    print(f"calls into another package   {travel.calls.total():5}")
    print(f"  of them up                 {_up(travel.calls):5}")
    print(f"\n{'from':44}{'to':44}{'crossings':>9}")
    for pair, count in travel.crossings.most_common(pairs):
        print(f"{pair[0]:44}{pair[1]:44}{count:9}{'  up' if is_up(pair) else ''}")


def _fill(settings: Settings) -> None:
    for words in (["init"], ["demo", "load"], ["reindex"]):
        processes.run(settings, *words)


@contextmanager
def _key(settings: Settings) -> Iterator[str]:
    name = f"{KEY} {os.getpid()}"
    yield processes.run(settings, "keys", "create", name).split()[-1]
    processes.run(settings, "keys", "revoke", name)


def measure(settings: Settings, top_k: int, repeats: int) -> list[Travel]:
    """The travel of each request, once everything is loaded."""
    tracer, body = Tracer(), {"text": TEXT, "top_k": top_k, "filters": FILTERS}
    with _key(settings) as key, TestClient(create_app(Runtime(settings))) as client:

        def ask() -> None:
            answer = client.post("/api/v1/matches", json=body, headers={"Authorization": f"Bearer {key}"})
            answer.raise_for_status()
            if len(answer.json()["items"]) != top_k:
                raise AssertionError("fewer matches than asked for")

        for _ in range(WARM_UP):
            ask()
        travels = []
        for _ in range(repeats):
            with tracer.noting() as entries:
                ask()
            travels.append(travel_of(entries))
    return travels


def main() -> None:
    """Prepare, send the request, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="an installation with an index, instead of a new one")
    parser.add_argument("--top-k", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--pairs", type=int, default=20, help="pairs of modules that are printed")
    options = parser.parse_args()
    model, _ = packaged_model()
    with tempfile.TemporaryDirectory(prefix="patentdock-bench-") as work:
        settings = Settings(
            data=(options.data or Path(work)).resolve(),
            model=str(model),
            precision="float32",
            threads=1,
            follow_seconds=0,
        )
        if options.data is None:
            _fill(settings)
        _print(measure(settings, options.top_k, options.repeats), options.pairs)


if __name__ == "__main__":
    main()
