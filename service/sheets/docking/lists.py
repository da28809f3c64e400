"""Lists of who comes (名册): the participants' list and the sign-in sheet."""

from __future__ import annotations

from catalog.docking.invitations import InvitationPublic
from service.sheets.docking.grid import GridColumn, GridSheet, to_workbook
from service.sheets.docking.letters import demo_mark, session_line
from service.sheets.docking.programme import PrintedProgramme
from service.sheets.docking.word import WordPaper

_ROSTER = (
    GridColumn("序号", 6),
    GridColumn("参会身份", 14),
    GridColumn("单位", 36),
    GridColumn("团队", 20),
    GridColumn("专精特新", 10),
    GridColumn("参会人员", 40),
    GridColumn("参加场次", 24),
    GridColumn("会谈场数", 10),
)
_BLANK_LINES = 2
"""Lines for a party that has not named its people."""


def roster(programme: PrintedProgramme) -> bytes:
    """The participants' list: everybody who comes, firms first."""
    rows = [
        (
            number,
            party.role_name,
            party.name,
            party.team,
            "是" if party.special else "",
            "；".join(party.people),
            _sessions(programme, party),
            len(programme.of(party.id)),
        )
        for number, party in enumerate(_ordered(programme), 1)
    ]
    title = f"{programme.activity.name}　参会名册"
    return to_workbook([GridSheet("参会名册", title, _ROSTER, rows)])


def _ordered(programme: PrintedProgramme) -> list[InvitationPublic]:
    order = {role: place for place, role in enumerate(("firm", "team", "expert", "bank"))}
    return sorted(programme.coming, key=lambda one: (order[one.role], one.id))


def _sessions(programme: PrintedProgramme, party: InvitationPublic) -> str:
    if not party.sessions:
        return "全部"
    return "、".join(f"第 {number} 场{programme.session(number).name}" for number in sorted(party.sessions))


def sign_in(programme: PrintedProgramme) -> bytes:
    """The sign-in sheet: a page a session, a line a person."""
    activity = programme.activity
    paper = WordPaper("签到表", activity.name, landscape=True)
    for one in activity.sessions:
        paper.page("签　到　表")
        paper.centred(f"{activity.name}　{session_line(one)}", size=11)
        demo_mark(paper, activity)
        there = [p for p in _ordered(programme) if not p.sessions or one.number in p.sessions]
        lines = [(p, person) for p in there for person in (p.people or [""] * _BLANK_LINES)]
        rows = [[str(n), p.title, p.role_name, person, "", "", ""] for n, (p, person) in enumerate(lines, 1)]
        headings = ["序号", "单位", "参会身份", "姓名、职务", "联系电话", "签名", "签到时间"]
        paper.table(headings, rows, [1.3, 6, 2.6, 4.4, 3.4, 3, 2.4], height=0.9)
    return paper.to_bytes()
