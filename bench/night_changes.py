"""The report of a night after one added need (夜间变化): on the demonstration data, for needs of the evaluation one a night.

    python -m bench.night_changes MODEL_FOLDER [NIGHTS]

For each night, of the needs that were there before: those with another list of patents than in the night before, the pairs
whose band is another one with how far the share moved, and the needs that are reported as changed.
"""

import json
import random
import sys
import tempfile
from pathlib import Path

import demo
from catalog.demand import needs
from catalog.demand.needs import NeedCreate
from catalog.kit.base import id_of
from catalog.kit.days import beijing_today
from catalog.runs import matches as night_matches
from catalog.runs.matches import NightMatch, NightSide
from index.model.encoder import Encoder
from ingestion.imports.importer import import_file
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise
from service.night import nightly

QUERIES = Path("evaluation/queries.jsonl")
SEED = 14
Lists = dict[int, list[NightMatch]]


def added(count: int) -> list[str]:
    """So many needs of the evaluation that are none of the demonstration data."""
    queries = [json.loads(line) for line in QUERIES.read_text("utf-8").splitlines()]
    texts = [query["text"] for query in queries if query["_id"][0] in "ABC"]
    return random.Random(SEED).sample(texts, count)


def lists_of(runtime: Runtime) -> Lists:
    """The matches of every need in the last night."""
    with runtime.database.read() as session:
        run = night_matches.last_run(session)
        return dict(night_matches.every(session, id_of(run), NightSide.NEED)) if run else {}


def main(model: Path, nights: int) -> None:
    """Print what each night reports."""
    with tempfile.TemporaryDirectory() as work:
        runtime = Runtime(Settings(data=Path(work), model=str(model)), Encoder.load(model))
        initialise(runtime.database)
        for kind in demo.kinds():
            path, today = demo.path(kind), beijing_today()
            import_file(
                runtime.database, path, kind, is_demo=True, rejected_dir=Path(work) / "no", today=today
            )
        for number in range(2):
            compared = nightly.run(runtime).stages["compare"]
            print(f"night {number + 1} without a change: {compared}")
        before = lists_of(runtime)
        totals = {"needs with another list": 0, "pairs of another band": 0, "needs reported": 0}
        for text in added(nights):
            with runtime.database.write() as session:
                new = id_of(needs.create(session, NeedCreate(title=text[:20], text=text)))
            compared = nightly.run(runtime).stages["compare"]
            after = lists_of(runtime)
            other = [need for need in before if [m.id for m in before[need]] != [m.id for m in after[need]]]
            moved = _moved(before, after)
            own = sum(match.is_match for match in after[new])
            reported = compared["needs_changed"] - (own > 0)
            for name, count in zip(totals, (len(other), len(moved), reported), strict=True):
                totals[name] += count
            print(
                f"{len(before)} needs before: {len(other)} with another list, pairs of another band {moved}, {reported} reported; "
                f"the new need has {own} matches, {compared['matches_new']} new ones are reported",
                flush=True,
            )
            before = after
        print({name: total / nights for name, total in totals.items()}, "a night")
        runtime.close()


def _moved(before: Lists, after: Lists) -> list[tuple[int, str, float]]:
    """The pairs of needs that were there before whose band is another one: need, both bands, how far the share moved."""
    moved = []
    for need, its in before.items():
        old, new = ({match.id: match for match in matches} for matches in (its, after[need]))
        for patent in sorted(old.keys() & new.keys()):
            one, other = old[patent], new[patent]
            if one.band is not other.band:
                moved.append(
                    (need, f"{one.band} {other.band}", round((other.share or 0) - (one.share or 0), 3))
                )
    return moved


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20)
