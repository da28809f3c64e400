"""Pairs that count as matches on the demonstration data, graded by a second reader who saw neither score nor band."""

import csv
import re
from pathlib import Path

from catalog.kit.terms import Band

ROOT = Path(__file__).resolve().parents[3]


def test_four_of_five_counted_pairs_help_and_the_document_says_how_many() -> None:
    with (ROOT / "evaluation" / "counted_pairs.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == len({(row["need"], row["application-number"]) for row in rows}) == 60
    assert all(Band(row["band"]).is_match for row in rows)
    helping = sum(int(row["grade"]) > 0 for row in rows)
    assert helping >= 48
    text = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    assert re.search(rf"grade 1 or 2: {helping} of 60\b", text)
