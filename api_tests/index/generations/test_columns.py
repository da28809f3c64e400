"""Congruence of the filter columns with a plain check of every document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from index.attributes import UNKNOWN_DORMANCY
from index.engine import CODED, Filters
from index.generations.columns import ALWAYS, Columns, ColumnValues

SEGMENTS, REGIONS = ["HB01", "HB02", "HB10"], ["420000", "420100", "420500", "440000"]
INDUSTRIES, SYMBOLS = (
    ["3562", "356", "3970", "6510"],
    ["G06F40/30", "G06F4/00", "G06F40/00", "H01M10/0525", "A61K"],
)
DAYS = [date(2020, 1, 1), date(2024, 6, 1), date(2031, 12, 31)]
INDUSTRY_PREFIXES = ["C", "35", "356", "3562", "3", "I", "6510"]
IPC_PREFIXES = ["G", "G06", "G06F", "G06F4", "G06F40", "G06F40*", "g06f 40/30", "H01M10/05", "A61K"]


def some(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2).map(tuple)


documents = st.builds(
    ColumnValues,
    segments=some(SEGMENTS),
    regions=some(REGIONS),
    industries=some(INDUSTRIES),
    ipc=some(SYMBOLS),
    holder_kind=st.sampled_from([None, "university", "company"]),
    kind=st.sampled_from([None, "invention", "design"]),
    open_licence=st.booleans(),
    force=st.none() | st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)),
    possible=st.sampled_from([None, ALWAYS]) | st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)),
)
filters = st.builds(
    Filters,
    segment=some([*SEGMENTS, "none"]),
    region=some(REGIONS),
    industry=some(INDUSTRY_PREFIXES),
    ipc=some(IPC_PREFIXES),
    holder_kind=some(["university", "company"]),
    kind=some(["invention"]),
    open_licence=st.sampled_from([None, True, False]),
    in_force_on=st.sampled_from([None, *DAYS, date(2025, 5, 5)]),
    possible_on=st.sampled_from([None, *DAYS, date(2025, 5, 5)]),
    open_on=st.sampled_from([None, *DAYS, date(2025, 5, 5)]),
)


def covers_ipc(prefix: str, symbol: str) -> bool:
    """A prefix of whole levels: what follows it may not go on with the number it ends in."""
    prefix = prefix.upper().replace(" ", "").rstrip("*")
    rest = symbol.removeprefix(prefix)
    return symbol.startswith(prefix) and not (prefix[-1:].isdigit() and rest[:1].isdigit())


def covers_industry(prefix: str, code: str) -> bool:
    section = "C" if 13 <= int(code[:2]) <= 43 else "I"
    return prefix == section or (len(prefix) > 1 and code.startswith(prefix))


def meets(document: ColumnValues, wanted: Filters) -> bool:
    checks: list[tuple[list[str], Callable[[str], bool]]] = [
        (wanted.segment, lambda code: code in document.segments),
        (wanted.region, lambda code: code in document.regions),
        (wanted.industry, lambda p: any(covers_industry(p, code) for code in document.industries)),
        (wanted.ipc, lambda p: any(covers_ipc(p, symbol) for symbol in document.ipc)),
        (wanted.holder_kind, lambda kind: kind == document.holder_kind),
        (wanted.kind, lambda kind: kind == document.kind),
    ]
    coded = all(any(check(value) for value in values) for values, check in checks if values)
    licence = wanted.open_licence is None or wanted.open_licence == document.open_licence
    days = ((wanted.in_force_on, document.force), (wanted.possible_on, document.possible))
    in_force = all(day is None or (span and span[0] <= day <= span[1]) for day, span in days)
    last = document.force
    still_open = wanted.open_on is None or not last or wanted.open_on <= last[1]
    return coded and licence and bool(in_force) and still_open


@settings(deadline=None, max_examples=200)
@given(st.lists(documents, max_size=40), st.lists(filters, min_size=1, max_size=8))
def test_select_equals_brute_force(
    tmp_path_factory: pytest.TempPathFactory, stored: list[ColumnValues], conditions: list[Filters]
) -> None:
    folder = tmp_path_factory.mktemp("columns") / "columns"
    assert Columns.write(folder, stored) == len(stored)
    columns = Columns.open(folder)
    assert len(columns) == len(stored)
    for wanted in conditions:
        rows = columns.select(wanted)
        if wanted == Filters():
            assert rows is None
            continue
        expected = [row for row, document in enumerate(stored) if meets(document, wanted)]
        assert rows is not None
        assert rows.dtype == np.int64
        assert rows.tolist() == expected


@pytest.mark.parametrize("field", CODED)
def test_a_single_value_is_a_list_of_one(field: str) -> None:
    assert Filters.model_validate({field: "X"}) == Filters.model_validate({field: ["X"]})


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError):
        Filters.model_validate({"colour": "red"})


def test_unknown_time_in_force_never_counts(tmp_path: Path) -> None:
    Columns.write(tmp_path / "columns", [ColumnValues(), ColumnValues(force=(DAYS[0], DAYS[2]))])
    rows = Columns.open(tmp_path / "columns").select(Filters(in_force_on=DAYS[1]))
    assert rows is not None
    assert rows.tolist() == [1]


def test_columns_from_before_dormancy_open_and_do_not_know_it(tmp_path: Path) -> None:
    Columns.write(tmp_path / "columns", [ColumnValues(dormancy=40)])
    assert Columns.open(tmp_path / "columns").attributes.dormancy.tolist() == [40]
    (tmp_path / "columns" / "dormancy.npy").unlink()
    old = Columns.open(tmp_path / "columns").attributes
    assert not old.knows_dormancy
    assert old.dormancy.tolist() == [UNKNOWN_DORMANCY]


def test_columns_from_before_possible_days_go_by_the_days_in_force(tmp_path: Path) -> None:
    stored = [
        ColumnValues(possible=None),
        ColumnValues(force=(DAYS[0], DAYS[1]), possible=(DAYS[0], DAYS[1])),
    ]
    Columns.write(tmp_path / "columns", stored)
    for name in ("possible_from", "possible_to"):
        (tmp_path / "columns" / f"{name}.npy").unlink()
    old = Columns.open(tmp_path / "columns")
    for day, expected in ((DAYS[1], [0, 1]), (DAYS[2], [0])):
        rows = old.select(Filters(possible_on=day))
        assert rows is not None
        assert rows.tolist() == expected


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@settings(max_examples=60, deadline=None)
@given(
    original=st.lists(documents, min_size=1, max_size=12),
    changed=st.dictionaries(st.integers(0, 11), documents),
)
def test_patched_columns_are_those_written_from_the_beginning(
    tmp_path_factory: pytest.TempPathFactory, original: list[ColumnValues], changed: dict[int, ColumnValues]
) -> None:
    folder = tmp_path_factory.mktemp("columns")
    Columns.write(folder / "patched", original)
    mapped_before = Columns.open(folder / "patched")
    new = {row: values for row, values in changed.items() if row < len(original)}
    Columns.patch(folder / "patched", new)
    Columns.write(folder / "whole", [new.get(row, values) for row, values in enumerate(original)])
    assert files_of(folder / "patched") == files_of(folder / "whole")
    assert len(mapped_before) == len(original)
