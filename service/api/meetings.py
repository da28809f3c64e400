"""Meetings (会谈) and schedules (日程) of an activity."""

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from catalog.accounts import permissions
from catalog.docking import activities, meetings, results, shown
from catalog.docking.activities import Activity
from catalog.docking.meetings import ActivityMeeting
from catalog.docking.schedules import MeetingMove
from catalog.docking.shown import ActivityPublic, MeetingPublic, SchedulePublic
from catalog.kit.base import Schema, id_of
from catalog.kit.days import beijing_today
from catalog.kit.paging import Page
from service.requests.docking import composing, moving, publishing
from service.requests.docking.inputs import ComposeInput, MeetingStateInput
from service.requests.docking.moving import MoveDone, MoveInput, TargetPublic
from service.web.dependencies import Caller, Reading, RecordId, RuntimeDep, Writing
from service.web.errors import responses
from service.web.rights import may
from service.web.versions import Conditional, Tagged, Versioned, locked, read, removed, unchanged, written

router = APIRouter(
    prefix="/activities/{id:int}",
    tags=["activities"],
    dependencies=[may(permissions.ACTIVITIES_READ, permissions.ACTIVITIES_WRITE)],
)


class LockInput(Schema):
    """Whether a meeting is locked."""

    pinned: bool = Field(strict=True, description="是否锁定")


class SchedulePublication(BaseModel):
    """A schedule that was published, and what changed since the one published before."""

    activity: ActivityPublic = Field(description="对接活动")
    moves: list[MeetingMove] = Field(description="与上次发布的不同，及须通知的参会方")


@router.get("/meetings", summary="活动的会谈", operation_id="list_meetings", responses=responses(404, 422))
def list_meetings(session: Reading, id: RecordId) -> Page[MeetingPublic]:
    """全部会谈，按场次、时段、桌号排列，含已取消的。"""
    activities.get(session, id)
    return Page.whole(shown.meetings_shown(session, meetings.of_activity(session, id)))


@router.get(
    "/meetings/{meeting_id:int}", summary="一场会谈", operation_id="get_meeting", responses=read(404, 422)
)
def get_meeting(session: Reading, version: Versioned, id: RecordId, meeting_id: RecordId) -> MeetingPublic:
    """一场会谈的时间、地点、双方与情况。"""
    row = meetings.get(session, id, meeting_id)
    return version.of(row, shown.meetings_shown(session, [row])[0])


@router.post(
    "/meetings/{meeting_id}/lock",
    summary="锁定会谈",
    operation_id="lock_meeting",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(ActivityMeeting, "meeting_id")],
)
def lock_meeting(
    session: Writing,
    caller: Caller,
    tagged: Tagged,
    id: RecordId,
    meeting_id: RecordId,
    data: LockInput,
) -> MeetingPublic:
    """锁定后，重新编排和调整编排都不改动这场会谈；也可解除锁定。"""
    row = results.lock(session, id, meeting_id, pinned=data.pinned, actor=caller)
    return tagged.of(row, shown.meetings_shown(session, [row])[0])


@router.post(
    "/meetings/{meeting_id}/state",
    summary="登记会谈情况",
    operation_id="set_meeting_state",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(ActivityMeeting, "meeting_id")],
)
def set_meeting_state(
    session: Writing,
    caller: Caller,
    tagged: Tagged,
    id: RecordId,
    meeting_id: RecordId,
    data: MeetingStateInput,
) -> MeetingPublic:
    """登记一场会谈已举行、未到场或已取消；登记对接结果的，自动记为已举行。"""
    row = results.set_state(session, id, meeting_id, data.state, actor=caller)
    return tagged.of(row, shown.meetings_shown(session, [row])[0])


@router.get(
    "/meetings/{meeting_id}/targets",
    summary="会谈可以调整到何处",
    operation_id="list_meeting_targets",
    responses=responses(404, 409, 422),
    dependencies=[may(permissions.ACTIVITIES_WRITE)],
)
def list_meeting_targets(session: Reading, id: RecordId, meeting_id: RecordId) -> Page[TargetPublic]:
    """逐个时段、逐张桌列出能否调整到此；不能的说明违反哪些规则，并给出调整后的空档总数。"""
    return Page.whole(moving.targets(session, id, meeting_id, beijing_today()))


@router.post(
    "/meetings/{meeting_id}/move",
    summary="手工调整会谈",
    operation_id="move_meeting",
    responses=removed(400, 404, 409, 413, 422),
    dependencies=[unchanged(ActivityMeeting, "meeting_id")],
)
def move_meeting(
    session: Writing, caller: Caller, id: RecordId, meeting_id: RecordId, data: MoveInput
) -> MoveDone:
    """调整到另一时段或桌号，立即核对；违反规则的返回 409 并说明。调整后成为新的一份日程，须再次发布。"""
    return moving.move(session, id, meeting_id, data, beijing_today(), actor=caller)


@router.delete(
    "/meetings/{meeting_id:int}",
    summary="取消会谈",
    operation_id="drop_meeting",
    responses=removed(404, 409, 422),
    dependencies=[unchanged(ActivityMeeting, "meeting_id")],
)
def drop_meeting(session: Writing, caller: Caller, id: RecordId, meeting_id: RecordId) -> MoveDone:
    """把一场会谈移出日程，成为新的一份日程；规则要求举行的返回 409 并说明。"""
    return moving.drop(session, id, meeting_id, beijing_today(), actor=caller)


@router.get(
    "/schedules",
    summary="活动的日程",
    operation_id="list_schedules",
    responses=responses(404, 422),
    dependencies=[may(permissions.ACTIVITIES_WRITE)],
)
def list_schedules(session: Reading, id: RecordId) -> Page[SchedulePublic]:
    """全部日程，最新的在前；附总价值、上界、核对结果和与上一份的不同。"""
    row = activities.get(session, id)
    return Page.whole([shown.schedule(run, row.run) for run in meetings.runs_of(session, id)])


@router.get(
    "/schedules/{number}",
    summary="一份日程",
    operation_id="get_schedule",
    responses=read(404, 422),
    dependencies=[may(permissions.ACTIVITIES_WRITE)],
)
def get_schedule(session: Reading, version: Versioned, id: RecordId, number: RecordId) -> SchedulePublic:
    """一份日程；编排期间返回进展：总价值、上界与差距。"""
    row = activities.get(session, id)
    run = meetings.run_of(session, id, number)
    return version.of(run, shown.schedule(run, row.run))


@router.post(
    "/schedules",
    summary="编排日程",
    operation_id="compose_schedule",
    status_code=status.HTTP_202_ACCEPTED,
    responses=removed(400, 404, 409, 413, 422),
)
def compose_schedule(
    runtime: RuntimeDep, caller: Caller, condition: Conditional, id: RecordId, data: ComposeInput
) -> SchedulePublic:
    """开始编排，随即返回日程编号；以 GET 该日程查看进展。完成并通过核对后即为现行日程。

    规则不能同时满足的，状态为“未完成”，并列出相互冲突的规则。
    """
    with runtime.database.write() as session:
        condition.check(locked(session, Activity, str(id)))
        run = composing.begin(session, id, data.wish(), actor=caller)
        answer, run_id = shown.schedule(run, None), id_of(run)
    composing.in_background(runtime.database, run_id, beijing_today())
    return answer


@router.post(
    "/schedules/{number}/stop",
    summary="停止编排",
    operation_id="stop_schedule",
    responses=removed(404, 409, 422),
)
def stop_schedule(session: Writing, condition: Conditional, id: RecordId, number: RecordId) -> SchedulePublic:
    """要求停止正在进行的编排；已得的最好结果留存，可以续排。"""
    activity, run = activities.get(session, id), meetings.run_of(session, id, number)
    condition.check(run)
    return shown.schedule(composing.stop(session, id, number), activity.run)


@router.post(
    "/publication",
    summary="发布日程",
    operation_id="publish_schedule",
    responses=written(404, 409, 422),
    dependencies=[unchanged(Activity)],
)
def publish_schedule(session: Writing, caller: Caller, tagged: Tagged, id: RecordId) -> SchedulePublication:
    """发布现行日程，返回与上次发布的不同和须通知的参会方；未通过核对的不能发布。"""
    row, moves = publishing.publish(session, id, beijing_today(), actor=caller)
    published = tagged.of(row, shown.activity(session, row))
    return SchedulePublication(activity=published, moves=moves)
