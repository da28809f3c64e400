"""Meetings (会谈) and schedules (日程) of an activity."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from catalog.docking import activities, meetings, results, schedules, shown
from catalog.docking.schedules import MeetingMove
from catalog.docking.shown import ActivityPublic, MeetingPublic, SchedulePublic
from catalog.kit.base import Schema
from service.requests.docking.inputs import MeetingStateInput
from service.web.dependencies import Caller, Reading, RecordId, Writing
from service.web.errors import responses

router = APIRouter(prefix="/activities/{id:int}", tags=["对接活动"])


class LockInput(Schema):
    """Whether a meeting is locked."""

    pinned: bool = Field(strict=True, description="是否锁定")


class SchedulePublication(BaseModel):
    """A schedule that was published, and what changed since the one published before."""

    activity: ActivityPublic
    moves: list[MeetingMove] = Field(description="与上次发布的不同，及须通知的参会方")


@router.get("/meetings", summary="活动的会谈", operation_id="list_meetings", responses=responses(404, 422))
def list_meetings(session: Reading, id: RecordId) -> list[MeetingPublic]:
    """全部会谈，按场次、时段、桌号排列，含已取消的。"""
    activities.get(session, id)
    return shown.meetings_shown(session, meetings.of_activity(session, id))


@router.post(
    "/meetings/{meeting_id}/lock",
    summary="锁定会谈",
    operation_id="lock_meeting",
    responses=responses(400, 404, 409, 413, 422),
)
def lock_meeting(
    session: Writing, caller: Caller, id: RecordId, meeting_id: RecordId, data: LockInput
) -> MeetingPublic:
    """锁定后，重新编排和调整编排都不改动这场会谈；也可解除锁定。"""
    row = results.lock(session, id, meeting_id, pinned=data.pinned, actor=caller)
    return shown.meetings_shown(session, [row])[0]


@router.post(
    "/meetings/{meeting_id}/state",
    summary="登记会谈情况",
    operation_id="set_meeting_state",
    responses=responses(400, 404, 409, 413, 422),
)
def set_meeting_state(
    session: Writing, caller: Caller, id: RecordId, meeting_id: RecordId, data: MeetingStateInput
) -> MeetingPublic:
    """登记一场会谈已举行、未到场或已取消；登记对接结果的，自动记为已举行。"""
    row = results.set_state(session, id, meeting_id, data.state, actor=caller)
    return shown.meetings_shown(session, [row])[0]


@router.get("/schedules", summary="活动的日程", operation_id="list_schedules", responses=responses(404, 422))
def list_schedules(session: Reading, id: RecordId) -> list[SchedulePublic]:
    """全部日程，最新的在前；附总价值、上界、核对结果和与上一份的不同。"""
    row = activities.get(session, id)
    return [shown.schedule(run, row.run) for run in meetings.runs_of(session, id)]


@router.get(
    "/schedules/{number}",
    summary="一份日程",
    operation_id="get_schedule",
    responses=responses(404, 422),
)
def get_schedule(session: Reading, id: RecordId, number: RecordId) -> SchedulePublic:
    """一份日程；编排期间返回进展：总价值、上界与差距。"""
    row = activities.get(session, id)
    return shown.schedule(meetings.run_of(session, id, number), row.run)


@router.post(
    "/publication",
    summary="发布日程",
    operation_id="publish_schedule",
    responses=responses(404, 409, 422),
)
def publish_schedule(session: Writing, caller: Caller, id: RecordId) -> SchedulePublication:
    """发布现行日程，返回与上次发布的不同和须通知的参会方；未通过核对的不能发布。"""
    row, moves = schedules.publish(session, id, actor=caller)
    return SchedulePublication(activity=shown.activity(session, row), moves=moves)
