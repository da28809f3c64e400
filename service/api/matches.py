"""Matches (匹配): a text or a need to patents, a patent to needs."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from catalog.accounts import permissions
from catalog.kit.days import beijing_today
from matching.answers.completer import PortfolioList, QuestionList
from matching.answers.results import MatchResponse, NeedMatch, PatentMatch
from service.installation.runtime import Runtime
from service.requests.batches import BatchRequest, NamedAnswer, answer_to_batch
from service.requests.filters import described
from service.requests.matches import (
    CompletionRequest,
    MatchQuery,
    MatchRequest,
    PatentMatchQuery,
    answer_to_text,
    needs_for_patent,
    patents_for_need,
    portfolios_for,
    questions_to,
)
from service.sheets.documents import XLSX_TYPE, to_xlsx
from service.sheets.matches import batch_document
from service.web.dependencies import HasLeft, RecordId, RuntimeDep
from service.web.errors import Problem, problem_within, responses
from service.web.files.attachments import attachment
from service.web.rights import may
from service.web.shaped import shaped

router = APIRouter(tags=["matches"], dependencies=[may(permissions.MATCHES_ASK)])


_ERRORS = responses(400, 404, 413, 422, 503)
_ERRORS_BY_ID = responses(404, 422, 503)


@router.post("/matches", summary="按文本匹配专利", operation_id="create_match", responses=_ERRORS)
def create_match(request: MatchRequest, runtime: RuntimeDep) -> MatchResponse[PatentMatch]:
    """先按条件筛选，再综合语义和关键词检索并排序。

    每件专利都附各路得分、加分项与减分项、原文依据、产业细分领域及其依据、开放许可条件。
    """
    return shaped(request, answer_to_text(runtime, request.text_query).matches, PatentMatch)


class BatchMatched(BaseModel):
    """A query of a batch that was answered."""

    name: str = Field(description="查询的名称")
    matches: MatchResponse[PatentMatch] | MatchResponse[NeedMatch] = Field(
        description="与单独请求的应答相同；`took_ms` 不含文本的向量计算"
    )


class BatchFailed(BaseModel):
    """A query of a batch that cannot be answered."""

    name: str = Field(description="查询的名称")
    problem: Problem = Field(description="与单独请求的出错应答相同")


class BatchResponse(BaseModel):
    """The answers to a batch of queries, in their order."""

    generation: str = Field(description="所用的索引版本，各查询相同")
    items: list[BatchMatched | BatchFailed] = Field(description="各查询的结果或问题，次序与请求相同")


def _item(runtime: Runtime, answer: NamedAnswer) -> BatchMatched | BatchFailed:
    if answer.matches is not None:
        return BatchMatched(name=answer.name, matches=answer.matches)
    assert answer.error is not None  # noqa: S101
    return BatchFailed(name=answer.name, problem=problem_within(runtime, answer.error))


@router.post("/matches/batch", summary="批量匹配", operation_id="create_match_batch", responses=_ERRORS)
def create_match_batch(request: BatchRequest, runtime: RuntimeDep, has_left: HasLeft) -> BatchResponse:
    """一次请求至多 50 个命名的查询，按文本、按系统中的需求或按专利反向匹配，由同一索引版本一并作答。

    每个查询的结果与单独请求相同；有误的查询在 `problem` 中说明，不影响其余。断开连接即停止。
    """
    answer = answer_to_batch(runtime, request, has_left)
    items = [_item(runtime, one) for one in answer.items]
    return BatchResponse(generation=answer.generation, items=items)


@router.post(
    "/matches/batch/export.xlsx",
    summary="导出批量匹配结果",
    operation_id="export_match_batch",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **_ERRORS},
)
def export_match_batch(request: BatchRequest, runtime: RuntimeDep, has_left: HasLeft) -> Response:
    """与 `POST /matches/batch` 相同，结果为一个 Excel 工作簿：各查询的最高匹配程度与结果数，以及全部结果。"""
    answer = answer_to_batch(runtime, request, has_left)
    document = batch_document(answer.items, answer.generation, described(request.defaults.filters))
    return attachment(to_xlsx(document), f"批量匹配结果-{beijing_today():%Y%m%d}.xlsx", XLSX_TYPE)


@router.post("/matches/questions", summary="补充需求信息", operation_id="create_questions", responses=_ERRORS)
def create_questions(request: CompletionRequest, runtime: RuntimeDep) -> QuestionList:
    """需求尚未说明的要素中，回答后最能改变前十名的至多两问，附可选答案。

    把回答以“要素：内容”的形式续写在需求文本之后，再次匹配即可。
    """
    return questions_to(runtime, request)


@router.post(
    "/matches/portfolios", summary="推荐专利组合", operation_id="create_portfolios", responses=_ERRORS
)
def create_portfolios(request: CompletionRequest, runtime: RuntimeDep) -> PortfolioList:
    """没有一件专利能覆盖全部要点时，由至多三件专利组成的最小组合，专利权人少的在前。

    这是对单件结果的补充；有一件专利已覆盖同样多的要点时，组合为空。
    """
    return portfolios_for(runtime, request)


@router.get(
    "/needs/{id}/matches",
    summary="为一条技术需求匹配专利",
    operation_id="get_need_matches",
    responses=responses(404, 409, 422, 503),
    dependencies=[may(permissions.NEEDS_READ)],
)
def get_need_matches(
    id: RecordId, wanted: Annotated[PatentMatchQuery, Query()], runtime: RuntimeDep
) -> MatchResponse[PatentMatch]:
    """以需求的名称与描述为检索文本，结果与 `POST /matches` 同形；需求已截止或不在征集中时返回 409。"""
    return shaped(wanted, patents_for_need(runtime, id, wanted), PatentMatch)


@router.get(
    "/patents/{id}/needs",
    summary="为一件专利匹配技术需求",
    operation_id="get_patent_needs",
    responses=_ERRORS_BY_ID,
    dependencies=[may(permissions.NEEDS_READ)],
)
def get_patent_needs(
    id: RecordId, wanted: Annotated[MatchQuery, Query()], runtime: RuntimeDep
) -> MatchResponse[NeedMatch]:
    """反向匹配：哪些征集中的技术需求可由这件专利解决。"""
    return shaped(wanted, needs_for_patent(runtime, id, wanted), NeedMatch)
