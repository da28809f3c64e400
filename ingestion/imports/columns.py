"""The columns of a file as an import reports them (列的识别): the meaning recognised, and the outcome of the cells.

A column of a batch is counted as a whole; only rows that were refused, or of which something went to the remark or was left
out, are looked at cell by cell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from xlsxwriter.utility import xl_col_to_name

from catalog.imports.columns import ColumnBasis, FileColumn, UnreadCell
from ingestion.columns.headers import is_ignored, vocabulary
from ingestion.columns.recognition import MARKS, Mapping
from ingestion.records.fields import Fate
from ingestion.storing.rows import Taken
from ingestion.values.cells import Cell, is_blank, text

MOST_EXAMPLES = 3
SHOWN = 80


@dataclass(slots=True)
class _Cells:
    """The filled cells of a column, and examples of those that were not read, of rejected rows apart."""

    filled: int = 0
    remarked: int = 0
    unread: int = 0
    rejected: int = 0
    examples: list[UnreadCell] = field(default_factory=list)
    rejected_examples: list[UnreadCell] = field(default_factory=list)


class ColumnCounts:
    """The outcome of the cells of one table, by column."""

    def __init__(self) -> None:
        self._by_place: defaultdict[int, _Cells] = defaultdict(_Cells)

    def add(self, mapping: Mapping, batch: Sequence[Taken]) -> None:
        """Counts the cells of rows that were stored or refused."""
        plain = [taken for taken in batch if taken.error is None and not taken.fates]
        self._add_columns(mapping, plain)
        self._add_further_columns(mapping, plain)
        if len(plain) < len(batch):
            for taken in batch:
                if taken.error is not None or taken.fates:
                    self._add_row(mapping, taken)

    def file_columns(self, mapping: Mapping, sheet: str) -> list[FileColumn]:
        """All columns of the table that have a name or hold something."""
        return [
            _file_column(mapping, sheet, place, self._by_place[place])
            for place in range(max(mapping.width, len(mapping.headers)))
            if mapping.header(place) or self._by_place[place].filled
        ]

    def _add_columns(self, mapping: Mapping, batch: Sequence[Taken]) -> None:
        roles, known = mapping.roles(), vocabulary(mapping.kind).roles
        for place, column in enumerate(zip_longest(*(taken.row.cells for taken in batch), fillvalue="")):
            filled = _count(column)
            if not filled:
                continue
            cells, role = self._by_place[place], roles.get(place)
            cells.filled += filled
            if role is None:
                self._leave(cells, filled, batch, column, lambda cell: not is_blank(cell))
            elif known[role].kept:
                cells.remarked += filled
            elif role not in MARKS and (header := mapping.header(place)) in column:
                self._leave(cells, column.count(header), batch, column, header.__eq__)

    def _leave(
        self,
        cells: _Cells,
        count: int,
        batch: Iterable[Taken],
        column: Iterable[Cell],
        is_left: Callable[[Cell], bool],
    ) -> None:
        cells.unread += count
        if len(cells.examples) < MOST_EXAMPLES:
            left = ((taken, cell) for taken, cell in zip(batch, column, strict=True) if is_left(cell))
            for taken, cell in left:
                cells.examples.append(_example(taken, cell))
                if len(cells.examples) == MOST_EXAMPLES:
                    break

    def _add_further_columns(self, mapping: Mapping, batch: Sequence[Taken]) -> None:
        """Of several columns of one role only the first filled one is read, unless the role takes all."""
        known = vocabulary(mapping.kind).roles
        for role, places in mapping.columns.items():
            if len(places) > 1 and not (known[role].several or known[role].kept):
                for taken in batch:
                    for place in _filled_places(mapping, role, taken.row.cells)[1:]:
                        self._leave(self._by_place[place], 1, [taken], [taken.row.cells[place]], _any)

    def _add_row(self, mapping: Mapping, taken: Taken) -> None:
        for cells, cell, fate in self._filled_cells(mapping, taken):
            cells.filled += 1
            if taken.error is not None:
                self._reject(cells, taken, cell)
            elif fate is Fate.REMARKED:
                cells.remarked += 1
            elif fate is Fate.UNREAD:
                self._leave(cells, 1, [taken], [cell], _any)

    def take_back(self, taken: Taken) -> None:
        """Counts a row as rejected that was accepted before."""
        for cells, cell, fate in self._filled_cells(taken.mapping, taken):
            if fate is Fate.UNREAD:
                cells.rejected += 1
                continue
            cells.remarked -= fate is Fate.REMARKED
            self._reject(cells, taken, cell)

    def _filled_cells(self, mapping: Mapping, taken: Taken) -> Iterator[tuple[_Cells, Cell, Fate | None]]:
        """The filled cells of a row with the counts of their columns, and what becomes of them where it is accepted."""
        roles = mapping.roles()
        for place, cell in enumerate(taken.row.cells[: mapping.width]):
            if not is_blank(cell):
                yield self._by_place[place], cell, _fate(mapping, taken, place, roles.get(place))

    def _reject(self, cells: _Cells, taken: Taken, cell: Cell) -> None:
        cells.rejected += 1
        cells.unread += 1
        if len(cells.rejected_examples) < MOST_EXAMPLES:
            cells.rejected_examples.append(_example(taken, cell))


def _any(_: Cell) -> bool:
    return True


def _count(column: Sequence[Cell]) -> int:
    """The number of cells that hold something."""
    try:
        return len(column) - column.count("") - sum(map(str.isspace, column))  # type: ignore[arg-type]
    except TypeError:  # not texts alone
        return sum(not is_blank(cell) for cell in column)


def _filled_places(mapping: Mapping, role: str, row: Sequence[Cell]) -> list[int]:
    """The columns of a role that hold something in a row, the one that is read first."""
    return [
        place
        for place in mapping.columns[role]
        if place < len(row)
        and not is_blank(row[place])
        and (role in MARKS or row[place] != mapping.header(place))
    ]


def _fate(mapping: Mapping, taken: Taken, place: int, role: str | None) -> Fate | None:
    """The outcome of a filled cell of a row that was accepted; None where it was read."""
    if role is None:
        return Fate.UNREAD
    filled = _filled_places(mapping, role, taken.row.cells)
    if place not in filled:
        return Fate.UNREAD
    known = vocabulary(mapping.kind).roles[role]
    if role in taken.fates or known.kept:
        return taken.fates.get(role, Fate.REMARKED)
    return None if known.several or place == filled[0] else Fate.UNREAD


def _example(taken: Taken, cell: Cell) -> UnreadCell:
    return UnreadCell(line=taken.row.line, value=text(cell)[:SHOWN].replace("\x00", "\ufffd"))


def _file_column(mapping: Mapping, sheet: str, place: int, cells: _Cells) -> FileColumn:
    role = mapping.roles().get(place, "")
    basis = _basis(mapping, place, role)
    return FileColumn(
        sheet=sheet,
        place=place + 1,
        letter=xl_col_to_name(place),
        header=mapping.header(place),
        column=mapping.unmistakable_name(place),
        field=role,
        label=vocabulary(mapping.kind).label(role) if role else "",
        rank=mapping.columns[role].index(place) + 1 if role else 0,
        by=basis,
        how=basis.label,
        filled=cells.filled,
        read=cells.filled - cells.remarked - cells.unread,
        remarked=cells.remarked,
        unread=cells.unread,
        rejected=cells.rejected,
        examples=[*cells.examples, *cells.rejected_examples][:MOST_EXAMPLES],
    )


def _basis(mapping: Mapping, place: int, role: str) -> ColumnBasis:
    header = mapping.header(place)
    if role and mapping.source:
        return ColumnBasis.MAPPING
    if role and place in mapping.by_value:
        return ColumnBasis.CONTENT if header else ColumnBasis.VALUES
    if role:
        return ColumnBasis.HEADER
    # A saved mapping names all that is wanted.
    is_known = bool(mapping.source) or (bool(header) and is_ignored(mapping.kind, header))
    return ColumnBasis.IGNORED if is_known else ColumnBasis.UNKNOWN
