"""Invitations with answers (活动邀请) as an import takes them."""

from typing import Any

from catalog.db import Session
from catalog.docking import stated as docking
from catalog.docking.stated import InvitationStated
from catalog.registers.registers import INVITATIONS
from ingestion.kinds.kind import Kind
from ingestion.records.docking import invitation
from ingestion.storing.others import one_by_one, stored
from ingestion.storing.rows import Keys, Origin, Remarks


def _keys(record: InvitationStated) -> Keys:
    parts = (record.activity_code, record.role.label, record.name, record.team)
    return [("活动、参会身份和单位", " ".join(part for part in parts if part))]


def _upsert(session: Session, record: InvitationStated, origin: Origin, noted: Remarks) -> str:
    return docking.put_invitation(
        session, record, import_id=origin.import_id, actor=origin.actor, remarks=noted
    )


def _shown(record: InvitationStated) -> dict[str, Any]:
    return {"role": record.role.label}


KIND = Kind(INVITATIONS, lambda fields, _: invitation(fields), stored(_keys, one_by_one(_upsert)), _shown)
