"""Publishing a schedule, after it was checked against what the parties answer by now."""

from datetime import date

from catalog.db import Session
from catalog.docking import activities, rules, schedules
from catalog.docking.activities import Activity
from catalog.docking.schedules import MeetingMove
from catalog.kit.errors import Conflict
from matching.docking.checker import check
from service.requests.docking.programmes import build


def problems(session: Session, row: Activity, today: date) -> list[str]:
    """The rules and answers of today that the schedule in force breaks; none where there is no schedule."""
    run = schedules.current(session, row)
    if run is None:
        return []
    built = build(session, run.activity_id, today, pairs=schedules.pairs_of(run))
    plan = schedules.plan_of(run)
    gone = [one for one in plan if one.pair not in {(p.firm, p.team) for p in built.usable}]
    names = {id_: party.title for id_, party in built.records.parties.items()}
    lost = [f"{names[one.firm]}与{names[one.team]}的会谈已不能举行：一方不参加。" for one in gone]
    broken = [one.sentence for one in check(built.programme, built.schedule_of(plan))]
    return [*lost, *(one for one in broken if one not in run.settings.get("unmet", ()))]


def publish(
    session: Session, activity_id: int, today: date, *, actor: str = ""
) -> tuple[Activity, list[MeetingMove]]:
    """Publishes the schedule in force. Raises NotFound, and Conflict where there is none, or naming what it breaks."""
    row = activities.get(session, activity_id)
    rules.require(row, rules.SCHEDULED, "发布日程")
    if broken := problems(session, row, today):
        reasons = "；".join(one.rstrip("。") for one in broken[:10])
        raise Conflict(f"现行日程不符合规则，不能发布：{reasons}", hint="请调整编排，或手工调整会谈")
    return schedules.publish(session, activity_id, actor=actor)
