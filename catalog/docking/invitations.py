"""Invitations (邀请) to an activity, with the answers and the wishes of the parties.

A firm is one of the enterprises, a team the people of one patentee that sit together. Which pairs speak for an invitation is kept
as it was on the day of the invitation.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, UniqueConstraint, func, select
from sqlmodel import Field, Session, col

from catalog.docking.activities import MOST_SLOTS, ActivitySession
from catalog.docking.terms import InvitationAnswer, PartyRole
from catalog.kit.base import NEVER_TWICE, Schema, Stamps, Timestamps, UtcDateTime, enum_type, fold, id_of
from catalog.kit.errors import InvalidInput, NotFound
from catalog.kit.ids import StrictId
from catalog.kit.paging import PageQuery, Rows, Sorts, paginate

MOST_PEOPLE, MOST_WISHES = 20, 200
_SLOT = re.compile(r"([1-9]\d?)-([1-9]\d?)", re.ASCII)


class AnswerStated(Schema):
    """The answer of a party: whether it comes, who, to which sessions, whom it wishes to meet and whom not."""

    answer: InvitationAnswer = Field(
        default=InvitationAnswer.PENDING, sa_type=enum_type(InvitationAnswer), description="答复"
    )
    people: list[str] = Field(
        default_factory=list, sa_type=JSON, max_length=MOST_PEOPLE, description="参会人员：姓名、职务"
    )
    sessions: list[int] = Field(
        default_factory=list, sa_type=JSON, max_length=40, description="参加的场次序号；空为全部"
    )
    absent: list[str] = Field(
        default_factory=list,
        sa_type=JSON,
        max_length=200,
        description="不能参加的时段，如 1-3 为第 1 场第 3 时段",
    )
    wished: list[int] = Field(
        default_factory=list, sa_type=JSON, max_length=MOST_WISHES, description="希望会谈的对方的邀请编号"
    )
    barred: list[int] = Field(
        default_factory=list, sa_type=JSON, max_length=MOST_WISHES, description="不希望会谈的对方的邀请编号"
    )
    most: int | None = Field(default=None, ge=1, le=MOST_SLOTS, description="最多会谈场数；空为按活动的规则")
    note: str = Field(default="", max_length=1000, description="备注")


class Invitation(AnswerStated, Timestamps, table=True):
    """An invitation, known by the activity, the role and the name of the party."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("activity_id", "role", "party_key"), NEVER_TWICE)
    __noted_as__ = "invitation"

    id: int | None = Field(default=None, primary_key=True)
    activity_id: int = Field(foreign_key="activities.id", index=True)
    role: PartyRole = Field(sa_type=enum_type(PartyRole), description="参会身份")
    name: str = Field(max_length=300, description="单位名称")
    team: str = Field(default="", max_length=100, description="团队名称；空为单位只来一支团队")
    party_key: str = Field(max_length=420, description="折叠后的单位名称与团队名称，用于识别同一参会方")
    enterprise_id: int | None = Field(default=None, foreign_key="enterprises.id", index=True)
    holder_id: int | None = Field(default=None, foreign_key="holders.id", index=True)
    special: bool = Field(default=False, description="专精特新企业")
    grounds: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSON, description="邀请的理由：邀请当日匹配的需求与专利"
    )
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime, description="答复登记时间")
    no_show: bool = Field(default=False, description="活动当日未到场")
    import_id: int | None = Field(default=None, foreign_key="imports.id")

    @property
    def title(self) -> str:
        """The name of the party, with that of its team."""
        return f"{self.name}（{self.team}）" if self.team else self.name

    @property
    def comes(self) -> bool:
        """Whether the party takes part in the meetings."""
        return self.answer == InvitationAnswer.COMING and not self.no_show

    def is_free(self, session_number: int, slot: int) -> bool:
        """Whether the party said that it can meet in a slot, whether it came or not."""
        comes = self.answer == InvitationAnswer.COMING
        there = not self.sessions or session_number in self.sessions
        return comes and there and f"{session_number}-{slot}" not in self.absent

    def is_available(self, session_number: int, slot: int) -> bool:
        """Whether the party can meet in a slot."""
        return not self.no_show and self.is_free(session_number, slot)


class InvitationCreate(AnswerStated):
    """A new invitation; a firm or holder of the catalogue is named by id or by name."""

    role: PartyRole = Field(description="参会身份")
    name: str = Field(default="", max_length=300, description="单位名称；给出编号时可省略")
    team: str = Field(default="", max_length=100, description="团队名称；一个专利权人来几支团队时填写")
    enterprise_id: StrictId | None = Field(default=None, description="企业编号")
    holder_id: StrictId | None = Field(default=None, description="专利权人编号")
    grounds: list[dict[str, Any]] = Field(default_factory=list)
    special: bool = False


class InvitationFilter(Schema):
    """Conditions of a list of invitations."""

    role: PartyRole | None = Field(default=None, description="参会身份")
    answer: InvitationAnswer | None = Field(default=None, description="答复")


class InvitationPublic(AnswerStated, Stamps):
    """An invitation as shown to users."""

    id: int = Field(description="邀请的编号")
    activity_id: int = Field(description="对接活动的编号")
    role: PartyRole = Field(description="参会身份")
    role_name: str = Field(description="参会身份的中文名称")
    name: str = Field(description="受邀方的名称")
    team: str = Field(description="专利权人团队")
    title: str = Field(description="单位名称，有几支团队时附团队名称")
    enterprise_id: int | None = Field(description="企业的编号")
    holder_id: int | None = Field(description="专利权人的编号")
    special: bool = Field(description="专精特新企业")
    grounds: list[dict[str, Any]] = Field(description="邀请的理由：邀请当日匹配的需求与专利")
    answer_name: str = Field(description="答复的中文名称")
    answered_at: datetime | None = Field(description="答复时间；未答复为空")
    no_show: bool = Field(description="活动当日未到场")


def key_of(name: str, team: str) -> str:
    """The key that identifies a party within its role."""
    return f"{fold(name)} {fold(team)}".strip()


def get(session: Session, activity_id: int, invitation_id: int) -> Invitation:
    """An invitation of an activity. Raises NotFound."""
    row = session.get(Invitation, invitation_id)
    if row is None or row.activity_id != activity_id:
        raise NotFound(
            f"编号为 {activity_id} 的活动没有编号为 {invitation_id} 的邀请",
            record=(Invitation.__noted_as__, invitation_id),
        )
    return row


def find(session: Session, activity_id: int, role: PartyRole, name: str, team: str = "") -> Invitation | None:
    """The invitation of a party by its name."""
    query = select(Invitation).where(
        col(Invitation.activity_id) == activity_id,
        col(Invitation.role) == role.value,
        col(Invitation.party_key) == key_of(name, team),
    )
    return session.execute(query).scalar_one_or_none()


def named(session: Session, activity_id: int, name: str) -> list[Invitation]:
    """The invitations of all parties with this name, with or without that of the team."""
    query = select(Invitation).where(col(Invitation.activity_id) == activity_id)
    wanted = fold(name)
    rows = session.execute(query.order_by(col(Invitation.id))).scalars()
    return [row for row in rows if wanted in (fold(row.name), fold(row.title))]


def of_activity(session: Session, activity_id: int) -> Sequence[Invitation]:
    """All invitations of an activity by id."""
    query = select(Invitation).where(col(Invitation.activity_id) == activity_id)
    return session.execute(query.order_by(col(Invitation.id))).scalars().all()


SORTS = Sorts({"id": Invitation.id, "name": Invitation.name}, "id")


def page(session: Session, activity_id: int, wanted: PageQuery, where: InvitationFilter) -> Rows[Invitation]:
    """The invitations that meet all conditions."""
    query = select(Invitation).where(col(Invitation.activity_id) == activity_id)
    for name in ("role", "answer"):
        if (value := getattr(where, name)) is not None:
            query = query.where(getattr(Invitation, name) == value.value)
    return paginate(session, query, wanted, SORTS)


def counts(session: Session, ids: Sequence[int]) -> dict[int, dict[tuple[PartyRole, InvitationAnswer], int]]:
    """The number of parties invited to these activities, by role and answer."""
    columns = col(Invitation.activity_id), col(Invitation.role), col(Invitation.answer)
    query = (
        select(*columns, func.count()).where(col(Invitation.activity_id).in_(list(ids))).group_by(*columns)
    )
    found: dict[int, dict[tuple[PartyRole, InvitationAnswer], int]] = {id_: {} for id_ in ids}
    for activity_id, role, answer, count in session.execute(query):
        found[activity_id][PartyRole(role), InvitationAnswer(answer)] = count
    return found


def public(row: Invitation) -> InvitationPublic:
    """The invitation as shown to users."""
    names = set(InvitationPublic.model_fields) - {"title", "role_name", "answer_name"}
    return InvitationPublic(
        **row.model_dump(include=names),
        title=row.title,
        role_name=PartyRole(row.role).label,
        answer_name=InvitationAnswer(row.answer).label,
    )


def check(data: AnswerStated, sessions: Sequence[ActivitySession], known: Iterable[int]) -> None:
    """Raises InvalidInput for a session, a slot or an invitation that the activity has not."""
    slots = {row.number: row.slots for row in sessions}
    problems = [f"没有第 {number} 场" for number in data.sessions if number not in slots]
    for text in data.absent:
        found = _SLOT.fullmatch(text)
        if not found or int(found[2]) > slots.get(int(found[1]), 0):
            problems.append(f"时段“{text[:20]}”无法识别或不存在，应为“场次-时段”，如 1-3")
    invited = set(known)
    unknown = [str(one) for one in (*data.wished, *data.barred) if one not in invited]
    if unknown:
        problems.append(f"没有编号为 {'、'.join(unknown)} 的邀请")
    if both := sorted(set(data.wished) & set(data.barred)):
        problems.append(f"编号 {'、'.join(map(str, both))} 的邀请不能既希望又不希望会谈")
    if problems:
        raise InvalidInput("；".join(problems), hint="请核对场次、时段与邀请编号")


def ids_of(session: Session, activity_id: int) -> list[int]:
    """The ids of all invitations of an activity."""
    return [id_of(row) for row in of_activity(session, activity_id)]
