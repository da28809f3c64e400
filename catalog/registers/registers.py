"""The kinds of records that imports write, in the order in which an undo takes them back, and all that refers to them."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlmodel import Session, col

from catalog.deals.deals import Deal, DealEvent, DealParty, DealPatent, Receipt, source_of
from catalog.deals.evidence import EvidenceFile
from catalog.deals.pipeline import PipelineCase, PipelineEvent
from catalog.demand.enterprises import Enterprise
from catalog.demand.feedback import Feedback
from catalog.demand.needs import Need
from catalog.docking import stated as docking
from catalog.docking.activities import Activity, ActivityPlace, ActivitySession
from catalog.docking.history import ActivityEvent
from catalog.docking.invitations import Invitation
from catalog.docking.meetings import ActivityMeeting, ScheduleRun
from catalog.docking.outcomes import FollowUp, MeetingOutcome
from catalog.kit.errors import InvalidInput
from catalog.licences import history as licence_history
from catalog.licences.history import LicenceChange
from catalog.licences.licences import Licence
from catalog.registers import contests, keys
from catalog.registers import deals as deal_register
from catalog.registers import images as patent_images
from catalog.registers.register import Belonging, Contested, Joining, OnDeletion, Reference, Register
from catalog.supply.facts import Fact
from catalog.supply.holder_merges import HolderMerge, MergedPatent
from catalog.supply.holders import Holder
from catalog.supply.patents import Patent, PatentClass, PatentHolder, Publication
from catalog.supply.screenings import Screening
from catalog.webhooks.events import DEAL_CHANGED, LICENCE_CHANGED


def _patent(_: Session, patent: Any) -> str:
    return f"专利 {patent.application_number or f'“{patent.title[:30]}”'}"


def _of_patent(label: str) -> Callable[[Session, Any], str]:
    """The name of a record by the patent that it is of."""
    return lambda session, record: f"{_patent(session, session.get(Patent, record.patent_id))} 的{label}"


def _follows_deals(ids: Sequence[int]) -> ColumnElement[bool]:
    return col(Fact.source).in_([source_of(deal_id) for deal_id in ids])


def _screened_for(ids: Sequence[int]) -> ColumnElement[bool]:
    held = exists().where(col(PatentHolder.holder_id) == col(Screening.holder_id))
    return and_(col(Screening.holder_id).in_(ids), ~held)


def _steps_of(ids: Sequence[int]) -> ColumnElement[bool]:
    return col(PipelineEvent.case_id).in_(ids)


def _places_of(ids: Sequence[int]) -> ColumnElement[bool]:
    sessions = select(col(ActivitySession.id)).where(col(ActivitySession.activity_id).in_(ids))
    return col(ActivityPlace.session_id).in_(sessions)


def _outcomes_of(ids: Sequence[int]) -> ColumnElement[bool]:
    held = select(col(ActivityMeeting.id)).where(col(ActivityMeeting.activity_id).in_(ids))
    return col(MeetingOutcome.meeting_id).in_(held)


def _follow_ups_of(ids: Sequence[int]) -> ColumnElement[bool]:
    return col(FollowUp.outcome_id).in_(select(col(MeetingOutcome.id)).where(_outcomes_of(ids)))


def _follow_ups_after(ids: Sequence[int]) -> ColumnElement[bool]:
    noted = select(col(MeetingOutcome.id)).where(col(MeetingOutcome.meeting_id).in_(ids))
    return col(FollowUp.outcome_id).in_(noted)


def _enterprise_in_use() -> Any:
    columns = (reference.column for reference in REFERENCES if reference.model is Enterprise)
    return or_(*(exists().where(col(column) == col(Enterprise.id)) for column in columns))


def holder_in_use() -> Any:
    """The condition that a holder has a patent, a spelling or a merge."""
    spelling = Holder.__table__.alias()  # type: ignore[attr-defined]
    own = col(Holder.id)
    return or_(
        exists().where(col(PatentHolder.holder_id) == own),
        exists().where(col(DealParty.holder_id) == own),
        exists().where(col(Invitation.holder_id) == own),
        exists().where(spelling.c.merged_into == own),
        exists().where(or_(col(HolderMerge.kept_id) == own, col(HolderMerge.merged_id) == own)),
    )


DEALS = Register(
    Deal,
    kind="deals",
    label="交易",
    named=lambda _, deal: f"交易 {deal.code}",
    parts=(
        Belonging(DealPatent, "deal_id", "专利", Joining.FILLS),
        Belonging(DealParty, "deal_id", "各方", Joining.FILLS),
        Belonging(DealEvent, "deal_id"),
        Belonging(Receipt, "deal_id", "到账", Joining.FILLS),
        Belonging(EvidenceFile, "deal_id", "证明材料", Joining.FILLS, only_after=Receipt),
        Belonging(Fact, where=_follows_deals),
    ),
    identity=("kind",),
    keys=keys.of_deal,
    stated_keys=keys.in_deal,
    names=keys.patents_of_deal,
    alias=("code",),
    restore=deal_register.restore,
    present=deal_register.present,
    follow=deal_register.follow,
    event=DEAL_CHANGED,
)
LICENCES = Register(
    Licence,
    kind="licences",
    label="开放许可声明",
    named=_of_patent("开放许可声明"),
    parts=(Belonging(LicenceChange, "licence_id"),),
    whole=True,
    identity=("patent_id",),
    keys=keys.of_licence,
    stated_keys=keys.in_licence,
    names=keys.patent_of,
    prepare=licence_history.take_back,
    follow=licence_history.follow,
    event=LICENCE_CHANGED,
)
FACTS = Register(
    Fact,
    kind="facts",
    label="运用与评价记录",
    named=_of_patent("运用记录"),
    whole=True,
    identity=("patent_id", "kind"),
    keys=keys.of_fact,
    names=keys.patent_of,
)
NEEDS = Register(
    Need,
    kind="needs",
    label="技术需求",
    named=lambda _, need: f"需求 {need.code}",
    classified=True,
    keys=keys.of_need,
    stated_keys=keys.in_need,
    names=keys.firm_of_need,
    alias=("code",),
)
PATENTS = Register(
    Patent,
    kind="patents",
    label="专利",
    named=_patent,
    parts=(
        Belonging(Publication, "patent_id", "公开（公告）号", Joining.ADDS),
        Belonging(PatentHolder, "patent_id", "专利权人", Joining.FILLS, mended=patent_images.held),
        Belonging(PatentClass, "patent_id", "分类", Joining.FILLS),
        Belonging(Screening, "patent_id", mended=patent_images.screened),
        Belonging(MergedPatent, "patent_id"),
        Belonging(Fact, "patent_id"),
    ),
    classified=True,
    identity=("application_number",),
    derived=frozenset({"fingerprint"}),
    keys=keys.of_patent,
    stated_keys=keys.in_patent,
    alias=("application_number",),
    restore=patent_images.restore,
    present=patent_images.present,
    follow=patent_images.follow,
    contested=contests.PATENTS,
)
ENTERPRISES = Register(
    Enterprise,
    kind="enterprises",
    label="企业",
    named=lambda _, firm: f"企业“{firm.name}”",
    identity=("credit_code",),
    derived=frozenset({"name_key"}),
    in_use=_enterprise_in_use,
    keys=keys.of_enterprise,
    stated_keys=keys.in_enterprise,
    alias=("name", "credit_code"),
    contested=contests.ENTERPRISES,
)
HOLDERS = Register(
    Holder,
    kind="",
    label="专利权人",
    named=lambda _, holder: f"专利权人“{holder.name}”",
    parts=(Belonging(Screening, where=_screened_for),),
    in_use=holder_in_use,
)
ANSWERS = Register(Feedback, kind="", label="匹配反馈", named=lambda _, answer: f"匹配反馈 {answer.id}")
CASES = Register(
    PipelineCase,
    kind="",
    label="对接事项",
    named=lambda _, case: f"对接事项 {case.id}",
    parts=(Belonging(PipelineEvent, where=_steps_of),),
)
ACTIVITIES = Register(
    Activity,
    kind="",
    label="对接活动",
    named=lambda _, activity: f"活动“{activity.name}”",
    parts=(
        Belonging(ActivitySession, "activity_id"),
        Belonging(ActivityPlace, where=_places_of),
        Belonging(Invitation, "activity_id"),
        Belonging(ScheduleRun, "activity_id"),
        Belonging(ActivityMeeting, "activity_id"),
        Belonging(MeetingOutcome, where=_outcomes_of),
        Belonging(FollowUp, where=_follow_ups_of),
        Belonging(ActivityEvent, "activity_id"),
    ),
)
INVITATIONS = Register(
    Invitation,
    kind="invitations",
    label="活动邀请",
    named=lambda _, invited: f"对“{invited.title}”的邀请",
    identity=("activity_id", "role"),
    derived=frozenset({"party_key"}),
    keys=docking.key_of_invitation,
    stated_keys=docking.key_in_invitation,
    alias=("name",),
)
MEETINGS = Register(
    ActivityMeeting,
    kind="",
    label="会谈",
    named=lambda _, meeting: f"会谈 {meeting.id}",
    parts=(
        Belonging(MeetingOutcome, "meeting_id"),
        Belonging(FollowUp, where=_follow_ups_after),
    ),
)
OUTCOMES = Register(
    MeetingOutcome,
    kind="outcomes",
    label="对接结果",
    named=lambda _, outcome: f"会谈 {outcome.meeting_id} 的结果",
    parts=(Belonging(FollowUp, "outcome_id"),),
    whole=True,
    identity=("meeting_id",),
    keys=docking.key_of_outcome,
    stated_keys=docking.key_in_outcome,
)
REGISTERS = (OUTCOMES, INVITATIONS, DEALS, LICENCES, FACTS, NEEDS, PATENTS, ENTERPRISES, HOLDERS)

REMOVABLE = (
    DEALS, LICENCES, FACTS, NEEDS, PATENTS, ENTERPRISES, ANSWERS, CASES, OUTCOMES, MEETINGS, INVITATIONS, ACTIVITIES,
)  # fmt: skip
"""What can be deleted and restored; those without `kind` only with others."""

_ANSWERED = (Feedback.need_id, Feedback.text, Feedback.who_key)
_STATED = (Fact.kind, Fact.happened_on, Fact.ends_on, Fact.party, Fact.value)
_OFFERED = (PipelineCase.patent_id, PipelineCase.need_id, PipelineCase.enterprise_id)
REFERENCES = (
    Reference(Patent, Fact.patent_id, "fact", Fact.id, OnDeletion.GOES, _STATED),
    Reference(Patent, Licence.patent_id, "licence", Licence.id, OnDeletion.ON_REQUEST, (Licence.declared_on,)),
    Reference(Patent, DealPatent.patent_id, "deal", DealPatent.deal_id, OnDeletion.PREVENTS, (DealPatent.deal_id,)),
    Reference(Patent, Feedback.patent_id, "feedback", Feedback.id, OnDeletion.ON_REQUEST, _ANSWERED),
    Reference(Patent, PipelineCase.patent_id, "case", PipelineCase.id, OnDeletion.ON_REQUEST, _OFFERED[1:]),
    Reference(Need, Feedback.need_id, "feedback", Feedback.id, OnDeletion.ON_REQUEST, (Feedback.patent_id, Feedback.who_key)),
    Reference(Need, PipelineCase.need_id, "case", PipelineCase.id, OnDeletion.ON_REQUEST, (_OFFERED[0], _OFFERED[2])),
    Reference(Enterprise, Need.enterprise_id, "need", Need.id, OnDeletion.ON_REQUEST),
    Reference(Enterprise, PipelineCase.enterprise_id, "case", PipelineCase.id, OnDeletion.ON_REQUEST, _OFFERED[:2]),
    Reference(Enterprise, DealParty.enterprise_id, "deal", DealParty.deal_id, OnDeletion.LOOSENED),
    Reference(Deal, PipelineCase.deal_id, "case", PipelineCase.id, OnDeletion.PREVENTS),
    Reference(Patent, ActivityMeeting.patent_id, "meeting", ActivityMeeting.id, OnDeletion.PREVENTS),
    Reference(Need, ActivityMeeting.need_id, "meeting", ActivityMeeting.id, OnDeletion.PREVENTS),
    Reference(Enterprise, Invitation.enterprise_id, "invitation", Invitation.id, OnDeletion.LOOSENED),
    Reference(Deal, MeetingOutcome.deal_id, "outcome", MeetingOutcome.id, OnDeletion.LOOSENED),
    Reference(Invitation, ActivityMeeting.firm_id, "meeting", ActivityMeeting.id, OnDeletion.PREVENTS),
    Reference(Invitation, ActivityMeeting.team_id, "meeting", ActivityMeeting.id, OnDeletion.PREVENTS),
)  # fmt: skip


def register_of(noted: str) -> Register:
    """The register whose records are noted under this name. Raises StopIteration."""
    return next(register for register in REMOVABLE if register.noted == noted)


def register_named(kind: str) -> Register:
    """The register of a kind of records that can be deleted. Raises InvalidInput."""
    known = {register.kind: register for register in REMOVABLE if register.kind}
    if kind not in known:
        raise InvalidInput(f"没有“{kind}”这一类记录", hint="可用的类别：" + "、".join(known))
    return known[kind]


def contested_of(kind: str) -> Contested:
    """The way in which conflicts of this kind of import are settled. Raises KeyError for a kind that has none."""
    return {register.kind: register.contested for register in REGISTERS if register.contested}[kind]
