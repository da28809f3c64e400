"""Counts of a list by the codes of its records (分类计数), under the conditions of the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, extract, func, literal_column
from sqlmodel import Field, Session

from catalog.kit.base import Schema
from catalog.kit.errors import InvalidInput
from catalog.kit.terms import Term

_CODE = "facet_code"
"""Grouped by name: PostgreSQL does not see that two expressions with the same values bound are one."""
Counts = Iterable[tuple[Any, int]]
Names = Callable[[Any], str]
"""The Chinese name of a code."""


class FacetCount(Schema):
    """The number of records of a list that have a code; a record may have several."""

    code: str = Field(description="代码")
    name: str = Field(description="名称")
    count: int = Field(description="记录数")


@dataclass(frozen=True, slots=True)
class Facet:
    """A way to count: how often each code stands among the records of a query, and the names of codes."""

    count: Callable[[Session, Select[Any]], Counts]
    names: Callable[[Session], Names]


def counted(
    session: Session, query: Select[Any], wanted: Sequence[str], facets: Mapping[str, Facet]
) -> dict[str, list[FacetCount]]:
    """The counts of each wanted facet, the most frequent first; records without a code are not counted.

    Raises InvalidInput naming all facets.
    """
    for name in wanted:
        if name not in facets:
            raise InvalidInput(f"facets：没有“{name}”这项分类计数", hint="可用的：" + "、".join(facets))
    return {name: _counts(session, query.order_by(None), facets[name]) for name in dict.fromkeys(wanted)}


def _counts(session: Session, query: Select[Any], facet: Facet) -> list[FacetCount]:
    names = facet.names(session)
    found = [
        FacetCount(code=str(code), name=names(code), count=count)
        for code, count in facet.count(session, query)
        if code not in (None, "")
    ]
    return sorted(found, key=lambda one: (-one.count, one.code))


def of_column(column: Any, names: Callable[[Session], Names]) -> Facet:
    """Counts by a column of the list, or an expression of its columns."""

    def count(session: Session, query: Select[Any]) -> Counts:
        found = query.with_only_columns(column.label(_CODE), func.count()).group_by(literal_column(_CODE))
        return [(code, number) for code, number in session.execute(found)]

    return Facet(count, names)


def of_links(id_: Any, links: Any, names: Callable[[Session], Names]) -> Facet:
    """Counts by what is linked to the records; `id_` of the list is the first column of `links`, the code the second."""
    linked, code = links.selected_columns

    def count(session: Session, query: Select[Any]) -> Counts:
        ids = query.with_only_columns(id_)
        found = links.with_only_columns(code.label(_CODE), func.count(linked.distinct()))
        grouped = found.where(linked.in_(ids)).group_by(literal_column(_CODE))
        return [(one, number) for one, number in session.execute(grouped)]

    return Facet(count, names)


def of_lists(column: Any, codes: Callable[[Any], Iterable[str]], names: Callable[[Session], Names]) -> Facet:
    """Counts by a column that holds a list, of which `codes` takes out the codes."""

    def count(session: Session, query: Select[Any]) -> Counts:
        rows = session.execute(query.with_only_columns(column)).scalars()
        return Counter(code for row in rows for code in set(codes(row))).items()

    return Facet(count, names)


def of_years(column: Any) -> Facet:
    """Counts by the year of a day."""
    return of_column(extract("year", column), lambda _: lambda year: f"{year} 年")


def labels(terms: type[Term]) -> Callable[[Session], Names]:
    """The names of a closed set of values."""
    return lambda _: lambda code: terms(code).label


def known(name: Callable[[str], str | None]) -> Callable[[Session], Names]:
    """The names by a list of reference; a code that it does not have stands for itself."""
    return lambda _: lambda code: name(code) or str(code)


def listed(names: Callable[[Session], Mapping[str, str]]) -> Callable[[Session], Names]:
    """The names of a catalogue that is stored; a code that it does not have stands for itself."""

    def read(session: Session) -> Names:
        found = names(session)
        return lambda code: found.get(code, str(code))

    return read
