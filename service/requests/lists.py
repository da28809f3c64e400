"""Requests of lists beside their conditions: order, page, cursor, counts, moments; and the costly conditions on patents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, TypeAdapter

from assessment.eligibility import gate
from assessment.eligibility.gate import Eligibility
from catalog.db import Session
from catalog.kit.base import Schema
from catalog.kit.days import BEIJING
from catalog.kit.errors import InvalidInput
from catalog.kit.paging import ListQuery, Sorts
from catalog.licences import licences
from catalog.supply import patent_lists
from catalog.supply.patent_lists import PatentFilter
from index.engine import Filters
from service.installation.runtime import Runtime
from service.requests.filters import Day, Values, values_field
from service.requests.shapes import Shape
from service.requests.types import Names

MOST_JUDGED = 10_000
"""Patents of a list whose eligibility is judged one by one: as many as a match looks through, in about three seconds."""

_IS_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_IS_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ].+", re.ASCII)


def _moment(value: Any) -> Any:
    """A day is its beginning in Beijing; whatever else must name its zone."""
    if not isinstance(value, str):
        return value
    try:
        if _IS_DAY.fullmatch(value):
            return datetime.combine(date.fromisoformat(value), time(), BEIJING).astimezone(UTC)
        # The library would read numbers as time stamps.
        if _IS_MOMENT.fullmatch(value):
            # A plus sign that was not encoded arrives as a space.
            return TypeAdapter(AwareDatetime).validate_python(value[:11] + value[11:].replace(" ", "+"))
    except ValueError:
        pass
    raise ValueError("应为日期或带时区的时刻，如 2026-01-31 或 2026-01-31T08:00:00+08:00")


Moment = Annotated[datetime | None, BeforeValidator(_moment)]


class MainListQuery(ListQuery, Shape):
    """Page, order and counts of a main list."""

    facets: Names = Field(default_factory=list, max_length=20)
    created_since: Moment = Field(
        default=None,
        description="登记时间不早于：日期（北京时间零时）或带时区的时刻",
        examples=["2026-01-31"],
    )
    updated_since: Moment = Field(
        default=None,
        description="最后改动时间不早于：日期（北京时间零时）或带时区的时刻",
        examples=["2026-01-31T08:00:00+08:00"],
    )


def sort_field(sorts: Sorts) -> Any:
    """The field of the order of a list, with all orders named."""
    names = [direction + name for name in sorts.columns for direction in ("", "-")]

    def enumerate_(schema: dict[str, Any]) -> None:
        schema["anyOf"][0]["enum"] = names

    return Field(
        default=None,
        description=f"排序字段，前加 - 为降序；没有值的总在最后。缺省为 {sorts.default}",
        json_schema_extra=enumerate_,
    )


def facets_field(names: Iterable[str]) -> Any:
    """The field of the counts of a list, with all counts named."""
    known = list(names)

    def enumerate_(schema: dict[str, Any]) -> None:
        schema["items"]["enum"] = known

    return Field(
        default_factory=list,
        max_length=20,
        description="同时给出哪些分类计数，可用逗号隔开几项；条件与列表相同，没有该项的记录不计",
        json_schema_extra=enumerate_,
    )


class PatentStanding(Schema):
    """Conditions on what a patent is on a day, which matches have too; a list shows all patents unless told otherwise."""

    open_licence: bool | None = Field(default=None, description="是否已声明开放许可（今日在公告中）")
    in_force_on: Day = Field(
        default=None, description="在此日有效；无法判断是否有效的专利不算", examples=["2026-06-30"]
    )
    include_ended: bool = Field(default=True, description="是否包括已失效和尚未授权的专利；缺省包括")
    eligibility: Values = values_field(
        f"开放许可资格（按当日逐件判定）：eligible 可以、blocked 不得、unknown 待核实；符合其他条件的至多 {MOST_JUDGED} 件",
        "eligible",
    )


@dataclass(frozen=True, slots=True)
class StandingAsked:
    """The conditions on the standing of patents, and the day in Beijing that they are held against."""

    wanted: PatentStanding
    verdicts: Sequence[Eligibility]
    today: date


def standing(session: Session, runtime: Runtime, where: PatentFilter, asked: StandingAsked) -> PatentFilter:
    """The conditions of a list with those on the standing of patents as ids.

    Raises NotReady without an index where it is asked for what is in force, and InvalidInput where too many are to be judged.
    """
    where = _licensed(session, _in_force(runtime, where, asked), asked)
    if not asked.verdicts:
        return where
    ids = patent_lists.ids(session, where, at_most=MOST_JUDGED)
    if ids is None:
        raise InvalidInput(
            f"eligibility：开放许可资格须逐件判定，一次至多 {MOST_JUDGED} 件，符合其他条件的专利超过此数",
            hint="请加上地区、产业细分领域、专利权人等条件",
        )
    found = gate.of_patents(session, ids, asked.today, gate.load_table(runtime.settings.data))
    return _among(where, [id_ for id_, verdict in found.items() if verdict.verdict in asked.verdicts])


def _in_force(runtime: Runtime, where: PatentFilter, asked: StandingAsked) -> PatentFilter:
    """By the index, as matches do: it has the periods of all patents, which take seconds to work out."""
    if asked.wanted.in_force_on:
        filters = Filters(in_force_on=asked.wanted.in_force_on)
    elif not asked.wanted.include_ended:
        filters = Filters(possible_on=asked.today)
    else:
        return where
    return _among(where, runtime.matcher.generation().patents.select(filters).tolist())


def _licensed(session: Session, where: PatentFilter, asked: StandingAsked) -> PatentFilter:
    if asked.wanted.open_licence is None:
        return where
    ids = licences.licensed_ids(session, asked.today)
    return (
        _among(where, ids)
        if asked.wanted.open_licence
        else where.model_copy(update={"not_among": sorted(ids)})
    )


def _among(where: PatentFilter, ids: Iterable[int]) -> PatentFilter:
    known = {*ids} if where.among is None else {*ids} & {*where.among}
    return where.model_copy(update={"among": sorted(known)})
