"""The result sheet (对接情况登记表): one row a meeting, filled in on the day and imported as it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from catalog.docking.terms import OutcomeForm, OutcomeResult
from catalog.kit.terms import FeedbackReason
from service.sheets.docking.grid import A3, GridCell, GridColumn, GridSheet, to_workbook
from service.sheets.docking.programme import MeetingEntry, PrintedProgramme
from service.sheets.docking.timetables import session_name

COLUMNS = (
    GridColumn("活动编号", 12),
    GridColumn("会谈编号", 10),
    GridColumn("时间", 12),
    GridColumn("桌号", 5),
    GridColumn("企业", 18),
    GridColumn("需求名称", 18),
    GridColumn("专利权人团队", 18),
    GridColumn("专利", 24),
    GridColumn("参加人员", 13, to_fill=True),
    GridColumn("对接结果", 10, [one.label for one in OutcomeResult], to_fill=True),
    GridColumn("无意向的原因", 13, [one.label for one in FeedbackReason], to_fill=True),
    GridColumn("拟合作方式", 10, [one.label for one in OutcomeForm], to_fill=True),
    GridColumn("意向金额（元）", 12, holds=Decimal, to_fill=True),
    GridColumn("下一步工作", 18, to_fill=True),
    GridColumn("责任人", 8, to_fill=True),
    GridColumn("完成期限", 11, holds=date, to_fill=True),
    GridColumn("备注", 10, to_fill=True),
    GridColumn("签字", 10, to_fill=True),
)
_HOW = (
    "本表一场会谈一行，黄色各列于会谈后填写，其余各列请勿改动。",
    "对接结果、无意向的原因、拟合作方式从下拉列表中选择。",
    "对接结果为“无意向”的须选择原因，其他结果不填原因。",
    "意向金额以元计，另议的留空；签约金额不在本表填写，签约后登记交易。",
    "未举行的会谈，对接结果留空；导入时该行退回，不影响其他行。",
    "填好后直接导入系统，不必改动本表；再次导入以新填的为准。",
)


def result_sheet(programme: PrintedProgramme) -> bytes:
    """The result sheet, with what is recorded already."""
    title = f"{programme.activity.name}　对接情况登记表"
    rows = [_row(programme, entry) for entry in programme.entries]
    about = GridSheet("填表说明", title, (GridColumn("填表说明", 90),), [(line,) for line in _HOW])
    return to_workbook([GridSheet("对接情况登记表", title, COLUMNS, rows, paper=A3), about])


def _row(programme: PrintedProgramme, entry: MeetingEntry) -> Sequence[GridCell]:
    one = entry.meeting
    when = f"{session_name(programme, one.session)}\n{one.clock}"
    return (
        programme.activity.code, one.id, when, one.table, one.firm, entry.topic, one.team, entry.subject, *_filled(entry), "",
    )  # fmt: skip


def _filled(entry: MeetingEntry) -> Sequence[GridCell]:
    noted = entry.outcome
    if noted is None:
        return (None,) * 9
    return (
        noted.people,
        noted.result.label,
        noted.reason.label if noted.reason else None,
        noted.form.label if noted.form else None,
        noted.amount_in_view,
        noted.next_step,
        noted.responsible,
        noted.due,
        noted.note,
    )
