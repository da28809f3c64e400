"""Timetables (日程): by time, table, firm and team for the host, by participant for those who come, and the table cards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from catalog.docking.terms import PartyRole
from service.sheets.docking.grid import GridCell, GridColumn, GridSheet, to_workbook
from service.sheets.docking.letters import day_text, demo_mark
from service.sheets.docking.programme import MeetingEntry, PrintedProgramme
from service.sheets.docking.word import WordPaper

DRAFT = "本日程尚未发布，仅供主办方核对"
_COLUMNS = (
    GridColumn("会谈编号", 9), GridColumn("场次", 10), GridColumn("日期", 11), GridColumn("时间", 12), GridColumn("桌号", 7),
    GridColumn("会场", 12), GridColumn("企业", 22), GridColumn("团队", 22), GridColumn("需求", 24), GridColumn("专利", 30),
    GridColumn("状态", 9),
)  # fmt: skip
_MANY_AT_A_TABLE = 6


def timetables(programme: PrintedProgramme) -> bytes:
    """The whole schedule as a workbook: every sheet names every meeting once, in another order."""
    orders: dict[str, Callable[[MeetingEntry], tuple[object, ...]]] = {
        "按时间": lambda one: (),
        "按桌号": lambda one: (one.meeting.session, one.meeting.table),
        "按企业": lambda one: (one.meeting.firm, one.meeting.firm_id),
        "按团队": lambda one: (one.meeting.team, one.meeting.team_id),
    }
    title = f"{programme.activity.name}　日程{'' if programme.is_published else f'（{DRAFT}）'}"
    entries = sorted(programme.entries, key=_at)
    return to_workbook(
        [
            GridSheet(
                name, f"{title}　{name}", _COLUMNS, [_row(programme, one) for one in sorted(entries, key=key)]
            )
            for name, key in orders.items()
        ]
    )


def _at(entry: MeetingEntry) -> tuple[int, int, int]:
    return entry.meeting.session, entry.meeting.slot, entry.meeting.table


def session_name(programme: PrintedProgramme, number: int) -> str:
    """The session by its name, else by its number."""
    return programme.session(number).name or f"第 {number} 场"


def _row(programme: PrintedProgramme, entry: MeetingEntry) -> Sequence[GridCell]:
    one = entry.meeting
    return (
        one.id, session_name(programme, one.session), str(one.day), one.clock, one.table, one.room, one.firm, one.team,
        entry.topic, entry.subject, one.state_name,
    )  # fmt: skip


def for_participants(programme: PrintedProgramme) -> bytes:
    """A page for each party that has meetings: when, where and with whom."""
    activity = programme.activity
    paper = WordPaper("参会日程", activity.name)
    for party in programme.parties:
        mine = sorted(programme.of(party.id), key=_at)
        if not mine:
            continue
        paper.page("参会日程")
        paper.centred(activity.name, size=12)
        demo_mark(paper, activity)
        if not programme.is_published:
            paper.centred(DRAFT, size=9)
        people = "；".join(party.people) or "未填写"
        paper.facts(
            [("参会方", party.title), ("参会人员", people), ("地点", activity.venue or "见会场")], first=2.6
        )
        is_firm = party.role == PartyRole.FIRM
        rows = [_line(programme, entry, is_firm) for entry in mine]
        paper.table(["编号", "时间", "桌号", "会谈对方", "议题"], rows, [1.3, 3.7, 2.3, 3.6, 6.2], size=9.5)
        paper.text(f"共 {len(mine)} 场会谈。请按时到桌；不能到场的，请及时告知主办方，以便调整。")
    return paper.to_bytes()


def _line(programme: PrintedProgramme, entry: MeetingEntry, is_firm: bool) -> list[str]:
    one = entry.meeting
    other = one.team if is_firm else one.firm
    topic = f"需求：{entry.topic}\n专利：{entry.subject}"
    when = f"{day_text(one.day)}\n{session_name(programme, one.session)} {one.clock}"
    return [str(one.id), when, f"{one.table} 号桌\n{one.room}", other, topic]


def table_cards(programme: PrintedProgramme) -> bytes:
    """A card for each table of each session, with its meetings."""
    paper = WordPaper("桌牌", programme.activity.name, landscape=True)
    place = {id(one): (one.meeting.session, one.meeting.table) for one in programme.entries}
    entries = sorted(programme.entries, key=lambda one: (*place[id(one)], one.meeting.slot))
    for (number, table), found in groupby(entries, key=lambda one: place[id(one)]):
        mine = list(found)
        paper.page(f"{table} 号桌", size=80)
        session = f"{day_text(mine[0].meeting.day)}　{session_name(programme, number)}"
        paper.centred(f"{session}　{mine[0].meeting.room}", size=20)
        rows = [[one.meeting.clock, one.meeting.firm, one.meeting.team, str(one.meeting.id)] for one in mine]
        size = 15 if len(mine) <= _MANY_AT_A_TABLE else 11
        paper.table(["时间", "企业", "团队", "会谈编号"], rows, [2.6, 6, 6, 2.2], size=size)
        demo_mark(paper, programme.activity)
    return paper.to_bytes()
