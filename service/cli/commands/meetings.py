"""Commands on the meetings (会谈) and schedules (日程) of an activity; `activities` adds them to the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.kit.ids import MAX_ID
from service.cli.terminal.options import checked, option
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import ready_runtime

if TYPE_CHECKING:
    from datetime import date

    from catalog.db import Database
    from catalog.docking.shown import SchedulePublic
    from service.requests.docking.moving import MoveDone

FOLLOW_SECONDS = 0.5

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
                _figure(one.value),
                _figure(one.bound),
                "" if one.gap is None else f"{one.gap:.2%}",
                _figure(one.breaks),
                _figure(one.seconds),
                "通过" if one.is_checked else "未通过",
                len(one.moves),
                "是" if one.in_force else "",
            ]
            for one in items
        ],
    )


def _figure(value: object) -> object:
    return "" if value is None else value


def activities_compose(
    activity: Activity,
    replan: Annotated[
        bool, typer.Option("--replan", help="未到场、变更之后，以最少的变动更新现行日程")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="只用快速方法，数秒内给出")] = False,
    seed: Annotated[int | None, option("随机种子；缺省为活动的种子", "种子")] = None,
    seconds: Annotated[int | None, option("用时上限；缺省为活动的规则", "秒")] = None,
    since: Annotated[str, option("自哪一场次、时段起可以变动，如 1-3；之前的不变", "场次-时段")] = "1-1",
    resume: Annotated[int | None, option("续排已停止、已中断的日程", "日程编号")] = None,
    by: By = ACTOR,
    as_json: Json = False,
) -> int:
    """编排日程，显示进展；通过核对后即为现行日程。按 Ctrl+C 停止，已得的最好结果留存。

    示例：
    patentdock activities compose 1 --seconds 60
    patentdock activities compose 1 --replan --since 1-3
    """
    from catalog.docking import meetings, shown
    from catalog.docking.terms import ScheduleKind, ScheduleState
    from catalog.kit.base import id_of
    from catalog.kit.days import beijing_today
    from service.requests.docking import composing
    from service.requests.docking.inputs import ComposeInput

    first, slot = _place(since)
    kind = ScheduleKind.REPLANNED if replan else ScheduleKind.COMPOSED
    values = {"kind": kind, "quick": quick, "seed": seed, "seconds": seconds, "resumed": resume}
    names = {"resumed": "--resume", "from_session": "--since", "from_slot": "--since"}
    data = checked(ComposeInput, names, values | {"from_session": first, "from_slot": slot})
    database = ready_runtime().database
    with database.write() as session:
        run = composing.begin(session, activity, data.wish(), actor=by)
        run_id, number = id_of(run), run.number
    _follow(database, run_id, beijing_today())
    with database.read() as session:
        found = shown.schedule(meetings.run_of(session, activity, number), None)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _print_schedule(found)
    return 0 if found.state == ScheduleState.FINISHED else 1


def _place(text: str) -> tuple[int, int]:
    """Session and slot as "1-3". Raises InvalidInput."""
    from catalog.kit.errors import InvalidInput

    parts = text.split("-")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise InvalidInput(f"--since：“{text}”无法识别", hint="应为“场次-时段”，如 1-3")
    return int(parts[0]), int(parts[1])


def _follow(database: Database, run_id: int, today: date) -> None:
    """Composes in a thread and shows the progress; an interrupt stops the work, which keeps what it has."""
    from threading import Thread

    from catalog.docking import meetings
    from service.requests.docking import composing

    thread = Thread(target=composing.work, args=(database, run_id, today), daemon=True)
    thread.start()
    shown: dict[str, Any] = {}
    while thread.is_alive():
        try:
            thread.join(FOLLOW_SECONDS)
            with database.read() as session:
                progress = meetings.run_with_id(session, run_id).progress
            if progress and progress != shown:
                shown = progress
                note(_progress(shown))
        except KeyboardInterrupt:
            note("正在停止编排…")
            with database.write() as session:
                meetings.run_with_id(session, run_id).is_stopping = True


def _progress(progress: dict[str, Any]) -> str:
    gap = "" if progress.get("gap") is None else f"，差距 {progress['gap']:.2%}"
    return f"{progress.get('stage', '')}：总价值 {_figure(progress.get('value'))}，上界 {_figure(progress.get('bound'))}{gap}"


def _print_schedule(found: SchedulePublic) -> None:
    print(f"第 {found.number} 份日程：{found.state_name}" + (f"，{found.message}" if found.message else ""))
    if found.value is not None:
        gap = "" if found.gap is None else f"，差距 {found.gap:.2%}"
        print(
            f"会谈 {found.meetings} 场，总价值 {found.value}，上界 {found.bound}{gap}，空档 {found.breaks} 个"
        )
        print(
            f"方法 {found.method}，种子 {found.seed}，用时 {found.seconds} 秒，核对{'通过' if found.is_checked else '未通过'}"
        )
    for one in found.findings:
        print(f"  {one}")
    for move in found.moves:
        print(f"  {move['text']}")


def activities_targets(activity: Activity, meeting: Meeting, as_json: Json = False) -> None:
    """列出一场会谈可以调整到何处；不能的说明违反哪些规则。

    示例：
    patentdock activities targets 1 7
    """
    from catalog.kit.days import beijing_today
    from service.requests.docking import moving

    with ready_runtime().database.read() as session:
        items = moving.targets(session, activity, meeting, beijing_today())
    if as_json:
        print_json([item.model_dump(mode="json") for item in items])
        return
    print_table(
        ["场次", "时段", "时间", "桌号", "可否", "空档", "违反的规则"],
        [
            [
                one.session,
                one.slot,
                one.clock,
                one.table,
                "可以" if one.allowed else "不可",
                one.breaks,
                "".join(one.problems),
            ]
            for one in items
        ],
    )


def activities_move(
    activity: Activity,
    meeting: Meeting,
    session: Annotated[int, typer.Argument(help="场次序号", metavar="场次")],
    slot: Annotated[int, typer.Argument(help="时段序号", metavar="时段")],
    table: Annotated[int, typer.Argument(help="桌号", metavar="桌号")],
    by: By = ACTOR,
    as_json: Json = False,
) -> None:
    """把一场会谈调整到另一时段或桌号，立即核对；违反规则的不予调整并说明。

    示例：
    patentdock activities move 1 7 1 3 2
    """
    from catalog.kit.days import beijing_today
    from service.requests.docking import moving
    from service.requests.docking.moving import MoveInput

    names = {"session": "场次", "slot": "时段", "table": "桌号"}
    to = checked(MoveInput, names, {"session": session, "slot": slot, "table": table})
    with ready_runtime().database.write() as database:
        done = moving.move(database, activity, meeting, to, beijing_today(), actor=by)
    _print_done(done, as_json)


def activities_drop(activity: Activity, meeting: Meeting, by: By = ACTOR, as_json: Json = False) -> None:
    """把一场会谈移出日程；规则要求举行的不予取消并说明。

    示例：
    patentdock activities drop 1 7
    """
    from catalog.kit.days import beijing_today
    from service.requests.docking import moving

    with ready_runtime().database.write() as session:
        done = moving.drop(session, activity, meeting, beijing_today(), actor=by)
    _print_done(done, as_json)


def _print_done(done: MoveDone, as_json: bool) -> None:
    if as_json:
        print_json(done.model_dump(mode="json"))
        return
    print(f"现行日程为第 {done.schedule} 份，须再次发布")
    for one in done.moves:
        print(f"  {one.text}")


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
    from catalog.kit.days import beijing_today
    from service.requests.docking import publishing

    with ready_runtime().database.write() as session:
        row, moves = publishing.publish(session, activity, beijing_today(), actor=by)
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
    "compose": activities_compose,
    "targets": activities_targets,
    "move": activities_move,
    "drop": activities_drop,
    "lock": activities_lock,
    "publish": activities_publish,
    "attendance": activities_attendance,
    "meeting-state": activities_meeting_state,
}
