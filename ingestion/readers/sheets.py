"""What every reader delivers: sheets of rows of raw cells, streaming."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ingestion.values.cells import Cell


@dataclass(slots=True)
class Row:
    """One row: where it starts in the file (1-based line, row or item) and its raw cells.

    `problem` is set where the row itself could not be read properly; it is rejected with that reason.
    """

    line: int
    cells: list[Cell]
    problem: str = ""


@dataclass(slots=True)
class Sheet:
    """One table of a file.

    `keys` are the names of the cells where the format has them (JSON); the list may grow while rows are read. It is
    None for tables that carry their names, if any, in a row. `likely_rows` is their number where it can be told ahead.
    """

    name: str
    rows: Iterator[Row]
    keys: list[str] | None = field(default=None)
    likely_rows: int | None = None
