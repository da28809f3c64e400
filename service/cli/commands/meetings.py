"""Commands on the meetings (会谈) and schedules (日程) of an activity; `activities` adds them to the command line."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from catalog.kit.ids import MAX_ID
from service.cli.terminal.options import checked
from service.cli.terminal.output import print_json, print_table
from service.cli.terminal.runtime import ready_runtime

ACTOR = "命令行"
Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出，与接口同形")]
By = Annotated[str, typer.Option(help="操作者姓名，记入历史", metavar="姓名")]
Activity = Annotated[int, typer.Argument(help="活动的系统编号", metavar="活动", min=1, max=MAX_ID)]
Meeting = Annotated[int, typer.Argument(help="会谈编号", metavar="会谈", min=1, max=MAX_ID)]
Invited = Annotated[int, typer.Argument(help="邀请编号", metavar="邀请", min=1, max=MAX_ID)]


def activities_meetings(activity: Activity, as_json: Json = False) -> None:
    """列出活动的会谈，按场次、时段、桌号。

    示例：
    patentdock activities meetings 1
    """
    from catalog.docking import activities, meetings, shown

    with ready_runtime().database.read() as session:
        activities.get(session, activity)
        items = shown.meetings_shown(session, meetings.of_activity(session, activity))
    if as_json:
        print_json([item.model_dump(mode="json") for item in items])
        return
    print_table(
        ["编号", "场次", "时间", "桌号", "企业", "需求", "团队", "专利", "锁定", "状态"],
        [
            [
                one.id,
                one.session,
                f"{one.day} {one.clock}",
                one.table,
                one.firm,
                one.need_title or "",
                one.team,
                one.patent_title or "",
                "是" if one.pinned else "",
                one.state_name,
            ]
            for one in items
        ],
    )


def activities_schedules(activity: Activity, as_json: Json = False) -> None:
    """列出活动的各份日程：总价值、上界、空档、核对结果与变动。

    示例：
    patentdock activities schedules 1
    """
    from catalog.docking import activities, meetings, shown

    with ready_runtime().database.read() as session:
        row = activities.get(session, activity)
        items = [shown.schedule(run, row.run) for run in meetings.runs_of(session, activity)]
    if as_json:
        print_json([item.model_dump(mode="json") for item in items])
        return
    print_table(
        [
            "日程",
            "方式",
            "状态",
            "会谈",
            "总价值",
            "上界",
            "差距",
            "空档",
            "用时（秒）",
            "核对",
            "变动",
            "现行",
        ],
        [
            [
                one.number,
                one.kind_name,
                one.state_name,
                one.meetings,
                _said(one.value),
                _said(one.bound),
                "" if one.gap is None else f"{one.gap:.2%}",
                _said(one.breaks),
                _said(one.seconds),
                "通过" if one.is_checked else "未通过",
                len(one.moves),
                "是" if one.in_force else "",
            ]
            for one in items
        ],
    )


def _said(value: object) -> object:
    return "" if value is None else value


def activities_lock(
    activity: Activity,
    meeting: Meeting,
    unlock: Annotated[bool, typer.Option("--unlock", help="解除锁定")] = False,
    by: By = ACTOR,
) -> None:
    """锁定一场会谈，编排时不改动；或解除锁定。

    示例：
    patentdock activities lock 1 7
    """
    from catalog.docking import results

    with ready_runtime().database.write() as session:
        results.lock(session, activity, meeting, pinned=not unlock, actor=by)
    print(f"会谈 {meeting} 已{'解除锁定' if unlock else '锁定'}")


def activities_publish(activity: Activity, by: By = ACTOR, as_json: Json = False) -> None:
    """发布现行日程，列出与上次发布的不同和须通知的参会方。

    示例：
    patentdock activities publish 1
    """
    from catalog.docking import schedules

    with ready_runtime().database.write() as session:
        row, moves = schedules.publish(session, activity, actor=by)
        number = row.published_run
    if as_json:
        print_json({"schedule": number, "moves": [one.model_dump(mode="json") for one in moves]})
        return
    print(f"已发布第 {number} 份日程，与上次发布相比变动 {len(moves)} 处")
    for one in moves:
        print(f"  {one.text}")


def activities_attendance(
    activity: Activity,
    invitation: Invited,
    came: Annotated[bool, typer.Option("--came", help="更正为已到场")] = False,
    by: By = ACTOR,
) -> None:
    """登记参会方未到场，其尚未举行的会谈记为未到场；或更正为已到场。

    示例：
    patentdock activities attendance 1 5
    """
    from catalog.docking import results

    with ready_runtime().database.write() as session:
        party, concerned = results.no_show(session, activity, invitation, came=came, actor=by)
        title, numbers = party.title, [str(one.id) for one in concerned]
    print(f"{title}：{'已到场' if came else '未到场'}；涉及会谈 {'、'.join(numbers) or '无'}")


def activities_meeting_state(
    activity: Activity,
    meeting: Meeting,
    state: Annotated[str, typer.Argument(help="会谈状态：已举行、未到场、已取消", metavar="状态")],
    by: By = ACTOR,
) -> None:
    """登记一场会谈已举行、未到场或已取消。

    示例：
    patentdock activities meeting-state 1 7 未到场
    """
    from catalog.docking import results
    from service.requests.docking.inputs import MeetingStateInput

    wanted = checked(MeetingStateInput, {"state": "状态"}, {"state": state})
    with ready_runtime().database.write() as session:
        results.set_state(session, activity, meeting, wanted.state, actor=by)
    print(f"会谈 {meeting}：{wanted.state.label}")


COMMANDS: dict[str, Any] = {
    "meetings": activities_meetings,
    "schedules": activities_schedules,
    "lock": activities_lock,
    "publish": activities_publish,
    "attendance": activities_attendance,
    "meeting-state": activities_meeting_state,
}
