"""The real exports import without any mapping by hand: counts add up, a second import changes nothing."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from api_tests.ingestion.invented import checked, counts
from catalog.db import Database
from catalog.kit.days import beijing_today
from ingestion.columns import mappings
from ingestion.identifiers import application_number, publication_number
from ingestion.identifiers.errors import InvalidCheckDigit, InvalidComponent, InvalidIdentifier
from ingestion.imports.importer import import_file

# File -> rows, new, rejected in an empty catalogue.
EXPECTED = {
    "exports/register_export_25_columns.xlsx": (199, 199, 0),
    "exports/cnipr_export_45_columns.xls": (113, 77, 0),
    "exports/commercial_db_export.xlsx": (2, 2, 0),
    # 19 times a line of the page before it stands under the number: both are refused.
    "exports/gazette_granted_gbk.csv": (4761, 4276, 62),
    "exports/university_list_no_header.csv": (126, 124, 2),
    "patents_dev.jsonl": (1871, 1870, 0),  # one application with both of its publications
}


@pytest.mark.parametrize("name", EXPECTED)
def test_import_and_import_again(database: Database, realdata: Path, tmp_path: Path, name: str) -> None:
    first = checked(
        import_file(database, realdata / name, "patents", today=beijing_today(), rejected_dir=tmp_path)
    )
    assert (first.rows, first.new, first.rejected) == EXPECTED[name]
    assert len(first.refusals) == min(first.rejected, 20)
    assert all(refusal.reason and refusal.line for refusal in first.refusals)
    second = checked(
        import_file(database, realdata / name, "patents", today=beijing_today(), rejected_dir=tmp_path)
    )
    assert counts(second) == (0, 0, first.rows - first.rejected, first.rejected)


def _corrected(value: str, serial: int) -> str | None:
    """The number that an operator would write after looking the number up, None where the cell is not the wrong one.

    An application number gets its right digit, or two swapped digits put back; for a publication number that stands
    against two patents another one is invented.
    """
    try:
        publication_number.validate(value)
        return f"CN1{99_900_000 + serial}B"
    except InvalidIdentifier:
        pass
    compact = application_number.compact(value)
    try:
        application_number.validate(compact, today=beijing_today())
        return None
    except InvalidCheckDigit as error:
        return compact[:-1] + error.expected
    except InvalidComponent:
        return compact[:4] + compact[5] + compact[4] + compact[6:]
    except InvalidIdentifier:
        return None


def _correct(path: Path, target: Path) -> None:
    """Change marked cells alone and save the workbook as it is."""
    book = openpyxl.load_workbook(path)
    rows = (row for sheet in book.worksheets for row in sheet.iter_rows(min_row=2))
    for serial, row in enumerate(rows, start=1):
        marked = [cell for cell in row if cell.comment]
        changes = [(cell, _corrected(str(cell.value), serial)) for cell in marked]
        assert any(value for _, value in changes), [cell.value for cell in marked]
        for cell, value in changes:
            cell.value = value or cell.value
    book.save(target)


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.startswith("exports/")])
def test_the_corrected_workbook_of_rejected_rows_imports(
    database: Database, realdata: Path, tmp_path: Path, name: str
) -> None:
    report = import_file(database, realdata / name, "patents", today=beijing_today(), rejected_dir=tmp_path)
    assert (report.rejected_file is not None) == (report.rejected > 0)
    if report.rejected_file is None:
        return
    _correct(report.rejected_file, tmp_path / "改正.xlsx")
    again = checked(
        import_file(database, tmp_path / "改正.xlsx", "patents", today=beijing_today(), rejected_dir=tmp_path)
    )
    assert counts(again) == (report.rejected, 0, 0, 0)
    unchanged = checked(
        import_file(database, tmp_path / "改正.xlsx", "patents", today=beijing_today(), rejected_dir=tmp_path)
    )
    assert counts(unchanged) == (0, 0, report.rejected, 0)


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.startswith("exports/")])
def test_the_recognised_mapping_saved_by_source_reads_the_file_again(
    database: Database, realdata: Path, tmp_path: Path, name: str
) -> None:
    trial = import_file(
        database, realdata / name, "patents", today=beijing_today(), rejected_dir=tmp_path, dry_run=True
    )
    mappings.save(tmp_path, mappings.from_columns("来源", "patents", trial.columns))
    saved = mappings.load(tmp_path, "来源")
    again = import_file(
        database,
        realdata / name,
        "patents",
        today=beijing_today(),
        rejected_dir=tmp_path,
        dry_run=True,
        mapping=saved,
    )
    assert (counts(again), again.preview) == (counts(trial), trial.preview)
