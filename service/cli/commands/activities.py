"""Commands on docking activities (对接活动): records, invitations and answers; those on meetings stand in `meetings`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.commands import meetings, outcomes
from service.cli.commands.meetings import ACTOR, Activity, By, Invited, Json
from service.cli.terminal.help import Panel
from service.cli.terminal.options import checked, option
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import ready_runtime

if TYPE_CHECKING:
    from service.requests.docking.inputs import ActivityInput

File = Annotated[Path, typer.Argument(help="活动的内容，JSON 文件，与接口同形", metavar="文件.json")]


def _read(file: Path) -> ActivityInput:
    """The activity in a file. Raises InvalidInput and InvalidFields."""
    import json

    from catalog.kit.errors import InvalidInput
    from service.requests.docking.inputs import ActivityInput

    try:
        values = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise InvalidInput(f"{file} 不是 UTF-8 编码的 JSON 文件：{error}") from error
    if not isinstance(values, dict):
        raise InvalidInput(f"{file} 应为一个 JSON 对象", hint="格式见用户手册“供需对接活动”")
    names = {name: name for name in ActivityInput.model_fields}
    return checked(ActivityInput, names, values)


def activities_list(
    status: Annotated[str | None, option("活动状态，如 邀约中", "状态")] = None,
    area: Annotated[str | None, option("片区", "片区")] = None,
    limit: Annotated[int, typer.Option(help="最多列出多少项", metavar="项数", min=1, max=200)] = 50,
    as_json: Json = False,
) -> None:
    """列出对接活动，新近登记的在前。

    示例：
    patentdock activities list --status 邀约中
    """
    from catalog.docking import shown
    from catalog.docking.shown import ActivityFilter
    from catalog.docking.terms import ActivityStatus
    from catalog.kit.errors import InvalidInput
    from catalog.kit.paging import PageQuery

    try:
        wanted = ActivityFilter(status=ActivityStatus.parse(status) if status else None, area=area)
    except ValueError as error:
        raise InvalidInput(f"--status：{error}") from error
    with ready_runtime().database.read() as session:
        found = shown.page(session, PageQuery(size=limit), wanted)
        items = [shown.activity(session, row) for row in found.rows]
    if as_json:
        print_json({"total": found.total, "items": [item.model_dump(mode="json") for item in items]})
        return
    print_table(
        ["编号", "活动编号", "名称", "片区", "领域", "日期", "会谈", "状态"],
        [
            [
                one.id,
                one.code,
                one.name,
                one.area,
                one.field,
                one.starts_on or "",
                one.meetings,
                one.status_name,
            ]
            for one in items
        ],
    )
    note(f"共 {found.total} 项")


def _print_activity(activity: int, as_json: bool) -> None:
    from catalog.docking import activities, shown

    with ready_runtime().database.read() as session:
        found = shown.activity(session, activities.get(session, activity))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    print(f"活动 {found.id}（{found.code}）：{found.name}，{found.kind_name}，{found.status_name}")
    print(f"片区：{found.area or '未填写'}；领域：{found.field or '未填写'}；主办：{found.host or '未填写'}")
    for one in found.sessions:
        print(f"第 {one.number} 场 {one.name} {one.day} {one.starts}，{one.slots} 个时段，{one.tables} 张桌")
    for role in found.invited:
        print(f"{role.role_name}：邀请 {role.invited}，参加 {role.coming}，不参加 {role.declined}")
    print(f"会谈 {found.meetings} 场；现行日程：{found.run or '无'}；已发布：{found.published_run or '无'}")
    print("可以进入：" + ("、".join(status.label for status in found.next_statuses) or "无"))


def activities_show(activity: Activity, as_json: Json = False) -> None:
    """显示一项活动：场次、邀请情况、会谈和可以进入的状态。

    示例：
    patentdock activities show 1
    """
    _print_activity(activity, as_json)


def activities_create(file: File, by: By = ACTOR, as_json: Json = False) -> None:
    """登记一项对接活动。

    示例：
    patentdock activities create 活动.json
    """
    from catalog.docking import edits
    from catalog.kit.base import id_of
    from catalog.kit.days import beijing_today
    from service.requests.docking.inputs import activity_of

    data = _read(file)
    with ready_runtime().database.write() as session:
        row = edits.create(session, activity_of(session, data), today=beijing_today(), actor=by)
        activity = id_of(row)
    _print_activity(activity, as_json)


def activities_change(activity: Activity, file: File, by: By = ACTOR, as_json: Json = False) -> None:
    """以文件的内容整体更正一项活动，原内容留在历史中。

    示例：
    patentdock activities change 1 活动.json
    """
    from catalog.docking import edits
    from service.requests.docking.inputs import activity_of

    data = _read(file)
    with ready_runtime().database.write() as session:
        edits.change(session, activity, activity_of(session, data), actor=by)
    _print_activity(activity, as_json)


def activities_status(
    activity: Activity,
    status: Annotated[str, typer.Argument(help="进入的状态，如 邀约中、进行中、已结束", metavar="状态")],
    reason: Annotated[str, option("理由；退回、取消、重新开始时必填", "理由")] = "",
    by: By = ACTOR,
    as_json: Json = False,
) -> None:
    """让活动进入另一状态；还缺条件的说明原因。

    示例：
    patentdock activities status 1 邀约中
    """
    from catalog.docking import edits
    from catalog.kit.days import beijing_today
    from service.requests.docking.inputs import StatusInput

    wanted = checked(StatusInput, {"status": "状态"}, {"status": status, "reason": reason})
    with ready_runtime().database.write() as session:
        edits.set_status(
            session, activity, wanted.status, today=beijing_today(), reason=wanted.reason, actor=by
        )
    _print_activity(activity, as_json)


def activities_delete(
    activity: Activity,
    reason: Annotated[str, typer.Option(help="理由，记入删除记录", metavar="理由", show_default=False)],
    by: By = ACTOR,
) -> None:
    """删除筹备中、邀约中或已取消的活动，可以恢复。

    示例：
    patentdock activities delete 1 --reason 重复登记
    """
    from catalog.kit.base import id_of
    from catalog.mending.tombstones import Why
    from service.requests.docking.records import delete_activity

    with ready_runtime().database.write() as session:
        stone = delete_activity(session, activity, Why(by, reason))
        name, number = stone.name, id_of(stone)
    print(f"已删除{name}；恢复：patentdock records restore {number}")


def activities_history(
    activity: Activity,
    limit: Annotated[int, typer.Option(help="最多列出多少步", metavar="步数", min=1, max=200)] = 50,
    as_json: Json = False,
) -> None:
    """列出活动登记以来的每一步，最新的在前。

    示例：
    patentdock activities history 1
    """
    from catalog.docking import activities, history
    from catalog.kit.days import BEIJING
    from catalog.kit.paging import PageQuery

    with ready_runtime().database.read() as session:
        activities.get(session, activity)
        found = history.page(session, activity, PageQuery(size=limit))
        items = history.publics(found.rows)
    if as_json:
        print_json({"total": found.total, "items": [item.model_dump(mode="json") for item in items]})
        return
    print_table(
        ["时间", "操作者", "变动", "所涉"],
        [
            [f"{one.at.astimezone(BEIJING):%Y-%m-%d %H:%M}", one.actor, one.action_name, one.subject]
            for one in items
        ],
    )


def activities_invitations(
    activity: Activity,
    role: Annotated[str | None, option("只列此身份：企业、专利权人团队、专家、金融机构", "身份")] = None,
    out: Annotated[Path | None, option("把全部邀请写成可直接导入的 .xlsx", "文件")] = None,
    as_json: Json = False,
) -> None:
    """列出活动的邀请与答复；写成文件的，填写后可直接导入。

    示例：
    patentdock activities invitations 1 --role 企业
    patentdock activities invitations 1 --out 答复.xlsx
    """
    if out is not None:
        _write_invitations(activity, out)
        return
    from catalog.docking import activities, invitations
    from catalog.docking.terms import PartyRole
    from catalog.kit.errors import InvalidInput

    try:
        wanted = PartyRole.parse(role) if role else None
    except ValueError as error:
        raise InvalidInput(f"--role：{error}") from error
    with ready_runtime().database.read() as session:
        activities.get(session, activity)
        rows = invitations.of_activity(session, activity)
        items = [invitations.public(row) for row in rows if wanted in (None, row.role)]
    if as_json:
        print_json({"total": len(items), "items": [item.model_dump(mode="json") for item in items]})
        return
    print_table(
        ["编号", "身份", "单位", "专精特新", "答复", "参会人员", "到场"],
        [
            [
                one.id,
                one.role_name,
                one.title,
                "是" if one.special else "",
                one.answer_name,
                "、".join(one.people),
                "未到场" if one.no_show else "",
            ]
            for one in items
        ],
    )


def _write_invitations(activity: int, out: Path) -> None:
    from service.requests.field_problems import FieldProblem, InvalidFields
    from service.sheets.docking.answers import answer_list

    if out.suffix.lower() != ".xlsx":
        raise InvalidFields([FieldProblem(field="--out", value=str(out), reason="应为 .xlsx 文件")])
    with ready_runtime().database.read() as session:
        out.write_bytes(answer_list(session, activity))
    print(f"已写入 {out}；填写答复后运行 patentdock import invitations {out}")


def activities_invite(
    activity: Activity,
    role: Annotated[str, typer.Argument(help="身份：企业、专利权人团队、专家、金融机构", metavar="身份")],
    name: Annotated[str, typer.Argument(help="单位名称", metavar="单位")],
    team: Annotated[str, option("团队名称；一个专利权人来几支团队时填写", "团队")] = "",
    by: By = ACTOR,
    as_json: Json = False,
) -> None:
    """登记一份邀请；企业和专利权人按名称与系统中的记录相联。

    示例：
    patentdock activities invite 1 企业 示例新能源有限公司
    """
    from catalog.docking import edits, invitations
    from service.requests.docking.inputs import InvitationInput

    names = {"role": "身份", "name": "单位"}
    data = checked(InvitationInput, names, {"role": role, "name": name, "team": team})
    with ready_runtime().database.write() as session:
        found = invitations.public(edits.invite(session, activity, data.created(), actor=by))
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print(f"已登记邀请 {found.id}：{found.role_name} {found.title}")


def activities_recommend(
    activity: Activity,
    invite: Annotated[bool, typer.Option("--invite", help="按名单全部邀请；已有邀请的不重复")] = False,
    by: By = ACTOR,
    as_json: Json = False,
) -> None:
    """依最近一次夜间匹配推荐邀请名单，附支持邀请的匹配；未列入的说明原因。

    示例：
    patentdock activities recommend 1 --invite
    """
    from catalog.kit.days import beijing_today
    from service.requests.docking import inviting
    from service.requests.docking.inputs import RecommendedInput

    database, today = ready_runtime().database, beijing_today()
    with database.read() as session:
        found = inviting.recommended(session, activity, today)
    invited = 0
    if invite:
        with database.write() as session:
            invited = len(inviting.invite_recommended(session, activity, RecommendedInput(), today, actor=by))
    if as_json:
        print_json(found.model_dump(mode="json") | ({"invited": invited} if invite else {}))
        return
    print_table(
        ["身份", "单位", "专精特新", "对方数", "最强匹配", "依据"],
        [
            [
                one.role.label,
                one.name,
                "是" if one.special else "",
                one.partners,
                f"{one.best / 1000:.3f}",
                "；".join(f"{pair.need_title} × {pair.patent_title}" for pair in one.grounds[:1]),
            ]
            for one in (*found.firms, *found.teams)
        ],
    )
    for left in found.left_out:
        print(f"未列入：{left.role.label} {left.name}，{left.reason}")
    for notice in found.notices:
        note(notice)
    if invite:
        print(f"新登记邀请 {invited} 份")


def activities_answer(
    activity: Activity,
    invitation: Invited,
    answer: Annotated[str, typer.Argument(help="答复：参加、不参加、未答复", metavar="答复")],
    people: Annotated[list[str] | None, option("参会人员：姓名、职务，可重复", "人员")] = None,
    session: Annotated[list[int] | None, option("参加的场次序号，可重复；缺省为全部", "场次")] = None,
    absent: Annotated[list[str] | None, option("不能参加的时段，如 1-3，可重复", "时段")] = None,
    wish: Annotated[list[int] | None, option("希望会谈的对方的邀请编号，可重复", "邀请")] = None,
    bar: Annotated[list[int] | None, option("不希望会谈的对方的邀请编号，可重复", "邀请")] = None,
    most: Annotated[int | None, option("最多会谈场数", "场数")] = None,
    remark: Annotated[str, option("备注", "备注")] = "",
    by: By = ACTOR,
    as_json: Json = False,
) -> None:
    """登记对邀请的答复，替换原答复。

    示例：
    patentdock activities answer 1 5 参加 --people "张某 总工程师" --absent 1-3
    """
    from catalog.docking import edits, invitations
    from service.requests.docking.inputs import AnswerInput

    values: dict[str, Any] = {
        "answer": answer,
        "people": people or [],
        "sessions": session or [],
        "absent": absent or [],
    }
    values |= {"wished": wish or [], "barred": bar or [], "most": most, "note": remark}
    names = {
        "answer": "答复",
        "sessions": "--session",
        "wished": "--wish",
        "barred": "--bar",
        "note": "--remark",
    }
    data = checked(AnswerInput, names, values)
    with ready_runtime().database.write() as database:
        row = edits.answer(database, activity, invitation, data.stated(), actor=by)
        found = invitations.public(row)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print(f"邀请 {found.id}（{found.title}）：{found.answer_name}")


COMMANDS: dict[str, Any] = {
    "list": activities_list,
    "show": activities_show,
    "create": activities_create,
    "change": activities_change,
    "status": activities_status,
    "delete": activities_delete,
    "history": activities_history,
    "invitations": activities_invitations,
    "recommend": activities_recommend,
    "invite": activities_invite,
    "answer": activities_answer,
}


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    sub = typer.Typer(
        cls=group, help="供需对接活动：登记、邀请、编排、发布、结果与回访", no_args_is_help=True
    )
    for name, function in (COMMANDS | meetings.COMMANDS | outcomes.COMMANDS).items():
        sub.command(name, cls=command)(function)
    app.add_typer(sub, name="activities", rich_help_panel=Panel.DOCKING)
