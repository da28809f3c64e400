"""The eligibility gate (开放许可资格): one patent, up to a thousand at once."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, model_validator

from assessment.eligibility import gate as eligibility_gate
from assessment.eligibility.gate import JudgedEligibility
from catalog.accounts import permissions
from catalog.kit.base import Schema
from catalog.kit.days import beijing_today
from catalog.kit.ids import StrictId
from service.requests.dealings.eligibility import (
    CheckCounts,
    CheckedItem,
    VerdictTally,
    by_ids,
    by_numbers,
    check,
)
from service.requests.filters import Day
from service.web.dependencies import Reading, RecordId, RuntimeDep
from service.web.errors import responses
from service.web.rights import may

router = APIRouter(tags=["licences"], dependencies=[may(permissions.LICENCES_READ)])

MOST = 1000


class CheckInput(Schema):
    """The patents to check and the day as of which."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [{"application_numbers": ["202119900008.0", "201619900211.7"], "as_of": "2026-06-30"}]
        }
    }

    ids: list[StrictId] = Field(default_factory=list, max_length=MOST, description="专利编号")
    application_numbers: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field(
        default_factory=list, max_length=MOST, description="申请号，可带 CN/ZL 前缀、可缺校验位"
    )
    as_of: Day = Field(default=None, description="按此日的状态核查；缺省为今日")

    @model_validator(mode="after")
    def _not_too_many(self) -> "CheckInput":
        count = len(self.ids) + len(self.application_numbers)
        if not 1 <= count <= MOST:
            raise ValueError(f"一次可核查 1 至 {MOST} 件专利，现为 {count} 件")
        return self


class CheckResult(BaseModel):
    """The verdicts, in the order asked: ids first, then application numbers."""

    as_of: date = Field(description="判定所按的日期")
    table_version: str = Field(description="规则版本")
    counts: CheckCounts = Field(description="各结论的件数")
    items: list[CheckedItem] = Field(description="逐件结论，次序与请求相同")


class DayQuery(Schema):
    """The day as of which eligibility is decided."""

    as_of: Day = Field(default=None, description="按此日的状态判定；缺省为今日", examples=["2026-06-30"])


@router.post(
    "/licences/check",
    summary="批量核查开放许可资格",
    operation_id="check_licences",
    responses=responses(400, 413, 422),
)
def check_licences(session: Reading, runtime: RuntimeDep, data: CheckInput) -> CheckResult:
    """逐件给出可以、不得或资料不足的判定，附全部依据条款、所依据的数据与待办事项；系统中没有的专利照常列出并说明。"""
    as_of = data.as_of or beijing_today()
    table = eligibility_gate.load_table(runtime.settings.data)
    requested = [*by_ids(session, data.ids), *by_numbers(session, data.application_numbers)]
    items, tally = list(check(session, requested, as_of, table)), VerdictTally()
    for item in items:
        tally.add(item)
    return CheckResult(as_of=as_of, table_version=table.version, counts=tally.counts, items=items)


@router.get(
    "/patents/{id:int}/eligibility",
    summary="一件专利的开放许可资格",
    operation_id="get_patent_eligibility",
    responses=responses(404, 422),
)
def get_patent_eligibility(
    session: Reading, runtime: RuntimeDep, id: RecordId, wanted: Annotated[DayQuery, Query()]
) -> JudgedEligibility:
    """该专利在某日可否开放许可：判定、依据条款、所依据的数据、待办事项与规则版本。"""
    table = eligibility_gate.load_table(runtime.settings.data)
    return eligibility_gate.check(session, id, wanted.as_of or beijing_today(), table)
