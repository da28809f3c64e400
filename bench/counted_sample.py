"""A sample of the pairs that count as matches, for a second reader (第二读者): needs and patents without score or band, shuffled.

    python -m bench.counted_sample DATA_FOLDER OUT.jsonl [PAIRS]

The pairs are drawn with a fixed seed from those of the bands 高 and 中 of the last night in DATA_FOLDER. A reader grades each line 0, 1
or 2 by evaluation/GUIDELINES.md; OUT.jsonl.key.tsv says afterwards which pair it was.
"""

import json
import random
import sys
from pathlib import Path

from catalog.db import Database, sqlite_url
from catalog.demand import needs
from catalog.demand.needs import full_text
from catalog.runs import matches as night_matches
from catalog.runs.matches import NightSide
from catalog.supply import patents

SEED, PAIRS = 14, 60


def main(data: Path, out: Path, pairs: int) -> None:
    """Write the sample and its key."""
    database = Database(sqlite_url(data / "catalog.db"))
    lines, key = list[str](), ["number\tneed\tpatent\tband"]
    with database.read() as session:
        run = night_matches.last_run(session)
        if run is None or run.id is None:
            raise SystemExit("no night has finished here")
        found = [
            (need, match.id, match.band)
            for need, its in night_matches.every(session, run.id, NightSide.NEED)
            for match in its
            if match.is_match
        ]
        for number, (need_id, patent_id, band) in enumerate(random.Random(SEED).sample(found, pairs), 1):
            need, patent = needs.get(session, need_id), patents.get(session, patent_id)
            its = {
                "number": number,
                "need": full_text(need.title, need.text),
                "patent_title": patent.title,
                "patent_abstract": patent.abstract,
                "grade": None,
            }
            lines.append(json.dumps(its, ensure_ascii=False))
            key.append(f"{number}\t{need.code}\t{patent.application_number}\t{band}")
    out.write_text("\n".join(lines) + "\n", "utf-8")
    out.with_name(f"{out.name}.key.tsv").write_text("\n".join(key) + "\n", "utf-8")
    print(f"{len(lines)} of {len(found)} counted pairs")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else PAIRS)
