"""Invitations (邀请) to an activity, the answers to them, and who came."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, Field

from catalog.accounts import permissions
from catalog.docking import activities, edits, invitations, results, shown
from catalog.docking.candidates import Recommendation
from catalog.docking.invitations import Invitation, InvitationFilter, InvitationPublic
from catalog.docking.shown import MeetingPublic
from catalog.kit.days import beijing_today
from catalog.kit.paging import Page, PageQuery
from service.requests.docking.inputs import AnswerInput, AttendanceInput, InvitationInput, RecommendedInput
from service.requests.docking.inviting import invite_recommended, recommended
from service.requests.lists import sort_field
from service.requests.single import docking as forms
from service.requests.single.patches import Patch, merge_patch_of, patched
from service.sheets.docking.answers import answer_list
from service.sheets.documents import XLSX_TYPE
from service.web.dependencies import Caller, Reading, RecordId, Writing
from service.web.errors import responses
from service.web.files.attachments import attachment
from service.web.repeats import Made
from service.web.rights import may
from service.web.versions import Tagged, Versioned, created, patch_body, read, unchanged, written

router = APIRouter(
    prefix="/activities/{id:int}",
    tags=["activities"],
    dependencies=[may(permissions.ACTIVITIES_READ, permissions.ACTIVITIES_WRITE)],
)


AnswerPatch = Annotated[Patch, patch_body(), merge_patch_of(AnswerInput, "AnswerPatch")]


class InvitationQuery(InvitationFilter, PageQuery):
    """Page and conditions of a list of invitations."""

    sort: str | None = sort_field(invitations.SORTS)


class Attendance(BaseModel):
    """A party that came or did not come, and its meetings that this concerns."""

    invitation: InvitationPublic = Field(description="邀请及到场情况")
    meetings: list[MeetingPublic] = Field(description="由此改变的会谈")


@router.get(
    "/invitations", summary="活动的邀请", operation_id="list_invitations", responses=responses(404, 422)
)
def list_invitations(
    session: Reading, id: RecordId, wanted: Annotated[InvitationQuery, Query()]
) -> Page[InvitationPublic]:
    """按身份和答复筛选，分页返回；附邀请的理由。"""
    activities.get(session, id)
    where = InvitationFilter(**{name: getattr(wanted, name) for name in InvitationFilter.model_fields})
    found = invitations.page(session, id, wanted, where)
    items = [invitations.public(row) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get(
    "/invitations.xlsx",
    summary="邀请答复表",
    operation_id="export_invitations",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(404, 422)},
)
def export_invitations(session: Reading, id: RecordId) -> Response:
    """全部邀请与答复，一行一个参会方；填写答复后可直接导入。含各方的意愿和备注，供主办方使用。"""
    return attachment(
        answer_list(session, id), f"{activities.get(session, id).name}-邀请答复表.xlsx", XLSX_TYPE
    )


@router.get(
    "/invitations/{invitation_id:int}",
    summary="一份邀请",
    operation_id="get_invitation",
    responses=read(404, 422),
)
def get_invitation(
    session: Reading, version: Versioned, id: RecordId, invitation_id: RecordId
) -> InvitationPublic:
    """一份邀请及其答复。"""
    row = invitations.get(session, id, invitation_id)
    return version.of(row, invitations.public(row))


@router.post(
    "/invitations",
    summary="登记邀请",
    operation_id="create_invitation",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 409, 413, 422),
)
def create_invitation(
    session: Writing, caller: Caller, made: Made, id: RecordId, data: InvitationInput
) -> InvitationPublic:
    """邀请企业、专利权人团队、专家或金融机构；企业和专利权人按编号或名称与系统中的记录相联。"""
    row = edits.invite(session, id, data.created(), actor=caller)
    return made.at(f"/activities/{id}/invitations/{row.id}", row, invitations.public(row))


@router.get(
    "/recommendation",
    summary="推荐邀请名单",
    operation_id="recommend_invitations",
    responses=responses(404, 422),
    dependencies=[may(permissions.ACTIVITIES_WRITE)],
)
def recommend_invitations(session: Reading, id: RecordId) -> Recommendation:
    """依最近一次夜间匹配推荐企业（专精特新优先）和专利权人团队，附支持邀请的匹配；未列入的说明原因。

    只用匹配程度为高、中的组合。对方只能看到需求的名称、行业和地区。
    """
    return recommended(session, id, beijing_today())


@router.post(
    "/recommendation",
    summary="按推荐名单邀请",
    operation_id="invite_recommended",
    status_code=status.HTTP_201_CREATED,
    responses=responses(400, 404, 409, 413, 422),
)
def invite_by_recommendation(
    session: Writing, caller: Caller, id: RecordId, data: RecommendedInput
) -> Page[InvitationPublic]:
    """邀请推荐名单中的全部或部分单位；已有邀请的不重复登记。"""
    rows = invite_recommended(session, id, data, beijing_today(), actor=caller)
    return Page.whole([invitations.public(row) for row in rows])


@router.put(
    "/invitations/{invitation_id:int}",
    summary="登记答复",
    operation_id="answer_invitation",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(Invitation, "invitation_id")],
)
def answer_invitation(
    session: Writing,
    caller: Caller,
    tagged: Tagged,
    id: RecordId,
    invitation_id: RecordId,
    data: AnswerInput,
) -> InvitationPublic:
    """以提交的内容替换原答复：是否参加、参会人员、场次、不能参加的时段、希望和不希望会谈的对方。"""
    row = edits.answer(session, id, invitation_id, data.stated(), actor=caller)
    return tagged.of(row, invitations.public(row))


@router.patch(
    "/invitations/{invitation_id:int}",
    summary="修改答复的部分内容",
    operation_id="patch_invitation",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(Invitation, "invitation_id")],
)
def patch_invitation(
    session: Writing,
    caller: Caller,
    tagged: Tagged,
    id: RecordId,
    invitation_id: RecordId,
    patch: AnswerPatch,
) -> InvitationPublic:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变。"""
    data = patched(AnswerInput, forms.answer(invitations.get(session, id, invitation_id)), patch)
    row = edits.answer(session, id, invitation_id, data.stated(), actor=caller)
    return tagged.of(row, invitations.public(row))


@router.post(
    "/invitations/{invitation_id}/attendance",
    summary="登记到场情况",
    operation_id="note_attendance",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(Invitation, "invitation_id")],
)
def note_attendance(
    session: Writing,
    caller: Caller,
    tagged: Tagged,
    id: RecordId,
    invitation_id: RecordId,
    data: AttendanceInput,
) -> Attendance:
    """登记参会方是否到场。未到场的，其尚未举行的会谈记为未到场，可据此调整编排。"""
    party, concerned = results.no_show(session, id, invitation_id, came=data.came, actor=caller)
    shown_party = tagged.of(party, invitations.public(party))
    return Attendance(invitation=shown_party, meetings=shown.meetings_shown(session, concerned))
