"""The output of every reader: sheets of rows of raw cells, streaming, and which cells are merged (合并单元格)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ingestion.values.cells import Cell

WIDEST_BLOCK = 1000
"""Columns, counted from the first of a row, in which blocks over several rows are followed."""


ERRORS = frozenset(["#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#N/A", "#SPILL!", "#CALC!"])
"""What a spreadsheet shows in place of a value that it cannot calculate."""


def may_hold_errors(text: str) -> bool:
    """Whether some cell of a text may be an error."""
    return "#" in text and any(error in text for error in ERRORS)


class Block(NamedTuple):
    """The value of a merged block, and the line on which it begins."""

    line: int
    value: Cell


@dataclass(slots=True)
class Row:
    """One row: where it starts in the file (1-based line, row or item) and its raw cells.

    `problem` is set where the row itself could not be read properly; it is rejected with that reason. `above` are the
    merged blocks that reach down into the row, by the first of their columns, where its own cells are empty. `replaced`
    means that the file itself holds U+FFFD in the place of characters that were lost before, `has_errors` that a formula
    gave an error in place of a value. `across` is the width of a merged block within the row, 0 for none.
    """

    line: int
    cells: list[Cell]
    problem: str = ""
    above: Mapping[int, Block] | None = None
    hidden: bool = False
    replaced: bool = False
    has_errors: bool = False
    across: int = 0


@dataclass(slots=True, eq=False)
class Sheet:
    """One table of a file.

    `keys` are the names of the cells where the format has them (JSON); the list may grow while rows are read. It is
    None for tables that carry their names, if any, in a row. `likely_rows` is their number where it can be told ahead.
    `hidden` and `hidden_columns` (0-based) are complete when all rows are read. Numbers that mean days count from
    1904-01-01 in a sheet `from_1904`, from 1899-12-30 in any other. `remarks` are on what the file could not tell.
    """

    name: str
    rows: Iterator[Row]
    keys: list[str] | None = field(default=None)
    likely_rows: int | None = None
    hidden: bool = False
    hidden_columns: Collection[int] = ()
    from_1904: bool = False
    remarks: list[str] = field(default_factory=list)


class _Span(NamedTuple):
    first: int
    until: float
    block: Block


class Spans:
    """The blocks over several rows that reach down into the row at hand, while a table is read from top to bottom."""

    def __init__(self) -> None:
        self._columns: dict[int, _Span] = {}
        self.above: Mapping[int, Block] | None = None

    def start_row(self, line: int) -> None:
        """Leave the blocks that ended above `line`."""
        if self._columns:
            self._columns = {column: span for column, span in self._columns.items() if span.until >= line}
        tops = {column: span.block for column, span in self._columns.items() if span.first == column}
        self.above = tops or None

    def free(self, column: int) -> int:
        """The first column from `column` on that no block from above takes."""
        while column in self._columns:
            column += 1
        return column

    def begin(self, first: int, width: int, until: float, block: Block) -> None:
        """Follow a block of `width` columns from `first` on, down to the line `until`."""
        span = _Span(first, until, block)
        self._columns |= dict.fromkeys(range(first, min(first + width, WIDEST_BLOCK)), span)

    def end(self) -> None:
        """Leave all blocks, at the end of a table or of a group of its rows."""
        self._columns = {}
