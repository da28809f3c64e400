"""Context of a request besides the text of its need, and whether factors count (对接因素)."""

from typing import Annotated

from pydantic import Field

from catalog.db import Session
from catalog.kit.base import Schema
from matching.ranking.pair_factors import Context, FactorOptions
from service.requests.field_problems import FieldProblem, InvalidFields
from service.requests.filters import ClassConditions, Values, codes_of, values_field


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
