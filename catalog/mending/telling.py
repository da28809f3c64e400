"""Events of records that are deleted, merged, restored or undone, for the kinds that others subscribe to."""

from collections.abc import Sequence

from sqlmodel import Session

from catalog.kit.terms import RecordAction
from catalog.registers.register import Register
from catalog.webhooks.outbox import announce


def tell(session: Session, register: Register, ids: Sequence[int], action: RecordAction) -> None:
    """Tells those who subscribe to changes of these records what became of them."""
    if register.event is not None:
        data = {"action": action.value, "action_name": action.label}
        announce(session, register.event, dict.fromkeys(ids, data))
