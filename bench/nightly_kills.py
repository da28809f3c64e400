"""Kills the nightly run at random moments, and checks what it leaves.

    python -m bench.nightly_kills [--kills 50] [--seed 1]

On the demonstration catalogue, with a real service running all the while. Each round drops two files (patents and needs, some
rows new, some changed), starts `patentdock nightly` and kills its whole process group by SIGKILL at a random moment within the
time that an undisturbed run takes. Then it holds that

- the generation in use passes `generations verify`, and the service answers from it: the same hits with the same scores as a
  matcher that has just opened that generation,
- every file dropped so far is waiting or put away, and every row of those put away is in the catalogue.

After the last kill undisturbed runs follow until no file waits. Then the catalogue and the night's matches must be those of a
second installation that imported the same files in the same order and was never killed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from catalog.kit.base import id_of
from catalog.kit.days import beijing_today
from matching.answers.filters import Wanted

os.environ.setdefault("OMP_NUM_THREADS", "1")

import httpx
import numpy as np
from sqlalchemy import MetaData, func, select

import demo
from bench import memory, processes
from bench.packaged_model import packaged_model
from catalog.accounts import keys as access_keys
from catalog.db import Session
from catalog.demand import needs
from catalog.kit.paging import ListQuery
from catalog.runs import matches as night_matches
from catalog.runs import nights as nightly_runs
from catalog.runs.matches import NightSide
from catalog.runs.nights import NightlyRun
from catalog.supply import patent_classes, patents, patents_shown
from index.engine import Filters
from index.generations.documents import patent_text
from index.model.encoder import Encoder
from ingestion.imports.importer import import_file
from matching.answers.matcher import Matcher
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.night.nightly import STAGES

ROWS = 6
"""Rows of a dropped file of patents that are new, and as many that are changed."""
QUESTION = "动力电池低温充电慢，希望零下二十度也能快充"
TOP = 50
RUNS_AT_MOST = 3
_VOLATILE = {
    # What differs between two installations, or describes the runs themselves.
    "alembic_version", "api_keys", "generations", "imports", "imported_rows", "import_states", "nightly_runs", "night_matches",
    "rejected_rows", "screenings",
}  # fmt: skip


class Files:
    """The files that are dropped, round by round, the same for every installation."""

    def __init__(self, seed: int, labelled: set[str]) -> None:
        """Patents are taken of those with `labelled` application numbers."""
        self._chance = random.Random(seed)
        # What has its classes from numbers, not from its neighbours in the index, does not depend on when it was indexed.
        self._patents = [row for row in _lines("patents") if row.get("申请号") in labelled]
        self._needs = [row for row in _lines("needs") if "行业代码" in row]
        self.dropped: list[tuple[str, str, list[dict[str, Any]]]] = []

    def round(self, number: int) -> list[tuple[str, str, list[dict[str, Any]]]]:
        """The next files: kind, name and rows."""
        known = self._chance.sample(self._patents, ROWS)
        changed = [row | {"摘要": f"（第{number}版）{row['摘要']}"} for row in known]
        new = [self._new_patent(number, place) for place in range(ROWS)]
        need = self._chance.choice(self._needs)
        changed_needs = [
            need | {"需求描述": f"（第{number}版）{need['需求描述']}"},
            need | {"需求编号": f"夜-{number:03d}", "需求名称": f"第{number}夜{need['需求名称']}"},
        ]
        files = [
            ("patents", f"{number:03d}.jsonl", [*changed, *new]),
            ("needs", f"{number:03d}.jsonl", changed_needs),
        ]
        self.dropped += files
        return files

    def _new_patent(self, number: int, place: int) -> dict[str, Any]:
        from ingestion.identifiers.application_number import check_digit

        row = self._chance.choice(self._patents)
        body = f"20211{9_000_000 + number * ROWS + place:07d}"
        return row | {
            "申请号": f"{body}.{check_digit(body)}",
            "专利名称": f"第{number}夜{place}号{row['专利名称']}",
        }


def _lines(kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in demo.path(kind).read_text("utf-8").splitlines()]


class Installation:
    """A demonstration installation in a folder of its own."""

    def __init__(self, data: Path, encoder: Encoder, model: Path) -> None:
        self.settings = Settings(data=data, model=str(model), precision=encoder.precision.dtype)
        processes.run(self.settings, "init")
        processes.run(self.settings, "demo", "load")
        self.runtime = Runtime(self.settings, encoder)
        self.inbox = data / "inbox"

    def night(self) -> float:
        """An undisturbed run; returns its seconds."""
        start = time.perf_counter()
        processes.run(self.settings, "nightly")
        return time.perf_counter() - start

    def drop(self, kind: str, name: str, rows: list[dict[str, Any]]) -> Path:
        """Put a file into the drop folder as an upload does: under another name until it is whole."""
        folder = self.inbox / kind
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{name}.part"
        part.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        return part.replace(folder / name)

    def last_run(self) -> NightlyRun | None:
        """The last nightly run of the catalogue."""
        with self.runtime.database.read() as session:
            return next(iter(nightly_runs.page(session, ListQuery(size=1)).rows), None)


def labelled_numbers(installation: Installation) -> set[str]:
    """The application numbers of the patents whose segments do not rest on their text."""
    with installation.runtime.database.read() as session:
        rows = patents_shown.many(
            session, patent_classes.labelled_ids(session), today=beijing_today()
        ).values()
    return {row.application_number for row in rows if row.application_number}


def _hits(answer: Any) -> list[tuple[int, float]]:
    return [(item["patent"]["id"], item["score"]) for item in answer["items"]]


class Checks:
    """The conditions that must hold after every kill."""

    def __init__(self, installation: Installation, files: Files, client: httpx.Client) -> None:
        self._installation, self._files, self._client = installation, files, client
        self.generations: Counter[str] = Counter()

    def all(self) -> None:
        """Raise AssertionError naming what does not hold."""
        self._generation_is_whole()
        self._service_answers_from_it()
        self._nothing_is_lost()

    def _generation_is_whole(self) -> None:
        store = self._installation.runtime.store
        name = store.current_name()
        if name is None:
            raise AssertionError("no generation in use")
        store.verify(name)
        self.generations[name] += 1

    def _service_answers_from_it(self) -> None:
        name = self._installation.runtime.store.current_name()
        self._ask({"text": QUESTION, "top_k": TOP}, name)
        answer = self._ask({"text": QUESTION, "top_k": TOP, "generation": name}, name)
        runtime = self._installation.runtime
        # A store that has opened nothing yet, and so cannot mix.
        fresh = Matcher(runtime.database, type(runtime.store)(runtime.store.root), runtime.encoder)
        expected = fresh.patents_for_text(
            QUESTION, Wanted(TOP, Filters(), beijing_today(), as_of=name)
        ).model_dump(mode="json")
        if _hits(answer) != _hits(expected):
            raise AssertionError(f"the service's hits are not those of {name}")
        patent = answer["items"][0]["patent"]["id"]
        reply = self._client.get(f"/api/v1/patents/{patent}/needs")
        reply.raise_for_status()
        if reply.json()["generation"] != name:
            raise AssertionError(f"needs come from {reply.json()['generation']}, in use is {name}")

    def _ask(self, request: dict[str, Any], name: str | None) -> Any:
        reply = self._client.post("/api/v1/matches", json=request)
        reply.raise_for_status()
        answer = reply.json()
        if answer["generation"] != name or len(answer["items"]) != TOP:
            raise AssertionError(f"{len(answer['items'])} hits of {answer['generation']}, in use is {name}")
        return answer

    def _nothing_is_lost(self) -> None:
        with self._installation.runtime.database.read() as session:
            numbers, codes = (set(names.values()) for names in _names(session))
        for kind, name, rows in self._files.dropped:
            places = [path for path in self._installation.inbox.rglob(name) if path.parent.name == kind]
            if len(places) != 1 or "refused" in str(places[0]):
                raise AssertionError(f"{kind}/{name} lies at {places}")
            if places[0].parent.parent != self._installation.inbox:
                missing = [
                    row
                    for row in rows
                    if row.get("申请号", "") not in numbers and row.get("需求编号") not in codes
                ]
                if missing:
                    raise AssertionError(f"{kind}/{name} is put away, but not imported: {missing[:2]}")


def _stage_hit(before: NightlyRun | None, after: NightlyRun | None) -> str:
    """In which stage a run was when it was killed."""
    mark = [(run.id, run.resumed) if run else None for run in (before, after)]
    if after is None or mark[0] == mark[1]:
        return "start of the process"
    if after.status == "finished":
        return "end of the process"
    done = [stage for stage in STAGES if "seconds" in (after.stages or {}).get(stage, {})]
    return list(STAGES)[len(done)] if len(done) < len(STAGES) else "finish"


def _kill(installation: Installation, seconds: float) -> str:
    """Start a run and kill it after so many seconds; returns the stage that it was in."""
    before = installation.last_run()
    process = processes.start(installation.settings, "nightly")
    try:
        time.sleep(seconds)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode not in (0, -signal.SIGKILL):
        raise AssertionError(f"nightly ended by itself with {process.returncode}: {installation.last_run()}")
    return _stage_hit(before, installation.last_run())


def _names(session: Session) -> tuple[dict[int, str], dict[int, str]]:
    """Numbers of patents and codes of needs by id."""
    rows = session.execute(select(patents.Patent)).scalars()
    need_rows = session.execute(select(needs.Need)).scalars()
    numbers = {id_of(row): row.application_number or "" for row in rows}
    return numbers, {id_of(row): row.code or "" for row in need_rows}


def _counts(installation: Installation) -> dict[str, int]:
    """Rows of every table that holds data."""
    tables = MetaData()
    tables.reflect(installation.runtime.database.engine)
    with installation.runtime.database.read() as session:
        return {
            name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.tables.items()
            if name not in _VOLATILE
        }


def _records(installation: Installation) -> dict[str, Any]:
    """Patents by number and needs by code, without ids and times."""
    with installation.runtime.database.read() as session:
        numbers, codes = _names(session)
        shown = [
            *patents_shown.many(session, list(numbers), today=beijing_today()).values(),
            *needs.many(session, list(codes), beijing_today()).values(),
        ]
        return {
            str(getattr(one, "application_number", None) or getattr(one, "code", "")): _plain(
                one.model_dump(mode="json")
            )
            for one in shown
        }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _plain(part)
            for key, part in value.items()
            if key not in ("id", "screening") and not key.endswith(("_id", "_at"))
        }
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _night(installation: Installation) -> dict[str, list[str]]:
    """The matches of the last night, by need and patent."""
    run = installation.last_run()
    with installation.runtime.database.read() as session:
        numbers, codes = _names(session)
        if run is None or run.id is None:
            raise AssertionError("no run")
        return {
            codes[need]: [numbers[match.id] for match in found]
            for need, found in night_matches.every(session, run.id, NightSide.NEED)
        }


def _compare(killed: Installation, whole: Installation) -> None:
    for name, of in (("rows of tables", _counts), ("records", _records), ("matches of the night", _night)):
        one, other = of(killed), of(whole)
        different = [key for key in one.keys() | other.keys() if one.get(key) != other.get(key)]
        if different:
            shown = {key: (one.get(key), other.get(key)) for key in sorted(different)[:3]}
            raise AssertionError(f"{len(different)} {name} differ: {shown}")
        print(f"  {name}: {len(one)} the same")


def _least_cosine(installation: Installation, encoder: Encoder) -> float:
    """Between the vectors of the patents in use and those of their texts embedded anew. Raises AssertionError below 0.999."""
    generation = installation.runtime.store.current()
    if generation is None:
        raise AssertionError("no generation")
    with installation.runtime.database.read() as session:
        rows = patents_shown.many(
            session, generation.patents.select(Filters()).tolist(), today=beijing_today()
        )
    texts = [patent_text(row.title, row.abstract, row.first_claim) for row in rows.values()]
    vectors = generation.patents.vectors(np.array(list(rows), np.int64))
    least = float(np.vecdot(vectors, encoder.encode_passages(texts)).min())
    if least < 0.999 or len(rows) != len(generation.patents):
        raise AssertionError(f"{len(rows)} of {len(generation.patents)} patents, cosine {least}")
    return least


def _leftovers(data: Path) -> list[str]:
    patterns = (".building-*", ".removed-*", ".current.new", "*.new", "*.part")
    return [str(path.relative_to(data)) for pattern in patterns for path in data.rglob(pattern)]


@contextmanager
def client_of(installation: Installation) -> Iterator[tuple[httpx.Client, int]]:
    """A client of a service on this installation, and the id of the service's process."""
    with installation.runtime.database.write() as session:
        key = access_keys.create(session, "bench")
    with processes.serving(installation.settings) as served:
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=served.address, headers=headers, timeout=120) as client:
            yield client, served.process


def main() -> None:
    """Kill, look, finish, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    model, precision = packaged_model()
    encoder = Encoder.load(model, precision=precision)
    with tempfile.TemporaryDirectory(prefix="patentdock-kills-") as folder:
        killed = Installation(Path(folder) / "killed", encoder, model)
        killed.night()
        files, chance = Files(options.seed, labelled_numbers(killed)), random.Random(options.seed)
        with client_of(killed) as (client, process):
            _kills(killed, files, client, process, chance, options.kills)
        whole = Installation(Path(folder) / "whole", encoder, model)
        whole.night()
        for kind, name, rows in files.dropped:
            path = whole.drop(kind, name, rows)
            import_file(
                whole.runtime.database,
                path,
                kind,
                today=beijing_today(),
                rejected_dir=whole.settings.rejected_dir,
            )
            path.unlink()
        # A text embedded in another batch gets a vector that differs in its last bits (ADR 0009), and near ties change places:
        # what is compared has the vectors of those that were killed, which are compared with new ones.
        shutil.rmtree(whole.settings.data / "embeddings")
        shutil.copytree(killed.settings.data / "embeddings", whole.settings.data / "embeddings")
        # What a night finds counts for the potential of a patent in the next one, and so a little for its score.
        for installation in (killed, whole, whole):
            installation.night()
        print("compared with an installation that was never killed:")
        _compare(killed, whole)
        print(f"  vectors of patents: cosine to new ones at least {_least_cosine(killed, encoder):.5f}")


def _kills(
    installation: Installation,
    files: Files,
    client: httpx.Client,
    process: int,
    chance: random.Random,
    kills: int,
) -> None:
    checks, hit = Checks(installation, files, client), Counter[str]()
    for kind, name, rows in files.round(0):
        installation.drop(kind, name, rows)
    lasts = installation.night()
    checks.all()
    before = memory.of_process(process)
    print(f"an undisturbed run takes {lasts:.1f} s; {kills} kills within it", flush=True)
    for number in range(1, kills + 1):
        for kind, name, rows in files.round(number):
            installation.drop(kind, name, rows)
        stage = _kill(installation, chance.uniform(0, lasts))
        hit[stage] += 1
        checks.all()
        print(f"  {number:3d} killed in: {stage}", flush=True)
    runs = 0
    while runs < RUNS_AT_MOST:
        runs += 1
        installation.night()
        checks.all()
        if not list(installation.inbox.glob("*/*.jsonl")):
            break
    waiting = [str(path) for path in installation.inbox.glob("*/*.jsonl")]
    if waiting or _leftovers(installation.settings.data):
        raise AssertionError(f"left: {waiting} {_leftovers(installation.settings.data)}")
    print("killed in: " + ", ".join(f"{stage} {times}" for stage, times in hit.most_common()))
    print(f"{runs} undisturbed runs afterwards until no file waited; nothing left behind")
    print(
        f"generations that were in use: {len(checks.generations)}; every check held {kills + 1 + runs} times"
    )
    now = memory.of_process(process)
    print(
        f"service: {before.resident:.0f} MB resident ({before.own:.0f} its own) at first, "
        f"{now.resident:.0f} ({now.own:.0f}) at the end"
    )


if __name__ == "__main__":
    main()
