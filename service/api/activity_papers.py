"""Papers of a docking activity (纸面材料): what there is and what it waits for, each paper, all as one zip."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from assessment.eligibility import gate
from catalog.accounts import permissions
from catalog.kit.base import Schema
from catalog.kit.days import beijing_today
from catalog.kit.ids import Id
from catalog.kit.paging import Page
from service.sheets.docking import papers, programme
from service.sheets.docking.papers import MEDIA_TYPES, ZIP_TYPE, PaperShown
from service.sheets.docking.programme import PrintedProgramme
from service.web.dependencies import Reading, RecordId, RuntimeDep
from service.web.errors import responses
from service.web.files.attachments import attachment
from service.web.rights import may

router = APIRouter(
    prefix="/activities", tags=["activities"], dependencies=[may(permissions.ACTIVITIES_WRITE)]
)
PaperName = Annotated[str, Path(max_length=50, description="材料的名称", examples=["对接手册"])]


class PaperQuery(Schema):
    """For whom a paper is wanted."""

    party: Id | None = Field(default=None, description="参会方的邀请编号；缺省为全部参会方")


def _programme(session: Reading, runtime: RuntimeDep, id: RecordId) -> PrintedProgramme:
    return programme.read(session, id, beijing_today(), gate.load_table(runtime.settings.data))


@router.get(
    "/{id:int}/papers",
    summary="活动的纸面材料",
    operation_id="list_activity_papers",
    responses=responses(404, 422),
)
def list_activity_papers(session: Reading, runtime: RuntimeDep, id: RecordId) -> Page[PaperShown]:
    """活动的全部材料：名称、格式、供谁使用，能否生成；尚不能生成的，说明应先办理什么。"""
    return Page.whole(papers.listed(_programme(session, runtime, id)))


@router.get(
    "/{id:int}/papers.zip",
    summary="全部材料的压缩包",
    operation_id="get_activity_papers",
    response_class=Response,
    responses={200: {"content": {ZIP_TYPE: {}}}, **responses(404, 422)},
)
def get_activity_papers(session: Reading, runtime: RuntimeDep, id: RecordId) -> Response:
    """现在可以生成的全部材料；尚不能生成的列在压缩包内的文本文件中。"""
    found = _programme(session, runtime, id)
    return attachment(papers.bundle(found), f"{found.activity.name}-材料.zip", ZIP_TYPE)


@router.get(
    "/{id:int}/papers/{name}",
    summary="一份材料",
    operation_id="get_activity_paper",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}}, **responses(404, 409, 422)},
)
def get_activity_paper(
    session: Reading,
    runtime: RuntimeDep,
    id: RecordId,
    name: PaperName,
    wanted: Annotated[PaperQuery, Query()],
) -> Response:
    """按名称取一份 Word、Excel 或日历文件，可只取一个参会方的。所需内容尚未具备的返回 409，并说明应先办理什么。"""
    paper, found = papers.named(name), _programme(session, runtime, id)
    content = papers.made(paper, found, wanted.party)
    return attachment(content, f"{found.activity.name}-{paper.file_name}", MEDIA_TYPES[paper.format])
