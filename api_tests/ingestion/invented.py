"""Invented numbers and what tests ask of a report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from catalog.reference.places import shipped
from ingestion.identifiers.application_number import check_digit
from ingestion.imports.importer import ImportReport
from ingestion.records.fields import Circumstances

Import = Callable[..., ImportReport]

TODAY = date(2026, 1, 1)
GIVEN = Circumstances(TODAY, shipped())


def number(serial: int, kind: int = 1, year: int = 2019) -> str:
    """An application number of the demonstration range with its check digit."""
    body = f"{year}{kind}{9_900_000 + serial:07d}"
    return f"{body}.{check_digit(body)}"


def checked(report: ImportReport) -> ImportReport:
    """The report, its counts checked."""
    done = report.new + report.changed + report.unchanged
    assert report.rows == done + report.rejected + report.waiting
    for column in report.columns:
        assert column.filled == column.read + column.remarked + column.unread
        assert min(column.read, column.remarked, column.unread - column.rejected, column.rejected) >= 0
        assert len(column.examples) == min(column.unread, 3)
    return report


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    """New, changed, unchanged, rejected."""
    return report.new, report.changed, report.unchanged, report.rejected
