"""Calendars (日历) of the published schedule as iCalendar (RFC 5545).

A meeting keeps its UID whatever becomes of it; each publication that moves or drops it raises its SEQUENCE, so that the
programs of those who imported an earlier one follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from catalog.docking.schedules import PairKey, PlannedMeeting
from catalog.docking.shown import SessionPublic, room_at
from catalog.docking.terms import MeetingState, PartyRole
from service.sheets.docking.programme import MeetingEntry, PrintedProgramme

ZONE = ZoneInfo("Asia/Shanghai")
PRODUCT = "-//PatentDock//对接活动//ZH"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """The state of a meeting after all publications: its last place, whether it still takes place, how often it was changed."""

    planned: PlannedMeeting
    takes_place: bool
    sequence: int
    changed: datetime


def calendar(programme: PrintedProgramme) -> bytes:
    """The meetings of all publications: those that stand as confirmed, those that were dropped as cancelled."""
    activity = programme.activity
    mine = programme.parties[0] if len(programme.parties) == 1 else None
    found = Calendar()
    found.add("prodid", PRODUCT)
    found.add("version", "2.0")
    found.add("calscale", "GREGORIAN")
    found.add("method", "PUBLISH")
    found.add("x-wr-calname", f"{activity.name}　{mine.title}" if mine else activity.name)
    found.add("x-wr-timezone", ZONE.key)
    entries = {(one.meeting.firm_id, one.meeting.team_id): one for one in programme.every}
    role = PartyRole(mine.role) if mine else None
    for pair, noted in _history(programme):
        if pair in entries:
            found.add_component(_event(programme, entries[pair], noted, role))
    found.add_missing_timezones()
    return bytes(found.to_ical())


def _history(programme: PrintedProgramme) -> Iterator[tuple[PairKey, CalendarEntry]]:
    """Every pair that was published, in the order of its last place."""
    states: dict[PairKey, CalendarEntry] = {}
    for published in programme.published:
        plan = {one.pair: one for one in published.plan}
        for pair in states.keys() | plan.keys():
            states[pair] = _after(states.get(pair), plan.get(pair), published.on)
    return iter(sorted(states.items(), key=lambda one: (one[1].planned.at, one[0])))


def _after(before: CalendarEntry | None, now: PlannedMeeting | None, on: datetime) -> CalendarEntry:
    """The entry after a publication, in which the meeting stands at a place or is missing."""
    if before is None:
        if now is None:
            raise AssertionError("a pair comes from one of the two plans")
        return CalendarEntry(now, True, 0, on)
    same = before.takes_place == (now is not None) and (now is None or now.at == before.planned.at)
    if same:
        return before
    return CalendarEntry(now or before.planned, now is not None, before.sequence + 1, on)


def _event(
    programme: PrintedProgramme, entry: MeetingEntry, noted: CalendarEntry, role: PartyRole | None
) -> Event:
    one = entry.meeting
    # Cancelled by hand: still in the schedule in force, and no longer held.
    dropped = noted.takes_place and programme.is_published and entry.state is MeetingState.CANCELLED
    session = programme.session(noted.planned.session)
    start = _start(session, noted.planned.slot)
    event = Event()
    event.add("uid", uid_of(programme, one.id))
    event.add("sequence", noted.sequence + dropped)
    event.add("dtstamp", noted.changed)
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(minutes=session.slot_minutes))
    event.add("summary", _summary(entry, role))
    room = room_at(session.places, noted.planned.table)
    place = [programme.activity.venue, room, f"{noted.planned.table} 号桌"]
    event.add("location", "，".join(part for part in place if part))
    event.add("description", f"会谈编号：{one.id}\n需求：{entry.topic}\n专利：{entry.subject}")
    event.add("status", "CONFIRMED" if noted.takes_place and not dropped else "CANCELLED")
    return event


def uid_of(programme: PrintedProgramme, meeting_id: int) -> str:
    """The identifier of a meeting among all others, of this installation and of others."""
    activity = programme.activity
    name = f"patentdock/{activity.created_at.isoformat()}/{activity.id}/{meeting_id}"
    return f"{uuid5(NAMESPACE_URL, name)}@patentdock"


def _start(session: SessionPublic, slot: int) -> datetime:
    hours, minutes = divmod(session.minute(slot), 60)
    return datetime.combine(session.day, time(hours, minutes), ZONE)


def _summary(entry: MeetingEntry, role: PartyRole | None) -> str:
    one = entry.meeting
    if role is PartyRole.FIRM:
        return f"会谈：{one.team}"
    return f"会谈：{one.firm}" if role is PartyRole.TEAM else f"会谈：{one.firm} — {one.team}"
