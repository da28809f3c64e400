"""Commands on what came of an activity: outcomes, follow-ups, deals, figures and the yearly plan; `activities` adds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.kit.ids import MAX_ID
from service.cli.commands.meetings import ACTOR, Activity, By, Json, Meeting
from service.cli.terminal.options import checked, option
from service.cli.terminal.output import print_json, print_table
from service.cli.terminal.runtime import ready_runtime

if TYPE_CHECKING:
    from catalog.docking.reporting.figures import DockingFigures

Amount = Annotated[str | None, option("意向金额（元）", "金额")]


def activities_outcome(
    activity: Activity,
    meeting: Meeting,
    result: Annotated[str, typer.Argument(help="结果：有意向、继续洽谈、签约意向、无意向", metavar="结果")],
    reason: Annotated[str | None, option("无意向的原因（八类），如 价格", "原因")] = None,
    form: Annotated[
        str | None, option("拟合作方式：转让、许可、开放许可、作价入股、合作开发", "方式")
    ] = None,
    amount: Amount = None,
    people: Annotated[str, option("参加人员", "人员")] = "",
    next_step: Annotated[str, option("下一步工作", "内容")] = "",
    responsible: Annotated[str, option("责任人", "姓名")] = "",
    due: Annotated[str | None, option("完成期限", "日期")] = None,
    remark: Annotated[str, option("备注", "备注")] = "",
    by: By = ACTOR,
    as_json: Json = False,
) -> None:
    """登记一场会谈的结果，会谈随之记为已举行；有意向的排定 30、90、180 日回访。

    示例：
    patentdock activities outcome 1 7 有意向 --form 许可 --amount 300000
    """
    from catalog.docking import meetings, results
    from catalog.docking.reporting import outcomes_shown
    from catalog.docking.results import Noting
    from catalog.kit.days import beijing_today
    from service.requests.docking.inputs import OutcomeInput, outcome_of

    values = {"result": result, "reason": reason, "form": form, "amount_in_view": amount, "people": people}
    values |= {"next_step": next_step, "responsible": responsible, "due": due, "note": remark}
    names = {"result": "结果", "amount_in_view": "--amount", "note": "--remark"}
    data = checked(OutcomeInput, names, values)
    with ready_runtime().database.write() as session:
        results.record(session, activity, meeting, outcome_of(data), Noting(beijing_today(), by))
        found = outcomes_shown.of_meetings(session, [meetings.get(session, activity, meeting)])[0]
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    days = "、".join(str(one.due_on) for one in found.follow_ups)
    print(f"会谈 {meeting}：{found.result_name}" + (f"；回访日：{days}" if days else ""))


def activities_outcomes(activity: Activity, as_json: Json = False) -> None:
    """列出活动已登记的对接结果。

    示例：
    patentdock activities outcomes 1
    """
    from catalog.docking import activities
    from catalog.docking.reporting import outcomes_shown

    with ready_runtime().database.read() as session:
        activities.get(session, activity)
        items = outcomes_shown.of_activity(session, activity)
    if as_json:
        print_json([item.model_dump(mode="json") for item in items])
        return
    print_table(
        ["会谈", "企业", "团队", "专利", "结果", "原因", "拟合作方式", "意向金额（元）", "下一步", "交易"],
        [
            [
                one.meeting.id,
                one.meeting.firm,
                one.meeting.team,
                one.meeting.patent_title or "",
                one.result_name,
                one.reason_name or "",
                one.form_name or "",
                "" if one.amount_in_view is None else one.amount_in_view,
                one.next_step,
                one.deal_code or "",
            ]
            for one in items
        ],
    )


def activities_deal(
    activity: Activity,
    meeting: Meeting,
    signed_on: Annotated[str, typer.Option(help="签约日", metavar="日期", show_default=False)],
    amount: Annotated[str | None, option("合同金额（元）", "金额")] = None,
    kind: Annotated[str | None, option("交易种类；缺省按拟合作方式", "种类")] = None,
    licence_type: Annotated[str | None, option("许可方式：普通、排他、独占、开放", "方式")] = None,
    payment_form: Annotated[str | None, option("支付方式，如 一次总付", "方式")] = None,
    ends_on: Annotated[str | None, option("许可期限止", "日期")] = None,
    code: Annotated[str | None, option("合同编号；缺省时自动编号", "编号")] = None,
    by: By = ACTOR,
    as_json: Json = False,
) -> None:
    """由对接结果登记交易：双方和专利取自会谈。

    示例：
    patentdock activities deal 1 7 --signed-on 2026-12-20 --amount 300000
    """
    from catalog.deals import shown as deals_shown
    from catalog.kit.days import beijing_today
    from service.requests.docking.contracts import ContractInput, make_deal

    values = {"signed_on": signed_on, "contract_amount": amount, "kind": kind, "licence_type": licence_type}
    values |= {"payment_form": payment_form, "ends_on": ends_on, "code": code}
    given = {name: value for name, value in values.items() if value is not None}
    data = checked(ContractInput, {"contract_amount": "--amount"}, given)
    with ready_runtime().database.write() as session:
        row, warnings = make_deal(session, activity, meeting, data, today=beijing_today(), actor=by)
        found = deals_shown.publics(session, [row])[0]
    if as_json:
        print_json(found.model_dump(mode="json") | {"warnings": [one.model_dump() for one in warnings]})
        return
    print(f"已登记交易 {found.id}（{found.code}）：{found.kind_name}，与会谈 {meeting} 的结果相联")
    for one in warnings:
        print(f"请核对（{one.rule}）：{one.message}")


def activities_follow_ups(
    activity: Annotated[int | None, option("活动的系统编号；缺省为全部", "活动")] = None,
    until: Annotated[str | None, option("应回访日不晚于；缺省为今日", "日期")] = None,
    as_json: Json = False,
) -> None:
    """列出到期未办的回访，最早到期的在前。

    示例：
    patentdock activities follow-ups --until 2027-06-30
    """
    from datetime import date

    from catalog.docking import outcomes
    from catalog.docking.reporting import outcomes_shown
    from catalog.kit.days import beijing_today
    from catalog.kit.errors import InvalidInput

    try:
        day = date.fromisoformat(until) if until else beijing_today()
    except ValueError as error:
        raise InvalidInput(f"--until：“{until}”应为日期，如 2027-06-30") from error
    with ready_runtime().database.read() as session:
        items = outcomes_shown.follow_ups(
            session, outcomes.due(session, day, None if activity is None else [activity])
        )
    if as_json:
        print_json([item.model_dump(mode="json") for item in items])
        return
    print_table(
        ["编号", "活动", "会谈", "企业", "团队", "专利", "天数", "应回访日"],
        [
            [
                one.id,
                one.activity_id,
                one.meeting_id,
                one.firm,
                one.team,
                one.patent_title or "",
                one.days,
                one.due_on,
            ]
            for one in items
        ],
    )


def activities_follow_up(
    number: Annotated[int, typer.Argument(help="回访编号", metavar="回访", min=1, max=MAX_ID)],
    finding: Annotated[str, typer.Argument(help="回访所得；不再回访的填写原因", metavar="所得")],
    drop: Annotated[bool, typer.Option("--drop", help="不再回访")] = False,
    by: By = ACTOR,
) -> None:
    """登记一次回访的所得，或不再回访的原因。

    示例：
    patentdock activities follow-up 3 已安排中试，预计三个月后签约
    """
    from catalog.docking import results
    from catalog.docking.results import Noting
    from catalog.docking.terms import FollowUpState
    from catalog.kit.days import beijing_today
    from service.requests.docking.inputs import FollowUpInput

    state = FollowUpState.DROPPED if drop else FollowUpState.DONE
    data = checked(FollowUpInput, {"finding": "所得"}, {"finding": finding, "state": state})
    with ready_runtime().database.write() as session:
        results.follow_up(session, number, data.finding, Noting(beijing_today(), by), state=data.state)
    print(f"回访 {number}：{state.label}")


def activities_figures(activity: Activity, as_json: Json = False) -> None:
    """一项活动的统计；意向与签约分别列出，金额从不相加。

    示例：
    patentdock activities figures 1
    """
    from catalog.docking import activities
    from catalog.docking.reporting import figures
    from catalog.kit.days import beijing_today

    with ready_runtime().database.read() as session:
        found = figures.of_activities(session, [activities.get(session, activity)], beijing_today())
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _print_figures(found)


def _print_figures(found: DockingFigures) -> None:
    from catalog.kit.money import in_wan

    print(f"邀请 {found.invited} 家，参加：企业 {found.firms} 家，团队 {found.teams} 支")
    print(f"会谈所涉：需求 {found.needs} 项，专利 {found.patents} 件")
    for label, tallies in (
        ("会谈", found.meetings),
        ("结果", found.results),
        ("无意向的原因", found.reasons),
    ):
        print(f"{label}：" + ("，".join(f"{one.name} {one.count}" for one in tallies) or "无"))
    print(f"意向 {found.intentions} 组，意向金额 {in_wan(found.intention_amount)}")
    print(
        f"签约 {found.contracts} 笔，签约金额 {in_wan(found.contract_amount)}，到账 {in_wan(found.received)}"
    )
    print(f"到期未办的回访 {found.follow_ups_due} 次")


def activities_hearings(activity: Activity, as_json: Json = False) -> None:
    """各专利权人应得到的反馈：会谈数、意向数与企业无意向的原因。

    示例：
    patentdock activities hearings 1
    """
    from catalog.docking.reporting import figures

    with ready_runtime().database.read() as session:
        items = figures.hearings(session, activity)
    if as_json:
        print_json([item.model_dump(mode="json") for item in items])
        return
    print_table(
        ["专利权人", "已举行", "有意向", "无意向的原因"],
        [
            [one.name, one.held, one.intentions, "，".join(f"{why.name} {why.count}" for why in one.reasons)]
            for one in items
        ],
    )


def activities_year(
    year: Annotated[int, typer.Argument(help="年度", metavar="年度", min=2000, max=2100)],
    as_json: Json = False,
) -> None:
    """一年的计划与举办情况，按片区和领域；并说明是否达到每年不少于 4 次的要求。

    示例：
    patentdock activities year 2026
    """
    from catalog.docking.reporting import figures
    from catalog.kit.days import beijing_today

    with ready_runtime().database.read() as session:
        found = figures.of_year(session, year, beijing_today())
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    print_table(
        ["片区", "领域", "计划", "计划日期", "已举办", "举办日期", "意向", "签约"],
        [
            [
                one.area,
                one.field,
                one.planned,
                one.due_on or "",
                one.held,
                "、".join(map(str, one.days)),
                one.figures.intentions,
                one.figures.contracts,
            ]
            for one in found.lines
        ],
    )
    print(found.note)
    _print_figures(found.total)


def activities_plan(
    year: Annotated[int, typer.Argument(help="年度", metavar="年度", min=2000, max=2100)],
    area: Annotated[str, typer.Argument(help="片区", metavar="片区")],
    field: Annotated[str, typer.Argument(help="领域", metavar="领域")],
    planned: Annotated[int, typer.Option(help="计划举办的次数", metavar="次数", min=0, max=100)] = 1,
    due_on: Annotated[str | None, option("计划举办的日期", "日期")] = None,
    by: By = ACTOR,
) -> None:
    """登记年度计划的一行；同一片区、领域已有的以此替换。

    示例：
    patentdock activities plan 2026 汉江片区 光电子信息 --due-on 2026-12-15
    """
    from catalog.docking.reporting import plans
    from service.requests.docking.inputs import PlanInput

    values = {"year": year, "area": area, "field": field, "planned": planned, "due_on": due_on}
    data = checked(PlanInput, {"year": "年度", "area": "片区", "field": "领域"}, values)
    with ready_runtime().database.write() as session:
        plans.put(session, data.stated(), actor=by)
    print(f"已登记 {year} 年计划：{area}、{field}，{planned} 次")


COMMANDS: dict[str, Any] = {
    "outcome": activities_outcome,
    "outcomes": activities_outcomes,
    "deal": activities_deal,
    "follow-ups": activities_follow_ups,
    "follow-up": activities_follow_up,
    "figures": activities_figures,
    "hearings": activities_hearings,
    "year": activities_year,
    "plan": activities_plan,
}
