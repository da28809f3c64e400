"""Inviting those whom the last night recommends, with the pairs that speak for them."""

from collections.abc import Sequence
from datetime import date

from catalog.db import Session
from catalog.docking import activities, candidates, edits
from catalog.docking.candidates import PartyRecommended, Recommendation
from catalog.docking.invitations import Invitation, InvitationCreate
from catalog.kit.errors import InvalidInput
from service.requests.docking.inputs import RecommendedInput


def recommended(session: Session, activity_id: int, today: date) -> Recommendation:
    """Whom to invite to an activity. Raises NotFound."""
    return candidates.recommend(session, activities.get(session, activity_id), today)


def invite_recommended(
    session: Session, activity_id: int, wanted: RecommendedInput, today: date, *, actor: str = ""
) -> list[Invitation]:
    """Invites the recommended parties that are wanted and not yet invited.

    Raises NotFound, Conflict in a wrong status, and InvalidInput for a party that is not recommended.
    """
    found = recommended(session, activity_id, today)
    chosen = [
        *_chosen(found.firms, wanted.enterprise_ids, "企业"),
        *_chosen(found.teams, wanted.holder_ids, "专利权人"),
    ]
    created = [_created(party) for party in chosen if party.invitation_id is None]
    return [edits.invite(session, activity_id, party, actor=actor) for party in created]


def _chosen(
    parties: Sequence[PartyRecommended], ids: Sequence[int] | None, label: str
) -> list[PartyRecommended]:
    if ids is None:
        return list(parties)
    by_id = {party.enterprise_id or party.holder_id or 0: party for party in parties}
    if unknown := [str(id_) for id_ in ids if id_ not in by_id]:
        raise InvalidInput(
            f"编号 {'、'.join(unknown)} 的{label}不在推荐名单中", hint="请查看推荐名单，或自行登记邀请"
        )
    return [by_id[id_] for id_ in dict.fromkeys(ids)]


def _created(party: PartyRecommended) -> InvitationCreate:
    return InvitationCreate(
        role=party.role,
        name=party.name,
        enterprise_id=party.enterprise_id,
        holder_id=party.holder_id,
        grounds=[ground.model_dump(mode="json") for ground in party.grounds],
    )
