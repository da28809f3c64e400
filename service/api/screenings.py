"""Screenings (盘点筛选) of dormant patents, and the answers of holders (盘点答复)."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile, status
from pydantic import BaseModel, Field

from catalog.accounts import permissions
from catalog.kit.base import Schema
from catalog.kit.days import beijing_today
from ingestion.reviews.answers import import_answers
from service.installation import screening
from service.requests.filters import Day
from service.web.dependencies import Caller, RuntimeDep
from service.web.errors import responses
from service.web.files.uploads import stored_upload
from service.web.rights import may

router = APIRouter(tags=["screenings"], dependencies=[may(permissions.SCREENINGS_RUN)])


class ScreeningInput(Schema):
    """The day as of which to screen."""

    as_of: Day = Field(default=None, description="按此日的状态筛选；缺省为今日", examples=["2026-06-30"])


class ScreeningResult(BaseModel):
    """The findings of a screening; screened = dormant + awake + undecided."""

    as_of: date = Field(description="筛选所按的日期")
    weights_version: str = Field(description="权重表的版本")
    screened: int = Field(description="筛选的专利件数", examples=[120])
    dormant: int = Field(description="沉睡")
    awake: int = Field(description="非沉睡")
    undecided: int = Field(description="资料不足，不能判定")
    unrecorded: int = Field(description="沉睡的专利中，运用情况从未登记、也未核查的件数（未登记≠未实施）")
    missing: dict[str, int] = Field(description="缺资料的计分项与件数")
    messages: list[str] = Field(description="提示")


class BadAnswer(BaseModel):
    """A row of a workbook that was refused."""

    sheet: str = Field(description="工作表；不分工作表的文件为空")
    line: int = Field(description="行号")
    field: str = Field(description="有问题的列")
    value: str = Field(description="单元格的内容")
    reason: str = Field(description="退回的原因")


class AnswerResult(BaseModel):
    """The result of reading a workbook; rows = new + changed + unchanged + blank + the number of rejected."""

    import_id: int = Field(description="导入的编号")
    file_name: str = Field(description="文件名")
    rows: int = Field(description="总行数")
    new: int = Field(description="新增")
    changed: int = Field(description="更新")
    unchanged: int = Field(description="未变更")
    blank: int = Field(description="没有填写的行")
    rejected: list[BadAnswer] = Field(description="退回的行及原因")


@router.post("/screenings", summary="盘点筛选", operation_id="create_screening", responses=responses(422))
def create_screening(runtime: RuntimeDep, data: ScreeningInput) -> ScreeningResult:
    """筛选全部高校、科研院所、医疗机构和国企的专利，逐件给出是否沉睡与潜力分；结果取代上一次筛选，用专利接口查看。"""
    report = screening.screen(runtime, data.as_of or beijing_today())
    return ScreeningResult.model_validate(report, from_attributes=True)


@router.post(
    "/answers",
    summary="导入盘点答复",
    operation_id="import_answers",
    status_code=status.HTTP_201_CREATED,
    responses=responses(413, 422),
)
def create_answers(
    runtime: RuntimeDep,
    caller: Caller,
    file: Annotated[UploadFile, File(description="填写好的年度盘点表")],
    answered_on: Annotated[date | None, Form(description="答复日期；缺省为今日")] = None,
) -> AnswerResult:
    """读取专利权人填写好的年度盘点表，记录处置意见与产业化前景；未填的行不动，有误的行退回并说明原因。"""
    with stored_upload(file, runtime.settings.uploads_dir) as path:
        report = import_answers(runtime.database, path, answered_on or beijing_today(), actor=caller)
    return AnswerResult.model_validate(
        {name: getattr(report, name) for name in AnswerResult.model_fields if name != "rejected"}
        | {"rejected": [{n: getattr(bad, n) for n in BadAnswer.model_fields} for bad in report.rejected]}
    )
