"""The way from a match to a deal (对接进程): who was offered which patent, how far it came, who noted it and when.

Which stage may follow which, and what it requires, is data (refdata/deal_stages.csv).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import StrictFloat, StrictInt
from sqlalchemy import Select, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.deals import deals
from catalog.deals.deals import Deal
from catalog.demand import enterprises, needs
from catalog.demand.enterprises import Enterprise
from catalog.demand.needs import Need
from catalog.kit.base import NEVER_TWICE, Schema, Stamps, Timestamps, UtcDateTime, enum_type, id_of, now
from catalog.kit.errors import InvalidInput, NotFound, RecordExists, WrongState
from catalog.kit.ids import Id, StrictId
from catalog.kit.paging import PageQuery, Rows, Sorts, paginate
from catalog.kit.terms import DealStatus, PipelineStage
from catalog.reference.lists import rows as reference_rows
from catalog.supply import patents
from catalog.supply.patents import Patent


class PipelineCase(Timestamps, table=True):
    """A patent on its way to a firm, with the match it came from."""

    __tablename__ = "pipeline_cases"
    __noted_as__ = "case"
    __table_args__ = NEVER_TWICE

    id: int | None = Field(default=None, primary_key=True)
    patent_id: int = Field(foreign_key="patents.id", index=True)
    need_id: int | None = Field(default=None, foreign_key="needs.id", index=True)
    enterprise_id: int | None = Field(default=None, foreign_key="enterprises.id", index=True)
    generation: str = Field(default="", max_length=64, description="匹配所用的索引版本")
    rank: int | None = Field(default=None, description="匹配名次")
    score: float | None = Field(default=None, description="匹配得分")
    stage: PipelineStage = Field(
        default=PipelineStage.PUSHED, sa_type=enum_type(PipelineStage), index=True, description="对接阶段"
    )
    deal_id: int | None = Field(default=None, foreign_key="deals.id", index=True, description="促成的交易")


class PipelineEvent(SQLModel, table=True):
    """One step of a case: from which stage to which, who noted it, when and why."""

    __tablename__ = "pipeline_events"
    __table_args__ = NEVER_TWICE

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="pipeline_cases.id", index=True)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    actor: str = Field(default="", max_length=100)
    from_stage: str | None = Field(default=None, max_length=24)
    to_stage: str = Field(max_length=24)
    note: str = Field(default="", max_length=500)


class CaseCreate(Schema):
    """A new case: a patent offered to a need or a firm."""

    application_number: str = Field(min_length=1, max_length=40, description="专利申请号")
    need_id: StrictId | None = Field(default=None, description="技术需求编号")
    enterprise_id: StrictId | None = Field(default=None, description="企业编号；缺省为需求所属的企业")
    generation: str = Field(default="", max_length=64, description="匹配所用的索引版本")
    rank: StrictInt | None = Field(default=None, ge=1, le=100_000, description="匹配名次")
    score: StrictFloat | None = Field(default=None, ge=0, le=1e6, description="匹配得分")
    note: str = Field(default="", max_length=500, description="备注")


class StagePublic(SQLModel):
    """A step of a case as shown to users."""

    at: datetime = Field(description="进入时间")
    actor: str = Field(description="操作者：命令行，或接口密钥的名称")
    from_stage_name: str | None = Field(description="原阶段的中文名称；首次登记为空")
    to_stage: PipelineStage = Field(description="进入的阶段")
    to_stage_name: str = Field(description="进入的阶段的中文名称")
    note: str = Field(description="说明")


class CasePublic(Stamps):
    """A case as shown to users."""

    id: int = Field(description="对接事项的编号")
    application_number: str | None = Field(description="申请号；草稿为空")
    patent_id: int = Field(description="专利的编号")
    patent_title: str = Field(description="专利名称")
    need_id: int | None = Field(description="技术需求的编号")
    need_title: str | None = Field(description="需求名称")
    enterprise_id: int | None = Field(description="企业的编号")
    enterprise_name: str | None = Field(description="企业名称")
    generation: str = Field(description="推送所用的索引版本")
    rank: int | None = Field(description="推送时的名次")
    score: float | None = Field(description="推送时的得分")
    stage: PipelineStage = Field(description="所处阶段")
    stage_name: str = Field(description="所处阶段的中文名称")
    next_stages: list[PipelineStage] = Field(description="可以进入的下一阶段")
    deal_id: int | None = Field(description="促成的交易的编号；没有为空")
    deal_code: str | None = Field(description="促成的交易的合同编号；没有为空")
    history: list[StagePublic] = Field(description="各步，最早的在前")


@dataclass(frozen=True, slots=True)
class Transition:
    """A step that may be taken; `requires` is empty, `deal`, `filing`, `receipt` or `reason`."""

    origin: PipelineStage
    target: PipelineStage
    requires: str
    text: str


@cache
def transitions() -> list[Transition]:
    """All steps that may be taken."""
    return [
        Transition(PipelineStage(r["from"]), PipelineStage(r["to"]), r["requires"], r["text"])
        for r in reference_rows("deal_stages.csv")
    ]


def next_stages(stage: PipelineStage) -> list[PipelineStage]:
    """The permitted next stages."""
    return [step.target for step in transitions() if step.origin == stage]


def get(session: Session, case_id: int) -> PipelineCase:
    """The case `case_id`. Raises NotFound."""
    row = session.get(PipelineCase, case_id)
    if row is None:
        raise NotFound(f"没有编号为 {case_id} 的对接事项")
    return row


def create(session: Session, data: CaseCreate, *, actor: str = "") -> PipelineCase:
    """Note that a patent was offered. Raises NotFound, InvalidInput (nobody to offer it to) and Conflict (already offered)."""
    patent = patents.find(session, data.application_number)
    if patent is None:
        raise NotFound(f"没有申请号为 {data.application_number} 的专利", hint="请先导入该专利")
    firm = _firm(session, data)
    same = select(PipelineCase).where(
        col(PipelineCase.patent_id) == patent.id,
        col(PipelineCase.need_id) == data.need_id,
        col(PipelineCase.enterprise_id) == firm,
        col(PipelineCase.stage) != PipelineStage.ENDED.value,
    )
    if (open_case := session.execute(same.limit(1)).scalar_one_or_none()) is not None:
        raise RecordExists(
            f"该专利与该需求（企业）已有编号为 {open_case.id} 的对接事项，处于“{open_case.stage.label}”",
            hint="请继续办理该对接事项",
            existing_id=open_case.id,
        )
    values = data.model_dump(include={"need_id", "generation", "rank", "score"})
    row = PipelineCase(patent_id=id_of(patent), enterprise_id=firm, **values)
    session.add(row)
    session.flush()
    _note(session, row, None, actor, data.note)
    return row


def _firm(session: Session, data: CaseCreate) -> int | None:
    if data.need_id is None and data.enterprise_id is None:
        raise InvalidInput("对接事项应指明技术需求或企业", hint="请填写 need_id 或 enterprise_id")
    owner = needs.get(session, data.need_id).enterprise_id if data.need_id is not None else None
    if data.enterprise_id is None:
        return owner
    enterprises.get(session, data.enterprise_id)
    if owner is not None and owner != data.enterprise_id:
        raise InvalidInput(f"技术需求 {data.need_id} 属于编号 {owner} 的企业，不是 {data.enterprise_id}")
    return data.enterprise_id


def advance(
    session: Session,
    case_id: int,
    target: PipelineStage,
    *,
    actor: str = "",
    note: str = "",
    deal_id: int | None = None,
) -> PipelineCase:
    """Take a case to another stage. Raises NotFound, Conflict (no such step) and InvalidInput (something is required)."""
    row = get(session, case_id)
    step = next((t for t in transitions() if (t.origin, t.target) == (row.stage, target)), None)
    if step is None:
        allowed = "、".join(stage.label for stage in next_stages(row.stage)) or "无"
        raise WrongState(
            f"对接事项处于“{row.stage.label}”，不能进入“{target.label}”", hint=f"可以进入：{allowed}"
        )
    if deal_id is not None:
        _attach(session, row, deal_id)
    _require(session, row, step, note)
    if target == PipelineStage.NEGOTIATING:
        row.deal_id = None
    before, row.stage, row.updated_at = row.stage, target, now()
    _note(session, row, before, actor, note)
    return row


def _attach(session: Session, row: PipelineCase, deal_id: int) -> None:
    deal = deals.get(session, deal_id)
    if row.patent_id not in deals.patent_ids(session, deal_id):
        raise InvalidInput(f"交易 {deal.code} 不涉及该对接事项的专利", hint="请核对交易编号")
    row.deal_id = deal_id


def _require(session: Session, row: PipelineCase, step: Transition, note: str) -> None:
    if step.requires == "reason" and not note:
        raise InvalidInput(f"进入“{step.target.label}”应说明原因", hint="请填写 note")
    if step.requires in ("", "reason"):
        return
    deal = session.get(Deal, row.deal_id) if row.deal_id else None
    if deal is None or deal.status != DealStatus.VALID:
        raise InvalidInput(f"进入“{step.target.label}”需要已登记的交易", hint="请先登记交易，并填写 deal_id")
    if step.requires == "filing" and deal.filed_on is None:
        raise InvalidInput(f"交易 {deal.code} 尚未登记备案", hint="请先登记备案号和备案日")
    if step.requires == "receipt" and not deals.receipts(session, id_of(deal)):
        raise InvalidInput(f"交易 {deal.code} 尚无到账记录", hint="请先登记到账")


def _note(session: Session, row: PipelineCase, before: PipelineStage | None, actor: str, note: str) -> None:
    session.add(
        PipelineEvent(
            case_id=id_of(row),
            actor=actor,
            from_stage=before.value if before else None,
            to_stage=PipelineStage(row.stage).value,
            note=note,
        )
    )
    session.flush()


def follow_deal(session: Session, deal_id: int, target: PipelineStage, *, actor: str, note: str) -> None:
    """Take the cases of a deal to the stage that the deal has reached, where that is a step they may take."""
    query = select(PipelineCase).where(col(PipelineCase.deal_id) == deal_id)
    for row in session.execute(query).scalars().all():
        if target in next_stages(row.stage):
            advance(session, id_of(row), target, actor=actor, note=note)


class CaseFilter(Schema):
    """Conditions of a list of cases."""

    stage: PipelineStage | None = Field(default=None, description="对接阶段")
    need_id: Id | None = Field(default=None, description="技术需求编号")
    enterprise_id: Id | None = Field(default=None, description="企业编号")
    application_number: str | None = Field(default=None, max_length=40, description="专利申请号")
    deal_id: Id | None = Field(default=None, description="交易编号")


SORTS = Sorts(
    {
        "id": PipelineCase.id,
        "created_at": PipelineCase.created_at,
        "updated_at": PipelineCase.updated_at,
        "score": PipelineCase.score,
    },
    "-id",
)


def page(session: Session, wanted: PageQuery, where: CaseFilter) -> Rows[PipelineCase]:
    """The cases that meet all conditions."""
    query = _conditions(select(PipelineCase), where)
    return paginate(session, query, wanted, SORTS)


def _conditions(query: Select[Any], where: CaseFilter) -> Select[Any]:
    if where.stage:
        query = query.where(col(PipelineCase.stage) == where.stage.value)
    for name in ("need_id", "enterprise_id", "deal_id"):
        if (value := getattr(where, name)) is not None:
            query = query.where(getattr(PipelineCase, name) == value)
    if where.application_number:
        query = query.join(Patent, col(Patent.id) == col(PipelineCase.patent_id))
        query = query.where(col(Patent.application_number) == where.application_number)
    return query


def publics(session: Session, rows: Sequence[PipelineCase]) -> list[CasePublic]:
    """The cases as shown to users, with their history, in the order given."""
    ids = [id_of(row) for row in rows]
    query = (
        select(PipelineCase, Patent, col(Need.title), col(Enterprise.name), col(Deal.code))
        .join(Patent, col(Patent.id) == col(PipelineCase.patent_id))
        .outerjoin(Need, col(Need.id) == col(PipelineCase.need_id))
        .outerjoin(Enterprise, col(Enterprise.id) == col(PipelineCase.enterprise_id))
        .outerjoin(Deal, col(Deal.id) == col(PipelineCase.deal_id))
        .where(col(PipelineCase.id).in_(ids))
    )
    steps = _steps(session, ids)
    found = {
        case.id: CasePublic(
            **case.model_dump(),
            application_number=patent.application_number,
            patent_title=patent.title,
            need_title=need,
            enterprise_name=firm,
            stage_name=case.stage.label,
            next_stages=next_stages(case.stage),
            deal_code=deal,
            history=steps.get(case.id, []),
        )
        for case, patent, need, firm, deal in session.execute(query)
    }
    return [found[id_] for id_ in ids]


def _steps(session: Session, ids: Sequence[int]) -> dict[int, list[StagePublic]]:
    found: dict[int, list[StagePublic]] = {}
    query = select(PipelineEvent).where(col(PipelineEvent.case_id).in_(list(ids)))
    for row in session.execute(query.order_by(col(PipelineEvent.id))).scalars():
        step = StagePublic(
            at=row.at,
            actor=row.actor,
            from_stage_name=PipelineStage(row.from_stage).label if row.from_stage else None,
            to_stage=PipelineStage(row.to_stage),
            to_stage_name=PipelineStage(row.to_stage).label,
            note=row.note,
        )
        found.setdefault(row.case_id, []).append(step)
    return found
