"""Answers to matches (匹配反馈): re-ranking within a request, storing answers, statistics of answers."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status
from pydantic import Field, ValidationError

from assessment.feedback import FeedbackSummary, summary
from catalog.accounts import permissions
from catalog.db import Session
from catalog.demand import feedback
from catalog.demand.feedback import Feedback, FeedbackCreate, FeedbackFilter, FeedbackPublic
from catalog.demand.needs import MAX_TEXT
from catalog.kit.base import Schema
from catalog.kit.errors import InvalidInput
from catalog.kit.ids import MAX_ID
from catalog.kit.paging import Page, PageQuery
from catalog.kit.terms import FeedbackReason, FeedbackVerdict
from matching.answers.refinement import RefinedMatches
from matching.answers.results import MatchResponse, PatentMatch
from service.requests.filters import Day, Values, codes_of, described, values_field
from service.requests.lists import sort_field
from service.requests.matches import RefineRequest, answer_to_text
from service.requests.types import either, term
from service.sheets.documents import XLSX_TYPE
from service.sheets.feedback import feedback_list
from service.sheets.lists import MOST_EXPORTED
from service.web.dependencies import Caller, Reading, RecordId, RuntimeDep, Writing
from service.web.errors import responses
from service.web.files.attachments import workbook
from service.web.repeats import Made
from service.web.rights import may
from service.web.versions import Versioned, created, read, removed, unchanged

router = APIRouter(tags=["feedback"])

Verdict = Annotated[FeedbackVerdict, term(FeedbackVerdict), either(FeedbackVerdict, optional=False)]
Reason = Annotated[FeedbackReason | None, term(FeedbackReason), either(FeedbackReason)]


class FeedbackInput(Schema):
    """An answer as a caller gives it; verdict and reason by code or Chinese name."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "text": "燃气泄漏检测仪零点漂移，希望不用标准气也能自动校准",
                    "patent_id": 1,
                    "verdict": "不合适",
                    "reason": "领域不符",
                    "who": "示例宜昌三江光电传感有限公司",
                }
            ]
        }
    }

    patent_id: int = Field(ge=1, le=MAX_ID, strict=True, description="专利编号")
    need_id: int | None = Field(
        default=None, ge=1, le=MAX_ID, strict=True, description="技术需求编号；与 text 填其一"
    )
    text: str = Field(default="", max_length=MAX_TEXT, description="需求文本；未登记的需求填写")
    verdict: Verdict = Field(description="合适或不合适")
    reason: Reason = Field(default=None, description="不合适的原因（八类），不合适时必填")
    note: str = Field(default="", max_length=1000, description="补充说明")
    who: str = Field(default="", max_length=300, description="作答的企业；缺省为需求所属的企业")
    generation: str = Field(default="", max_length=64, description="匹配所用的索引版本")
    rank: int | None = Field(default=None, ge=1, le=100_000, strict=True, description="匹配名次")
    score: float | None = Field(default=None, ge=-1e6, le=1e6, strict=True, description="匹配得分")


class FeedbackConditions(Schema):
    """Conditions of a list of answers."""

    patent_id: int | None = Field(default=None, ge=1, le=MAX_ID, description="专利编号")
    need_id: int | None = Field(default=None, ge=1, le=MAX_ID, description="技术需求编号")
    verdict: Values = values_field("合适或不合适", "不合适")
    reason: Values = values_field("不合适的原因（八类）", "价格", "has_solution")
    segment: Values = values_field("专利的产业细分领域", "HB01")
    holder: str | None = Field(default=None, max_length=300, description="专利权人名称（部分）")
    who: str | None = Field(default=None, max_length=300, description="作答企业名称（部分）")
    since: Day = Field(default=None, description="登记日不早于")
    until: Day = Field(default=None, description="登记日不晚于")
    replaced: bool = Field(default=False, description="是否也列出已被同一企业后来的答复取代的")


class FeedbackQuery(PageQuery, FeedbackConditions):
    """Page and conditions of a list of answers."""

    sort: str | None = sort_field(feedback.SORTS)


def filter_of(session: Session, wanted: FeedbackConditions) -> FeedbackFilter:
    """The conditions by stored value. Raises InvalidFields."""
    names = ("patent_id", "need_id", "holder", "who", "since", "until", "replaced")
    own: dict[str, Any] = {name: getattr(wanted, name) for name in names}
    codes: dict[str, Any] = codes_of(session, wanted, verdict=FeedbackVerdict, reason=FeedbackReason)
    return FeedbackFilter(**own, **codes)


def stored(session: Session, data: FeedbackInput, actor: str) -> Feedback:
    """Store an answer. Raises NotFound and InvalidInput."""
    try:
        record = FeedbackCreate(**data.model_dump())
    except ValidationError as error:
        reasons = [entry["msg"].removeprefix("Value error, ") for entry in error.errors()]
        raise InvalidInput("；".join(reasons)) from error
    return feedback.create(session, record, actor=actor)


@router.post(
    "/matches/refine",
    summary="按标注重新排序",
    operation_id="refine_match",
    response_model=RefinedMatches,
    responses=responses(400, 413, 422, 503),
    dependencies=[may(permissions.MATCHES_ASK)],
)
def refine_match(request: RefineRequest, runtime: RuntimeDep) -> MatchResponse[PatentMatch]:
    """把检索移向标为合适的专利、移离标为不合适的专利，再次匹配；不合适的不再列出。

    标注随请求而来，用后即弃：不保存，也不影响其他人的结果。得分各部分仍相加为总分，但属于调整后的检索（见 `refinement`）。
    """
    return answer_to_text(runtime, request.text_query).matches


@router.post(
    "/feedback",
    summary="登记匹配反馈",
    operation_id="create_feedback",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 413, 422),
    dependencies=[may(permissions.FEEDBACK_WRITE)],
)
def create_feedback(session: Writing, caller: Caller, made: Made, data: FeedbackInput) -> FeedbackPublic:
    """企业对推荐专利的答复；不合适须选八类原因之一。同一企业对同一需求和专利再次答复时，以后一次为准，前一次保留备查。

    答复只供积累与统计，不改变排序。
    """
    row = stored(session, data, caller)
    return made.at(f"/feedback/{row.id}", row, feedback.publics(session, [row])[0])


@router.get(
    "/feedback",
    summary="匹配反馈列表",
    operation_id="list_feedback",
    responses=responses(422, 503),
    dependencies=[may(permissions.FEEDBACK_READ)],
)
def list_feedback(session: Reading, wanted: Annotated[FeedbackQuery, Query()]) -> Page[FeedbackPublic]:
    """按专利、需求、判断、原因、细分领域、专利权人、企业、日期筛选，分页返回，最新的在前。"""
    found = feedback.page(session, wanted, filter_of(session, wanted))
    items = feedback.publics(session, found.rows)
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get(
    "/feedback/export.xlsx",
    summary="导出匹配反馈",
    operation_id="export_feedback",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(422, 503)},
    dependencies=[may(permissions.FEEDBACK_READ)],
)
def export_feedback(session: Reading, wanted: Annotated[FeedbackQuery, Query()]) -> Response:
    """符合条件的全部答复，次序与列表相同，为一个 Excel 工作簿；分页参数不起作用。"""
    where = filter_of(session, wanted)
    ids = feedback.listed(session, wanted, where, at_most=MOST_EXPORTED)
    return workbook(feedback_list(session, ids, described(wanted)), "匹配反馈")


@router.get(
    "/feedback/summary",
    summary="匹配反馈统计",
    operation_id="get_feedback_summary",
    responses=responses(422, 503),
    dependencies=[may(permissions.FEEDBACK_READ)],
)
def get_feedback_summary(
    session: Reading, runtime: RuntimeDep, wanted: Annotated[FeedbackConditions, Query()]
) -> FeedbackSummary:
    """按原因、产业细分领域、专利权人计数；条数或企业数不足门槛（可由运维人员修改）的只显示“样本不足”。"""
    return summary(session, filter_of(session, wanted), runtime.settings.data)


@router.get(
    "/feedback/{id:int}",
    summary="一条匹配反馈",
    operation_id="get_feedback",
    responses=read(404, 422),
    dependencies=[may(permissions.FEEDBACK_READ)],
)
def get_feedback(session: Reading, version: Versioned, id: RecordId) -> FeedbackPublic:
    """返回一条答复。"""
    row = feedback.get(session, id)
    return version.of(row, feedback.publics(session, [row])[0])


@router.delete(
    "/feedback/{id:int}",
    summary="删除匹配反馈",
    operation_id="delete_feedback",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=removed(404, 422),
    dependencies=[may(permissions.FEEDBACK_WRITE), unchanged(Feedback)],
)
def delete_feedback(session: Writing, id: RecordId) -> None:
    """删除登记错的一条；它所取代的前一次答复重新计入统计。"""
    feedback.remove(session, id)
