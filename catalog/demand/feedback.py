"""Answers to matches (匹配反馈): the verdict of an enterprise on a patent offered for its need, and the reason.

They are stored for learning and do not affect ranking. The last answer of an enterprise for a need and a patent is the
valid one; earlier ones are kept, with a reference to the one that replaced them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pydantic import StrictFloat, StrictInt, model_validator
from sqlalchemy import Select, Text, func, literal, select, update
from sqlmodel import Field, Session, SQLModel, col

from catalog.demand import needs
from catalog.demand.enterprises import Enterprise
from catalog.demand.needs import MAX_TEXT, Need
from catalog.kit.base import (
    NEVER_TWICE,
    Schema,
    Stamps,
    Timestamps,
    chunks,
    enum_type,
    fold,
    id_column,
    id_of,
)
from catalog.kit.errors import InvalidInput, NotFound
from catalog.kit.ids import Id, StrictId
from catalog.kit.paging import PageQuery, Rows, Sorts, all_ids, paginate
from catalog.kit.terms import FeedbackReason, FeedbackVerdict
from catalog.supply import holders, patents
from catalog.supply.patents import NO_NUMBER, Patent, PatentClass, PatentHolder


class FeedbackBase(Schema):
    """The verdict on a match and its reason."""

    patent_id: Id = Field(foreign_key="patents.id", index=True, description="专利编号")
    need_id: Id | None = Field(default=None, foreign_key="needs.id", index=True, description="技术需求编号")
    text: str = Field(default="", max_length=MAX_TEXT, sa_type=Text, description="需求文本；未登记的需求填写")
    verdict: FeedbackVerdict = Field(sa_type=enum_type(FeedbackVerdict), description="合适或不合适")
    reason: FeedbackReason | None = Field(
        default=None, sa_type=enum_type(FeedbackReason), description="不合适的原因（八类）"
    )
    note: str = Field(default="", max_length=1000, description="补充说明")
    who: str = Field(default="", max_length=300, description="作答的企业；缺省为需求所属的企业")
    generation: str = Field(default="", max_length=64, description="匹配所用的索引版本")
    rank: int | None = Field(default=None, ge=1, le=100_000, description="匹配名次")
    score: float | None = Field(default=None, ge=-1e6, le=1e6, description="匹配得分")


class Feedback(FeedbackBase, Timestamps, table=True):
    """An answer of a firm."""

    __tablename__ = "feedback"
    __noted_as__ = "feedback"
    __table_args__ = NEVER_TWICE

    id: int | None = Field(default=None, primary_key=True)
    who_key: str = Field(max_length=300, index=True)
    actor: str = Field(default="", max_length=100)
    replaced_by: int | None = Field(default=None, index=True)


class FeedbackCreate(FeedbackBase):
    """A new answer: on a need of the catalogue or on one in words, with a reason where the match does not suit."""

    patent_id: StrictId = Field(description="专利编号")
    need_id: StrictId | None = Field(default=None, description="技术需求编号")
    rank: StrictInt | None = Field(default=None, ge=1, le=100_000, description="匹配名次")
    score: StrictFloat | StrictInt | None = Field(default=None, ge=-1e6, le=1e6, description="匹配得分")

    @model_validator(mode="after")
    def _whole(self) -> "FeedbackCreate":
        if (self.need_id is None) == (not self.text):
            raise ValueError("need_id（已登记的需求）与 text（需求文本）应填且只填一项")
        if self.verdict == FeedbackVerdict.UNSUITABLE and self.reason is None:
            raise ValueError(f"不合适应说明原因 reason，可用：{'、'.join(r.label for r in FeedbackReason)}")
        if self.verdict == FeedbackVerdict.SUITABLE and self.reason is not None:
            raise ValueError("合适的不填原因 reason；补充说明请写在 note")
        return self


class FeedbackPublic(FeedbackBase, Stamps):
    """An answer as shown to users."""

    id: int = Field(description="反馈的编号")
    verdict_name: str = Field(description="答复的中文名称")
    reason_name: str | None = Field(description="原因的中文名称")
    application_number: str = Field(description="专利的申请号")
    patent_title: str = Field(description="专利名称")
    holders: list[str] = Field(description="专利权人，第一位在前")
    need_title: str | None = Field(description="需求名称")
    actor: str = Field(description="登记人：接口密钥的名称、命令行或检索页")
    counts: bool = Field(description="是否计入统计：同一企业对同一需求和专利只计最后一次")


class FeedbackFilter(Schema):
    """Conditions of a list of answers, by stored value; values of one field are alternatives, fields add up."""

    patent_id: Id | None = Field(default=None, description="专利编号")
    need_id: Id | None = Field(default=None, description="技术需求编号")
    verdict: list[str] = Field(default_factory=list)
    reason: list[str] = Field(default_factory=list)
    segment: list[str] = Field(default_factory=list)
    holder: str | None = Field(default=None, max_length=300, description="专利权人名称（部分）")
    who: str | None = Field(default=None, max_length=300, description="作答企业名称（部分）")
    since: date | None = Field(default=None, description="登记日不早于")
    until: date | None = Field(default=None, description="登记日不晚于")
    replaced: bool = Field(default=False, description="是否也列出已被同一企业后来的答复取代的")


@dataclass(frozen=True, slots=True)
class FeedbackTally:
    """The number of answers and of answering firms of one group: by verdict and reason, or all of a group where these are None."""

    key: str
    verdict: FeedbackVerdict | None
    reason: FeedbackReason | None
    answers: int
    firms: int


def get(session: Session, feedback_id: int) -> Feedback:
    """The answer `feedback_id`. Raises NotFound."""
    row = session.get(Feedback, feedback_id)
    if row is None:
        raise NotFound(f"没有编号为 {feedback_id} 的匹配反馈")
    return row


def create(session: Session, data: FeedbackCreate, *, actor: str = "") -> Feedback:
    """Store an answer in the place of the firm's last one on this need and patent.

    Raises NotFound (need, patent) and InvalidInput where nobody is named who answers.
    """
    patents.get(session, data.patent_id)
    who = data.who or _firm_of(session, data.need_id)
    if not who:
        raise InvalidInput("未写明作答的企业", hint="请填写 who，或给出已登记企业的需求编号 need_id")
    row = Feedback(**data.model_dump(exclude={"who"}), who=who, who_key=fold(who), actor=actor)
    session.add(row)
    session.flush()
    session.execute(update(Feedback).where(*_same(row)).values(replaced_by=row.id))
    return row


def _firm_of(session: Session, need_id: int | None) -> str:
    if need_id is None:
        return ""
    need = needs.get(session, need_id)
    firm = session.get(Enterprise, need.enterprise_id) if need.enterprise_id is not None else None
    return firm.name if firm else ""


def _same(row: Feedback) -> list[Any]:
    """The other answers of the firm on the same need and patent that count."""
    same_need = (
        col(Feedback.need_id) == row.need_id if row.need_id is not None else col(Feedback.text) == row.text
    )
    return [
        col(Feedback.patent_id) == row.patent_id,
        col(Feedback.who_key) == row.who_key,
        same_need,
        col(Feedback.replaced_by).is_(None),
        col(Feedback.id) != row.id,
    ]


def remove(session: Session, feedback_id: int) -> None:
    """Removes an answer recorded by mistake; the one it had replaced becomes valid again. Raises NotFound."""
    row = get(session, feedback_id)
    before = select(func.max(col(Feedback.id))).where(col(Feedback.replaced_by) == feedback_id)
    last = session.execute(before).scalar_one()
    session.execute(
        update(Feedback)
        .where(col(Feedback.replaced_by) == feedback_id)
        .values(replaced_by=row.replaced_by or last)
    )
    if row.replaced_by is None and last is not None:
        session.execute(update(Feedback).where(col(Feedback.id) == last).values(replaced_by=None))
    session.delete(row)
    session.flush()


SORTS = Sorts({"id": Feedback.id, "created_at": Feedback.created_at, "score": Feedback.score}, "-id")


def page(session: Session, wanted: PageQuery, where: FeedbackFilter) -> Rows[Feedback]:
    """The answers that meet all conditions, the newest first by default."""
    return paginate(session, _meeting(where), wanted, SORTS)


def listed(session: Session, wanted: PageQuery, where: FeedbackFilter, *, at_most: int) -> list[int]:
    """The ids of all answers that meet the conditions, in the order of the list. Raises InvalidInput for too many."""
    return all_ids(session, _meeting(where), wanted, SORTS, at_most=at_most)


def _meeting(where: FeedbackFilter) -> Select[Any]:
    query = select(Feedback)
    for name in ("patent_id", "need_id"):
        if (value := getattr(where, name)) is not None:
            query = query.where(getattr(Feedback, name) == value)
    for name in ("verdict", "reason"):
        if values := getattr(where, name):
            query = query.where(getattr(Feedback, name).in_(values))
    if where.segment:
        query = query.where(col(Feedback.patent_id).in_(_in_segments(where.segment)))
    if where.holder:
        held = select(col(PatentHolder.patent_id)).where(
            col(PatentHolder.holder_id).in_(holders.named(where.holder))
        )
        query = query.where(col(Feedback.patent_id).in_(held))
    if where.who:
        query = query.where(col(Feedback.who_key).contains(fold(where.who), autoescape=True))
    if where.since:
        query = query.where(col(Feedback.created_at) >= _midnight(where.since))
    if where.until:
        query = query.where(col(Feedback.created_at) < _midnight(where.until + timedelta(1)))
    return query if where.replaced else query.where(col(Feedback.replaced_by).is_(None))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _in_segments(codes: Sequence[str]) -> Select[Any]:
    return select(col(PatentClass.patent_id)).where(
        col(PatentClass.scheme) == "segment", col(PatentClass.code).in_(list(codes))
    )


def publics(session: Session, rows: Sequence[Feedback]) -> list[FeedbackPublic]:
    """The answers as shown to users, in the order given."""
    patent_ids = sorted({row.patent_id for row in rows})
    found = {patent_id: (title, number) for patent_id, title, number in _patents(session, patent_ids)}
    names = patents.holder_names(session, patent_ids)
    titles = _need_titles(session, sorted({row.need_id for row in rows if row.need_id is not None}))
    return [
        FeedbackPublic(
            **row.model_dump(include={*FeedbackBase.model_fields, *Stamps.model_fields}),
            id=id_of(row),
            verdict_name=FeedbackVerdict(row.verdict).label,
            reason_name=FeedbackReason(row.reason).label if row.reason else None,
            application_number=found[row.patent_id][1] or NO_NUMBER,
            patent_title=found[row.patent_id][0],
            holders=names.get(row.patent_id, []),
            need_title=titles.get(row.need_id or 0),
            actor=row.actor,
            counts=row.replaced_by is None,
        )
        for row in rows
    ]


def many(session: Session, ids: Sequence[int]) -> dict[int, FeedbackPublic]:
    """The answers with these ids as shown to users, by id; ids that are gone are left out."""
    rows = session.execute(select(Feedback).where(col(Feedback.id).in_(list(ids)))).scalars().all()
    return {shown.id: shown for shown in publics(session, rows)}


def _patents(session: Session, ids: Sequence[int]) -> Iterator[Any]:
    for chunk in chunks(ids):
        query = select(col(Patent.id), col(Patent.title), col(Patent.application_number))
        yield from session.execute(query.where(col(Patent.id).in_(chunk)))


def _need_titles(session: Session, ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for chunk in chunks(ids):
        query = select(id_column(Need), col(Need.title)).where(col(Need.id).in_(chunk))
        found.update((need_id, title) for need_id, title in session.execute(query))
    return found


def tallies(session: Session, where: FeedbackFilter, group: str) -> list[FeedbackTally]:
    """The answers that meet the conditions, counted by `group`: "all" (key ""), "segment" (code) or "holder" (id).

    Every group comes once with all its answers, and once for each verdict and reason. An answer counts in every group that
    its patent belongs to.
    """
    counted = _meeting(where).subquery()
    key, source = _keyed(counted, group)
    both = (counted.c.verdict, counted.c.reason)
    numbers = (func.count(), func.count(counted.c.who_key.distinct()))
    whole = select(key, *numbers).select_from(source).group_by(key)
    parts = select(key, *both, *numbers).select_from(source).group_by(key, *both)
    found = [
        FeedbackTally(str(k), None, None, answers, firms) for k, answers, firms in session.execute(whole)
    ]
    for k, verdict, reason, answers, firms in session.execute(parts):
        stated = FeedbackReason(reason) if reason else None
        found.append(FeedbackTally(str(k), FeedbackVerdict(verdict), stated, answers, firms))
    return found


def _keyed(counted: Any, group: str) -> tuple[Any, Any]:
    """The keys by which answers are counted, and the tables that they are read from."""
    if group == "segment":
        classes = SQLModel.metadata.tables["patent_classes"]
        on = (classes.c.patent_id == counted.c.patent_id) & (classes.c.scheme == "segment")
        return classes.c.code, counted.join(classes, on)
    if group == "holder":
        held = SQLModel.metadata.tables["patent_holders"]
        return held.c.holder_id, counted.join(held, held.c.patent_id == counted.c.patent_id)
    return literal(""), counted
