"""Deletion of activities: only those of which nothing came yet."""

from catalog.db import Session
from catalog.docking import activities, rules
from catalog.docking.terms import ActivityStatus
from catalog.mending import removal
from catalog.mending.tombstones import Tombstone, Why
from catalog.registers.registers import ACTIVITIES

DELETABLE = (ActivityStatus.DRAFT, ActivityStatus.INVITING, ActivityStatus.CANCELLED)


def delete_activity(session: Session, activity_id: int, why: Why) -> Tombstone:
    """Deletes an activity with all that belongs to it; it can be restored.

    Raises NotFound, InvalidInput without a reason, and Conflict once it is scheduled.
    """
    rules.require(activities.get(session, activity_id), DELETABLE, "删除")
    return removal.delete(session, ACTIVITIES, activity_id, why)
