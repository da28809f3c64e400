"""The real exports import without any mapping by hand: counts add up, a second import changes nothing."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from api_tests.ingestion.invented import checked, counts, stir
from catalog.db import Database
from ingestion.identifiers import application_number
from ingestion.identifiers.errors import InvalidCheckDigit, InvalidComponent
from ingestion.importer import import_file

# File -> rows, new, rejected in an empty catalogue.
EXPECTED = {
    "exports/register_export_25_columns.xlsx": (199, 199, 0),
    "exports/cnipr_export_45_columns.xls": (113, 77, 0),
    "exports/commercial_db_export.xlsx": (2, 2, 0),
    "exports/gazette_granted_gbk.csv": (4761, 4295, 43),
    "exports/university_list_no_header.csv": (126, 124, 2),
    "patents_dev.jsonl": (1871, 1870, 0),  # one application with both of its publications
}


@pytest.mark.parametrize("name", EXPECTED)
def test_import_and_import_again(database: Database, realdata: Path, tmp_path: Path, name: str) -> None:
    first = checked(import_file(database, realdata / name, "patents", rejected_dir=tmp_path))
    assert (first.rows, first.new, first.rejected) == EXPECTED[name]
    assert len(first.refusals) == min(first.rejected, 20)
    assert all(refusal.reason and refusal.line for refusal in first.refusals)
    stir(database)
    second = checked(import_file(database, realdata / name, "patents", rejected_dir=tmp_path))
    assert counts(second) == (0, 0, first.rows - first.rejected, first.rejected)


def _corrected(number: str) -> str:
    """What an operator would write after looking the number up: right digit, or two swapped digits put back."""
    compact = application_number.compact(number)
    try:
        return application_number.validate(compact)
    except InvalidCheckDigit as error:
        return compact[:-1] + error.expected
    except InvalidComponent:
        return compact[:4] + compact[5] + compact[4] + compact[6:]


def test_the_corrected_workbook_of_rejected_rows_imports(
    database: Database, realdata: Path, tmp_path: Path
) -> None:
    source = realdata / "exports/university_list_no_header.csv"
    report = import_file(database, source, "patents", rejected_dir=tmp_path)
    assert report.rejected_file is not None
    book = openpyxl.load_workbook(report.rejected_file)
    for cell in (cell for row in book.worksheets[0].iter_rows(min_row=2) for cell in row if cell.comment):
        cell.value = _corrected(str(cell.value))
    book.save(tmp_path / "改正.xlsx")
    again = checked(import_file(database, tmp_path / "改正.xlsx", "patents", rejected_dir=tmp_path))
    assert counts(again) == (2, 0, 0, 0)
