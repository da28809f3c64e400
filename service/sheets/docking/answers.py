"""The list of invitations with their answers (邀请答复表), for the host alone: it comes back by import as it is."""

from __future__ import annotations

from decimal import Decimal

from catalog.db import Session
from catalog.docking import activities, invitations
from catalog.docking.invitations import InvitationPublic
from catalog.docking.terms import InvitationAnswer
from service.sheets.docking.grid import A3, GridCell, GridColumn, GridSheet, to_workbook

_COLUMNS = (
    GridColumn("活动编号", 16),
    GridColumn("参会身份", 14),
    GridColumn("单位名称", 36),
    GridColumn("团队名称", 20),
    GridColumn("答复", 10, [one.label for one in InvitationAnswer], to_fill=True),
    GridColumn("参会人员", 32, to_fill=True),
    GridColumn("参加场次", 12, to_fill=True),
    GridColumn("不能参加的时段", 18, to_fill=True),
    GridColumn("希望对接的单位", 36, to_fill=True),
    GridColumn("不希望对接的单位", 36, to_fill=True),
    GridColumn("最多会谈场数", 12, holds=Decimal, to_fill=True),
    GridColumn("备注", 30, to_fill=True),
)


def answer_list(session: Session, activity_id: int) -> bytes:
    """All invitations of an activity, one row each. Raises NotFound."""
    activity = activities.get(session, activity_id)
    rows = [invitations.public(row) for row in invitations.of_activity(session, activity_id)]
    titles = {row.id: row.title for row in rows}
    sheet = GridSheet(
        "邀请答复表",
        f"{activity.name}　邀请答复表",
        _COLUMNS,
        [_row(activity.code, row, titles) for row in rows],
        A3,
    )
    return to_workbook([sheet])


def _row(code: str, row: InvitationPublic, titles: dict[int, str]) -> list[GridCell]:
    return [
        code,
        row.role_name,
        row.name,
        row.team,
        row.answer_name,
        "；".join(row.people),
        "；".join(f"第{number}场" for number in row.sessions),
        # A word before the numbers keeps a spreadsheet from making a date of them.
        "；".join(f"场{slot}" for slot in row.absent),
        "；".join(titles[one] for one in row.wished if one in titles),
        "；".join(titles[one] for one in row.barred if one in titles),
        row.most,
        row.note,
    ]
