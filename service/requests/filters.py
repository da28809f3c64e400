"""Filters and contexts as people write them, codes or Chinese names, checked and turned into the index's codes."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from difflib import SequenceMatcher, get_close_matches
from functools import cache, partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from assessment.eligibility.gate import Eligibility
from catalog.db import Session
from catalog.kit.base import Schema
from catalog.kit.errors import InvalidInput
from catalog.kit.paging import ListQuery
from catalog.kit.terms import HolderKind, PatentKind, Term
from catalog.reference import lists as reference
from catalog.reference.places import shipped
from catalog.segments import segments
from ingestion.identifiers import industry_code, ipc, region_code
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.values.places import locate, short_name
from matching.answers.filters import MatchFilters
from matching.ranking.pair_factors import Context, FactorOptions
from service.requests.field_problems import FieldProblem, InvalidFields, shown
from service.requests.types import LeastBand

MAX_VALUES = 100
INCLUDE_ENDED = "是否包括已失效和尚未授权的专利；缺省只列今日有效或有效性未知的"
HOME_PROVINCE = "42"
_NEAR = 0.5

Reader = Callable[[str], list[str]]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_ITEM = {"type": "string", "minLength": 1, "maxLength": 100}
Values = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=100)]],
    BeforeValidator(_as_list),
    WithJsonSchema({"anyOf": [_ITEM, {"type": "array", "items": _ITEM, "maxItems": MAX_VALUES}]}),
]


def _iso_date(value: Any) -> Any:
    # The library would read numbers, in text too, as time stamps.
    if value is None or isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip(), re.ASCII):
        return value
    raise ValueError("应为日期，如 2026-01-31")


Day = Annotated[date | None, BeforeValidator(_iso_date)]
GivenDay = Annotated[date, BeforeValidator(_iso_date)]
"""A day that has to be given."""


def values_field(description: str, *examples: str) -> Any:
    """A field of several values, each a code or a name."""
    return Field(
        default_factory=list, max_length=MAX_VALUES, description=description, examples=[list(examples)]
    )


class PlaceConditions(Schema):
    """Places and industries of firms; values of one field are alternatives, fields add up."""

    region: Values = values_field("省级或地级行政区划的代码或名称", "420100", "宜昌市")
    industry: Values = values_field("国民经济行业代码（GB/T 4754，可为上级代码）或名称", "39", "C3562")


class ClassConditions(PlaceConditions):
    """Classes that a record belongs to."""

    segment: Values = values_field("产业细分领域的代码或名称（所用产业目录）", "HB01", "生命健康")


class PatentConditions(ClassConditions):
    """Conditions on patents."""

    ipc: Values = values_field("IPC 前缀，须为完整的一级", "G06F", "H01M10")
    holder_kind: Values = values_field("第一专利权人类型", "university", "科研院所")
    kind: Values = values_field("专利类型", "invention", "实用新型")


class FilterInput(PatentConditions):
    """Conditions that every result meets."""

    open_licence: bool | None = Field(default=None, strict=True, description="是否已声明开放许可")
    in_force_on: Day = Field(
        default=None, description="在此日有效；无法判断是否有效的专利不算", examples=["2026-06-30"]
    )
    include_ended: bool = Field(default=False, strict=True, description=INCLUDE_ENDED)
    eligibility: Values = values_field(
        "开放许可资格（按当日判定）：eligible 可以、blocked 不得、unknown 待核实", "eligible"
    )
    min_band: LeastBand = None


def resolve(session: Session, wanted: FilterInput, today: date | None = None) -> MatchFilters:
    """The filters in the types of the matcher. Raises InvalidFields naming the allowed values.

    Where neither ended patents nor a day are asked for, those are left out that are known not to be in force `today`.
    """
    codes = codes_of(session, wanted, eligibility=Eligibility)
    verdicts = [Eligibility(value) for value in codes.pop("eligibility", [])]
    return MatchFilters(
        **codes,
        open_licence=wanted.open_licence,
        in_force_on=wanted.in_force_on,
        possible_on=None if wanted.include_ended or wanted.in_force_on else today,
        eligibility=verdicts,
        min_band=wanted.min_band,
    )


def codes_of(session: Session, wanted: Schema, **terms: type[Term]) -> dict[str, list[str]]:
    """The codes of every field of `wanted` that takes codes and names; `terms` are further fields with their sets.

    Raises InvalidFields naming what is allowed.
    """
    readers = _readers(session, wanted) | {field: partial(_term, members) for field, members in terms.items()}
    problems: list[FieldProblem] = []
    codes: dict[str, list[str]] = {}
    for field, read in readers.items():
        for text in getattr(wanted, field, ()):
            try:
                codes.setdefault(field, []).extend(read(text))
            except (InvalidInput, ValueError) as error:
                reason = error.message if isinstance(error, InvalidInput) else str(error)
                problems.append(FieldProblem(field=field, value=shown(text), reason=reason))
    if problems:
        raise InvalidFields(problems)
    return codes


class ContextInput(Schema):
    """Origin and context of a need; without effect on which patents are found."""

    segment: Values = values_field("需求所属的产业细分领域，代码或名称", "HB02")
    region: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="需求方所在的省级或地级行政区划，代码或名称", examples=["武汉市"]
    )


def factor_options(session: Session, context: ContextInput, *, count: bool = True) -> FactorOptions:
    """The context in the types of the matcher. Raises InvalidFields naming the allowed values."""
    region = (context.region or "").strip()
    conditions = ClassConditions(segment=context.segment, region=[region] if region else [])
    try:
        codes = codes_of(session, conditions)
    except InvalidFields as error:
        raise InvalidFields([_of_context(problem) for problem in error.fields]) from error
    places = codes.get("region", [])
    if len(places) > 1:
        reason = f"几个地区都叫这个名称，请填代码：{'、'.join(places)}"
        raise InvalidFields([FieldProblem(field="context.region", value=region, reason=reason)])
    return FactorOptions(count, Context.at(codes.get("segment", []), places[0] if places else None))


def _of_context(problem: FieldProblem) -> FieldProblem:
    return problem.model_copy(update={"field": f"context.{problem.field}"})


def described(wanted: Schema) -> list[str]:
    """The conditions that are set, in words."""
    lines = []
    for name, field in type(wanted).model_fields.items():
        value = getattr(wanted, name)
        if (
            name in ("view", "fields")
            or (name in ListQuery.model_fields and not name.endswith("_since"))
            or value in (None, [])
        ):
            continue
        lines.append(f"{field.description}：{_in_words(value)}")
    return lines


def _in_words(value: Any) -> str:
    if isinstance(value, Term):
        return value.label
    return "、".join(value) if isinstance(value, list) else str({True: "是", False: "否"}.get(value, value))


def unknown(what: str, text: str, fill: str, near: Sequence[str]) -> str:
    """The reason why an unknown name is refused: what to fill in, with the names nearest to it as examples."""
    return f"未找到{what}“{shown(text)}”，请填写{fill}，如{''.join(f'“{name}”' for name in near)}"


def _readers(session: Session, wanted: Schema) -> dict[str, Reader]:
    return {
        "segment": _segment_reader(session) if getattr(wanted, "segment", None) else _region,
        "region": _region,
        "industry": _industry,
        "ipc": _ipc,
        "holder_kind": partial(_term, HolderKind),
        "kind": partial(_term, PatentKind),
    }


def _segment_reader(session: Session) -> Callable[[str], list[str]]:
    catalogue = segments.catalogue(session)
    known = segments.segments_of(session, catalogue)

    def read(text: str) -> list[str]:
        found = [segment.code for segment in known if text in (segment.code, segment.name)]
        if not found:
            full = [f"{segment.code} {segment.name}" for segment in known]
            near = get_close_matches(text, full, n=3, cutoff=0.3) or full[:3]
            fill = f"产业目录 {catalogue.version} 中的名称或代码"
            raise ValueError(unknown("产业领域", text, fill, near))
        return found

    return read


@cache
def _region_codes() -> dict[str, list[str]]:
    codes: dict[str, list[str]] = {}
    for region in reference.regions().values():
        codes.setdefault(region.name, []).append(region.code)
    return codes


def _region(text: str) -> list[str]:
    codes = _region_codes()
    if text in codes:
        return codes[text]
    if region_code.is_valid(text):
        return [region_code.validate(text)]
    begun = [name for name in codes if len(text) > 1 and name.startswith(text)]
    # 吉林 is a province and a city: the short name means the province.
    provinces = [name for name in begun if codes[name][0].endswith("0000")]
    if len(provinces or begun) == 1:
        return codes[(provinces or begun)[0]]
    near = begun[:5] or _near_regions(text) or ["武汉市"]
    raise ValueError(unknown("地区", text, "省、市（州）名称或代码", near))


def _near_regions(text: str) -> list[str]:
    """Names of regions like this text: where the place lies, the same characters in another order, or similar ones."""
    place = locate(text, shipped())
    if code := place.prefecture or place.province:
        return [reference.region_name(code) or code]
    codes = _region_codes()
    swapped = [name for name in codes if sorted(text) in (sorted(name), sorted(short_name(name)))]
    ranked = sorted(
        codes, key=lambda name: (-_likeness(text, name), not codes[name][0].startswith(HOME_PROVINCE))
    )
    return swapped or [name for name in ranked[:3] if _likeness(text, name) >= _NEAR]


def _likeness(text: str, name: str) -> float:
    """Share of characters in common with the name of a region or its short name."""
    return max(SequenceMatcher(None, text, one).ratio() for one in (name, short_name(name)))


@cache
def _industry_codes() -> dict[str, list[str]]:
    codes: dict[str, list[str]] = {}
    for entry in reference.industries().values():
        codes.setdefault(entry.name, []).append(entry.code)
    return codes


def _industry(text: str) -> list[str]:
    # A class and its only subclass often share a name: the upper one covers both.
    if named := _industry_codes().get(text):
        return [min(named, key=len)]
    try:
        return [industry_code.validate(text)]
    except InvalidIdentifier as error:
        if text[:1].isascii():
            raise
        known = _industry_codes()
        near = [name for name in known if len(text) > 1 and text in name][:3]
        near = near or get_close_matches(text, known, n=3, cutoff=_NEAR) or ["电池制造"]
        raise ValueError(unknown("行业", text, "国民经济行业名称或代码", near)) from error


def _ipc(text: str) -> list[str]:
    ipc.covers(text, "A01B1/00")  # raises for an invalid prefix
    return [ipc.compact(text).removesuffix("*")]


def _term(terms: type[Term], text: str) -> list[str]:
    return [terms.parse(text).value]
