"""An invented activity with firms, teams, needs and patents, and a night that matched them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from catalog.db import Database, Session
from catalog.demand import enterprises, needs
from catalog.demand.enterprises import EnterpriseCreate
from catalog.demand.needs import NeedCreate
from catalog.docking import edits, invitations, meetings, schedules
from catalog.docking.activities import ActivityCreate, PlaceStated, SessionStated
from catalog.docking.invitations import AnswerStated, InvitationCreate
from catalog.docking.meetings import ScheduleRun
from catalog.docking.terms import (
    ActivityStatus,
    InvitationAnswer,
    PartyRole,
    ScheduleKind,
    ScheduleState,
)
from catalog.kit.base import id_of
from catalog.kit.terms import Band, HolderKind, LegalStatus, PatentKind
from catalog.registers.patents import upsert
from catalog.runs import matches as night_matches
from catalog.runs import nights as nightly_runs
from catalog.runs.matches import NightMatch, NightSide
from catalog.supply.holders import HolderRef
from catalog.supply.patents import PatentCreate
from ingestion.identifiers.application_number import check_digit

DAY = date(2026, 12, 15)
TODAY = date(2026, 12, 1)
Shares = Mapping[tuple[int, int], float]
"""How well a need matches a patent, by their places in the order of making."""


def number(serial: int) -> str:
    """An application number."""
    body = f"20201{serial:07d}"
    return f"{body}.{check_digit(body)}"


def stated(**more: Any) -> ActivityCreate:
    """An activity of two sessions of three slots with two tables each."""
    session: dict[str, Any] = {
        "day": DAY,
        "slots": 3,
        "places": [PlaceStated(room="一号厅", tables=1), PlaceStated(room="二号厅", tables=1)],
    }
    values: dict[str, Any] = {
        "name": "示例片区对接会",
        "area": "示例片区",
        "field": "示例领域",
        "sessions": [
            SessionStated(name="上午场", starts="09:00", **session),
            SessionStated(name="下午场", starts="14:00", **session),
        ],
    }
    return ActivityCreate(**(values | more))


def fill(database: Database, shares: Shares, *, firms: int = 3, teams: int = 3) -> None:
    """Stores firms with one need each (the first is 专精特新), holders with one patent each, and a night."""
    with database.write() as session:
        for place in range(firms):
            titles = ["省级专精特新"] if place == 0 else []
            firm = enterprises.create(session, EnterpriseCreate(name=f"甲{place}有限公司", titles=titles))
            said: dict[str, Any] = {
                "title": f"需求{place}",
                "text": f"求第{place}种办法",
                "enterprise_id": firm.id,
            }
            needs.create(session, NeedCreate(code=f"X{place}", **said))
        records = [
            PatentCreate(
                application_number=number(place + 1),
                title=f"一种装置{place}",
                kind=PatentKind.INVENTION,
                legal_status=LegalStatus.IN_FORCE,
                filing_date=date(2020, 1, 15),
                grant_date=date(2022, 1, 14),
                holders=[HolderRef(name=f"示例{place}大学", kind=HolderKind.UNIVERSITY)],
            )
            for place in range(teams)
        ]
        upsert(session, records, import_id=None)
        run = nightly_runs.start(session)
        _keep(session, id_of(run), shares, firms)
        nightly_runs.finish(session, id_of(run))


def _keep(session: Session, run_id: int, shares: Shares, firms: int) -> None:
    found = []
    for need in range(firms):
        its = [(patent, share) for (one, patent), share in shares.items() if one == need]
        matches = [
            NightMatch(patent + 1, share, share, 0, 0, 0, share, band_of(share), band_of(share))
            for patent, share in sorted(its, key=lambda one: (-one[1], one[0]))
        ]
        found.append((need + 1, matches))
    night_matches.store(session, run_id, NightSide.NEED, found)


def band_of(share: float) -> Band:
    """The band of a share, in coarse steps."""
    return Band.HIGH if share >= 0.6 else Band.MEDIUM if share >= 0.4 else Band.LOW


def invited(database: Database, *, firms: int = 3, teams: int = 3) -> int:
    """An activity to which all firms and teams come; answers its id."""
    with database.write() as session:
        row = edits.create(session, stated(), today=TODAY, actor="甲")
        for role, count in ((PartyRole.FIRM, firms), (PartyRole.TEAM, teams)):
            for place in range(count):
                known: dict[str, Any] = (
                    {"enterprise_id": place + 1} if role is PartyRole.FIRM else {"holder_id": place + 1}
                )
                party = edits.invite(session, id_of(row), InvitationCreate(role=role, **known), actor="甲")
                coming = AnswerStated(answer=InvitationAnswer.COMING)
                edits.answer(session, id_of(row), id_of(party), coming, actor="甲")
        edits.set_status(session, id_of(row), ActivityStatus.INVITING, today=TODAY, actor="甲")
        return id_of(row)


def scheduled(
    database: Database, activity_id: int, plan: list[tuple[int, int, int, int, int]], *, checked: bool = True
) -> list[schedules.MeetingMove]:
    """Puts a plan in force: places of firm and team among the invitations of their role, session, slot, table."""
    with database.write() as session:
        parties = invitations.of_activity(session, activity_id)
        firms, teams = (
            [id_of(one) for one in parties if one.role == role] for role in (PartyRole.FIRM, PartyRole.TEAM)
        )
        run = ScheduleRun(
            activity_id=activity_id,
            number=0,
            kind=ScheduleKind.COMPOSED,
            state=ScheduleState.FINISHED,
            is_checked=checked,
            pairs=[[f, t, i + 1, j + 1, 700, ""] for i, f in enumerate(firms) for j, t in enumerate(teams)],
            plan=[[firms[one[0]], teams[one[1]], *one[2:]] for one in plan],
        )
        return schedules.put_in_force(session, meetings.add_run(session, run), actor="甲")
