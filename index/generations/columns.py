"""The columns that filters of a match select by.

A filter becomes the sorted row numbers of a generation before anything is searched, without the database. Coded fields
are kept as posting lists under every level of a code (`G06F40/30` under G, G06, G06F, G06F40 and itself), so that a
prefix is a look-up; all arrays are mapped.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.reference import lists as reference
from index.arrays import Rows
from index.attributes import UNKNOWN_DORMANCY, Attributes
from index.engine import CODED, Filters
from index.mapped import mapped

_IPC = re.compile(r"([A-H])(?:(\d{2})(?:([A-Z])(?:(\d{1,4})(/\d{2,6})?)?)?)?")
_NEVER = (np.iinfo(np.int32).max, -1)
ALWAYS = (date.min, date.max)


@dataclass(frozen=True, slots=True)
class ColumnValues:
    """The values of one document for filters and factors.

    `force`: first and last day in force, of a need the days on which it is open; None where unknown, which of a need means
    that no last day was stated. `possible`: those on which a patent is in force or may be, None for never. `dormancy`: as in
    `index.attributes`.
    """

    segments: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    ipc: tuple[str, ...] = ()
    holder_kind: str | None = None
    kind: str | None = None
    open_licence: bool = False
    force: tuple[date, date] | None = None
    dormancy: int = UNKNOWN_DORMANCY
    possible: tuple[date, date] | None = ALWAYS

    def codes(self) -> dict[str, set[str]]:
        """The codes, by field of `Filters`, under which the document is found."""
        return {
            "segment": set(self.segments),
            "region": set(self.regions),
            "industry": {level for code in self.industries for level in industry_levels(code)},
            "ipc": {level for symbol in self.ipc for level in ipc_levels(symbol)},
            "holder_kind": {self.holder_kind} if self.holder_kind else set(),
            "kind": {self.kind} if self.kind else set(),
        }


def ipc_levels(symbol: str) -> list[str]:
    """The whole levels of a canonical symbol or prefix, itself last; a text of another form is its own level.

    >>> ipc_levels("G06F40/30")
    ['G', 'G06', 'G06F', 'G06F40', 'G06F40/30']
    """
    match = _IPC.fullmatch(symbol)
    if match is None:
        return [symbol]
    ends = sorted({match.end(group) for group in range(1, 6) if match.group(group)})
    return [symbol[:end] for end in ends]


def industry_levels(code: str) -> list[str]:
    """The levels of a GB/T 4754 code: section letter, then two, three and four digits as far as it goes.

    >>> industry_levels("3562")
    ['C', '35', '356', '3562']
    """
    known = reference.industries().get(code[:2])
    section = [known.section] if known else []
    return section + [code[:end] for end in range(2, len(code) + 1)]


class Columns:
    """The columns of one collection."""

    def __init__(
        self,
        terms: dict[str, dict[str, int]],
        offsets: Rows,
        postings: NDArray[np.int32],
        **flat: NDArray[Any],
    ) -> None:
        self._terms, self._offsets, self._postings = terms, offsets, postings
        self._open_licence, self._force_from, self._force_to = (
            flat["open_licence"],
            flat["force_from"],
            flat["force_to"],
        )
        self._dormancy = flat.get("dormancy")
        self._possible_from, self._possible_to = flat.get("possible_from"), flat.get("possible_to")

    @classmethod
    def write(cls, folder: Path, documents: Iterable[ColumnValues]) -> int:
        """Write the columns of `documents`, in the order of rows, into the new `folder`; returns their number."""
        terms, arrays = cls._gathered(documents)
        folder.mkdir()
        cls._save(folder, terms, arrays)
        return len(arrays["open_licence"])

    @classmethod
    def of(cls, documents: Iterable[ColumnValues]) -> Columns:
        """The columns of `documents`, in the order of rows, in memory."""
        terms, arrays = cls._gathered(documents)
        return cls(terms, **arrays)

    @classmethod
    def patch(cls, folder: Path, documents: Mapping[int, ColumnValues]) -> None:
        """Rewrite the columns in `folder` with new values for these rows.

        Readers that have mapped the old files keep them.
        """
        rows = np.array(sorted(documents), np.int32)
        new_terms, new = cls._gathered(documents[row] for row in rows.tolist())
        terms = json.loads((folder / "terms.json").read_text("utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy") for name in new}
        kept = ~np.isin(arrays["postings"], rows)
        # Where each list begins after the rows have been removed from it.
        starts = np.concatenate([[0], np.cumsum(kept)])[arrays["offsets"]]
        lists = _lists(terms, starts, arrays["postings"][kept])
        for field, added in _lists(new_terms, new["offsets"], rows[new["postings"]]).items():
            for code, new_rows in added.items():
                lists[field][code] = np.sort(np.concatenate([lists[field].get(code, new_rows[:0]), new_rows]))
        for name in new.keys() - {"offsets", "postings"}:
            arrays[name][rows] = new[name]
        terms, arrays["postings"], arrays["offsets"] = _flatten(lists)
        cls._save(folder, terms, arrays)

    @staticmethod
    def _save(folder: Path, terms: dict[str, dict[str, int]], arrays: dict[str, NDArray[Any]]) -> None:
        (folder / "terms.json").write_text(json.dumps(terms, ensure_ascii=False), "utf-8")
        for name, values_by_row in arrays.items():
            path = folder / f"{name}.npy"
            path.unlink(missing_ok=True)
            np.save(path, np.ascontiguousarray(values_by_row))

    @staticmethod
    def _gathered(
        documents: Iterable[ColumnValues],
    ) -> tuple[dict[str, dict[str, int]], dict[str, NDArray[Any]]]:
        """The number of the list of each code, and the arrays of the columns."""
        lists: dict[str, dict[str, array[int]]] = {field: {} for field in CODED}
        flat: list[tuple[int, ...]] = []
        for row, values in enumerate(documents):
            for field, codes in values.codes().items():
                for code in codes:
                    lists[field].setdefault(code, array("i")).append(row)
            flat.append((values.open_licence, *_days(values.force), values.dormancy, *_days(values.possible)))
        terms, postings, offsets = _flatten(lists)
        columns = np.array(flat, np.int32).reshape(len(flat), 6)
        return terms, {
            "offsets": offsets,
            "postings": postings,
            "open_licence": columns[:, 0].astype(np.uint8),
            "force_from": columns[:, 1],
            "force_to": columns[:, 2],
            "dormancy": columns[:, 3].astype(np.uint8),
            "possible_from": columns[:, 4],
            "possible_to": columns[:, 5],
        }

    @classmethod
    def open(cls, folder: Path) -> Columns:
        """Map the columns in `folder`."""
        terms = json.loads((folder / "terms.json").read_text("utf-8"))
        names: tuple[str, ...] = ("offsets", "postings", "open_licence", "force_from", "force_to")
        # Generations from before these columns do not have them.
        later = ("dormancy", "possible_from", "possible_to")
        names += tuple(name for name in later if (folder / f"{name}.npy").is_file())
        return cls(terms, **{name: mapped(folder / f"{name}.npy") for name in names})

    def __len__(self) -> int:
        return len(self._open_licence)

    @cached_property
    def attributes(self) -> Attributes:
        """The same, row by row, for factors."""
        postings = {
            field: {code: self._rows_at(at) for code, at in self._terms[field].items()}
            for field in ("segment", "region", "holder_kind")
        }
        return Attributes.of(postings, self._open_licence, self._force_to, self._dormancy)

    def select(self, filters: Filters) -> Rows | None:
        """The sorted rows that meet all `filters`; None when nothing is restricted.

        A document whose time in force is unknown is never in force on a day, but may be, and is open on any.
        """
        if filters.is_empty:
            return None
        chosen = np.ones(len(self), bool)
        for field in CODED:
            if codes := getattr(filters, field):
                chosen &= self._having(field, codes)
        if filters.open_licence is not None:
            chosen &= self._open_licence == filters.open_licence
        if filters.in_force_on is not None:
            day = filters.in_force_on.toordinal()
            chosen &= (self._force_from <= day) & (day <= self._force_to)
        if filters.possible_on is not None:
            chosen &= self._may_be_in_force(filters.possible_on.toordinal())
        if filters.open_on is not None:
            chosen &= (self._force_to == _NEVER[1]) | (filters.open_on.toordinal() <= self._force_to)
        return np.flatnonzero(chosen)

    def _may_be_in_force(self, day: int) -> NDArray[np.bool_]:
        if self._possible_from is not None and self._possible_to is not None:
            return (self._possible_from <= day) & (day <= self._possible_to)
        is_known = self._force_to >= self._force_from
        return ~is_known | (self._force_from <= day) & (day <= self._force_to)

    def _having(self, field: str, codes: list[str]) -> NDArray[np.bool_]:
        chosen = np.zeros(len(self), bool)
        for code in codes:
            at = self._terms[field].get(code)
            if at is not None:
                chosen[self._rows_at(at)] = True
        return chosen

    def _rows_at(self, at: int) -> NDArray[np.int32]:
        rows: NDArray[np.int32] = self._postings[self._offsets[at] : self._offsets[at + 1]]
        return rows


def _days(period: tuple[date, date] | None) -> tuple[int, int]:
    return (period[0].toordinal(), period[1].toordinal()) if period else _NEVER


def _lists(
    terms: dict[str, dict[str, int]], offsets: Rows, postings: NDArray[np.int32]
) -> dict[str, dict[str, Any]]:
    """The posting lists by field and code, without empty ones."""
    return {
        field: {
            code: postings[offsets[at] : offsets[at + 1]]
            for code, at in by_code.items()
            if offsets[at] < offsets[at + 1]
        }
        for field, by_code in terms.items()
    }


def _flatten(
    lists: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, dict[str, int]], NDArray[np.int32], Rows]:
    """One array of all posting lists, where each begins, and the number of the list of each code."""
    terms: dict[str, dict[str, int]] = {}
    ordered: list[Any] = []
    for field, by_code in lists.items():
        terms[field] = {code: len(ordered) + at for at, code in enumerate(sorted(by_code))}
        ordered.extend(by_code[code] for code in sorted(by_code))
    offsets = np.zeros(len(ordered) + 1, np.int64)
    np.cumsum([len(rows) for rows in ordered], out=offsets[1:])
    postings = np.concatenate([np.empty(0, np.int32), *(np.frombuffer(rows, np.int32) for rows in ordered)])
    return terms, postings, offsets
