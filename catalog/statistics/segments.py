"""Matches, declarations and deals by industry segment (产业细分领域), area, holder and period.

A patent may belong to several segments. By weights (缺省) each counts with its share and the rows add up to the total; counted
each in full (分别全额) the rows overlap, and the total counts everything once. Deals of several patents are divided evenly among
them. Shares are cut to hundredths so that nothing is lost: what remains goes to the largest share.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.deals.deals import Deal, DealParty, DealPatent, Receipt
from catalog.kit.base import Schema, chunks, fold, id_of
from catalog.kit.money import CENT, Money, cents
from catalog.kit.terms import DealKind, DealStatus, LicenceStatus, PartySide, Term
from catalog.licences.licences import RUNNING, Licence
from catalog.runs.matches import last_run
from catalog.segments import segments
from catalog.statistics.contracts import FLOOR
from catalog.statistics.matches import (
    COUNTED,
    ONE,
    MatchFilter,
    counted,
    held_by,
    needs_in,
    notes_on,
    segment_shares,
)
from catalog.supply.patents import Patent

UNCLASSIFIED = ""
Shares = Mapping[str, Decimal]


class Counting(Term):
    """The way in which a patent in several segments is counted."""

    WEIGHTED = "weighted", "按权重分摊"
    EACH = "each", "分别全额"


RULES = {
    Counting.WEIGHTED: "一件专利属于几个细分领域时按其权重分摊，一笔交易涉及几件专利时平均分摊；各行相加等于合计",
    Counting.EACH: "一件专利属于几个细分领域时在每个领域全额计入；合计行每件专利、每笔交易只计一次，不等于各行之和",
}


class SegmentFilter(Schema):
    """The unit of counting."""

    region: list[str] = Field(default_factory=list)
    holder: str | None = Field(default=None, max_length=300)
    since: date | None = None
    until: date | None = None
    counting: Counting = Counting.WEIGHTED
    today: date


class SegmentFigures(SQLModel):
    """The figures of a segment, or of all."""

    matches: Decimal = Field(
        default=Decimal(0), description="夜间匹配的（需求，专利）对数，只计匹配程度为高、中的"
    )
    matched_patents: Decimal = Field(default=Decimal(0), description="有高、中匹配的专利件数")
    declared: Decimal = Field(default=Decimal(0), description="期内声明开放许可的份数")
    open_now: Decimal = Field(default=Decimal(0), description="期末在公告中的声明份数")
    deals: Decimal = Field(default=Decimal(0), description="期内签约的交易笔数（不含质押）")
    deal_patents: Decimal = Field(default=Decimal(0), description="期内签约的专利件次")
    contract_amount: Money = Field(default=Decimal(0), description="期内签约的合同金额（元）")
    received: Money = Field(default=Decimal(0), description="期内到账金额（元），按到账日计")
    average_amount: Money | None = Field(
        default=None, description=f"平均合同金额（元）；有金额的合同不超过 {FLOOR} 份时不公布"
    )


class SegmentRow(SegmentFigures):
    """The figures of one segment; the empty code is that of patents without a segment."""

    code: str = Field(description="产业细分领域的代码；不属于任何领域的为空")
    name: str = Field(description="产业细分领域的名称")
    group_name: str = Field(description="所属产业")


class SegmentReport(SQLModel):
    """The figures by segment with what they rest on."""

    catalogue: str = Field(description="产业目录版本")
    catalogue_status: str = Field(description="所用产业目录的核定情况")
    counting: Counting = Field(description="计数方式")
    rule: str = Field(description="计数规则")
    counted: str = Field(default=COUNTED, description="计入的匹配")
    since: date | None = Field(description="交易日期不早于；不限为空")
    until: date | None = Field(description="交易日期不晚于；不限为空")
    run_id: int | None = Field(description="所用的夜间匹配")
    run_finished_at: datetime | None = Field(description="所依据的夜间批处理的结束时间")
    rows: list[SegmentRow] = Field(description="各产业细分领域")
    total: SegmentFigures = Field(description="合计")
    notes: list[str] = Field(description="说明")


def split(amount: Decimal, shares: Shares, unit: Decimal = CENT) -> dict[str, Decimal]:
    """`amount` divided by shares that add up to one, in whole units; the remainder goes to the largest share."""
    parts = {code: (amount * share).quantize(unit, ROUND_DOWN) for code, share in shares.items()}
    if parts:
        largest = max(shares, key=lambda code: (shares[code], code))
        parts[largest] += amount - sum(parts.values(), Decimal(0))
    return parts


@dataclass
class _Tally:
    """Figures being added up."""

    counting: Counting
    shares: dict[int, dict[str, Decimal]]
    rows: dict[str, SegmentFigures] = field(default_factory=lambda: defaultdict(SegmentFigures))
    total: SegmentFigures = field(default_factory=SegmentFigures)
    amounts: dict[str, list[Decimal]] = field(default_factory=lambda: defaultdict(list))
    all_amounts: list[Decimal] = field(default_factory=list)

    def of(self, patent_ids: Sequence[int]) -> dict[str, Decimal]:
        """Shares of the segments in a number of patents."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for patent_id in patent_ids:
            for code, share in self.shares.get(patent_id, {UNCLASSIFIED: ONE}).items():
                found[code] += share / len(patent_ids)
        return dict(found)

    def add(self, name: str, amount: Decimal, shares: Shares) -> None:
        """Count an amount once in the total and, by the rule, in its segments."""
        setattr(self.total, name, getattr(self.total, name) + amount)
        weighted = self.counting is Counting.WEIGHTED
        for code, part in (split(amount, shares) if weighted else dict.fromkeys(shares, amount)).items():
            row = self.rows[code]
            setattr(row, name, getattr(row, name) + part)

    def finish(self) -> None:
        """Averages, where enough contracts support them."""
        for code, amounts in self.amounts.items():
            self.rows[code].average_amount = _average(amounts)
        self.total.average_amount = _average(self.all_amounts)


def _average(amounts: Sequence[Decimal]) -> Decimal | None:
    return cents(sum(amounts, Decimal(0)) / len(amounts)) if len(amounts) > FLOOR else None


def report(session: Session, where: SegmentFilter) -> SegmentReport:
    """The figures by segment of the catalogue in use. Raises NotReady when none is."""
    catalogue = segments.catalogue(session)
    run = last_run(session, where.until)
    held = held_by(session, where.holder) if where.holder else None
    matched = dict(_match_counts(session, where, run.id, held)) if run and run.id else {}
    declared = list(_declarations(session, where, held))
    signed = _deals(session, where)
    tally = _Tally(where.counting, {})
    concerned = {*matched, *(d.patent_id for d in declared), *(p for d in signed for p in d.patent_ids)}
    tally.shares = segment_shares(session, sorted(concerned))
    for patent_id, count in matched.items():
        tally.add("matches", Decimal(count), tally.of([patent_id]))
        tally.add("matched_patents", ONE, tally.of([patent_id]))
    _add_declarations(tally, declared, where)
    _add_deals(tally, signed, where)
    tally.finish()
    return SegmentReport(
        catalogue=catalogue.version,
        catalogue_status="已核定" if catalogue.official else "待官方核定",
        counting=where.counting,
        rule=RULES[where.counting],
        since=where.since,
        until=where.until,
        run_id=run.id if run else None,
        run_finished_at=run.finished_at if run else None,
        rows=_rows(session, catalogue, tally),
        total=tally.total,
        notes=notes_on(session, run),
    )


def _rows(session: Session, catalogue: Any, tally: _Tally) -> list[SegmentRow]:
    named = {s.code: (s.name, s.group_name) for s in segments.segments_of(session, catalogue)}
    others = sorted(code for code in tally.rows if code and code not in named)
    known = {**named, **dict.fromkeys(others, ("（不在现用目录中）", ""))}
    if UNCLASSIFIED in tally.rows:
        known[UNCLASSIFIED] = ("未分类", "")
    return [
        SegmentRow(code=code, name=name, group_name=group, **tally.rows[code].model_dump())
        for code, (name, group) in known.items()
    ]


def _match_counts(
    session: Session, where: SegmentFilter, run_id: int, held: set[int] | None
) -> Iterable[tuple[int, int]]:
    """The number of needs that each patent was matched with."""
    wanted, nights = needs_in(session, where.region), MatchFilter(until=where.until, today=where.today)
    counts: dict[int, int] = defaultdict(int)
    for need_id, matches in counted(session, run_id, nights.open_on):
        if wanted is not None and need_id not in wanted:
            continue
        for _, match in matches:
            if held is None or match.id in held:
                counts[match.id] += 1
    return counts.items()


def _declarations(session: Session, where: SegmentFilter, held: set[int] | None) -> Iterator[Licence]:
    query = select(Licence).where(col(Licence.status) != LicenceStatus.DRAFT)
    if where.region:
        query = query.join(Patent, col(Patent.id) == col(Licence.patent_id))
        query = query.where(col(Patent.province).in_(where.region) | col(Patent.prefecture).in_(where.region))
    for row in session.execute(query.order_by(col(Licence.id))).scalars():
        if held is None or row.patent_id in held:
            yield row


def declared_in(session: Session, where: SegmentFilter) -> list[Licence]:
    """The declarations of the period."""
    held = held_by(session, where.holder) if where.holder else None
    rows = _declarations(session, where, held)
    return [row for row in rows if _within(row.declared_on or row.starts_on, where)]


def _add_declarations(tally: _Tally, rows: Iterable[Licence], where: SegmentFilter) -> None:
    day = where.until or where.today
    for row in rows:
        shares = tally.of([row.patent_id])
        began = row.declared_on or row.starts_on
        if _within(began, where):
            tally.add("declared", ONE, shares)
        if _open_on(row, day):
            tally.add("open_now", ONE, shares)


def _open_on(row: Licence, day: date) -> bool:
    """Whether a declaration stood on that day; where dates are not recorded its present status decides."""
    began = row.published_on or row.declared_on or row.starts_on
    if (began and began > day) or (row.ends_on and row.ends_on < day):
        return False
    if row.status == LicenceStatus.WITHDRAWN:
        return row.withdrawn_on is not None and row.withdrawn_on > day
    return row.status in RUNNING or row.ends_on is not None


def _within(day: date | None, where: SegmentFilter) -> bool:
    """Whether a day lies in the period; an unknown day does only where no period is requested."""
    if day is None:
        return where.since is None and where.until is None
    return (where.since is None or day >= where.since) and (where.until is None or day <= where.until)


@dataclass(frozen=True, slots=True)
class SignedDeal:
    """The fields of a deal that the figures need: its patents and the payments of the period."""

    deal: Deal
    patent_ids: list[int]
    received: Decimal


def _deals(session: Session, where: SegmentFilter) -> list[SignedDeal]:
    """Valid or ended deals signed or paid in the period."""
    paid = _received(session, where)
    query = select(Deal).where(col(Deal.status) != DealStatus.VOID, col(Deal.kind) != DealKind.PLEDGE)
    if where.region:
        place = col(DealParty.province).in_(where.region) | col(DealParty.prefecture).in_(where.region)
        query = query.where(_party(PartySide.TAKER, col(DealParty.position) == 0, place))
    if where.holder:
        named = col(DealParty.name_key).contains(fold(where.holder), autoescape=True)
        query = query.where(_party(PartySide.GIVER, named))
    rows = [
        row
        for row in session.execute(query.order_by(col(Deal.id))).scalars()
        if _within(row.signed_on, where) or row.id in paid
    ]
    named_patents: dict[int, list[int]] = defaultdict(list)
    for chunk in chunks([id_of(row) for row in rows]):
        links = select(DealPatent).where(col(DealPatent.deal_id).in_(chunk))
        for link in session.execute(links.order_by(col(DealPatent.position))).scalars():
            named_patents[link.deal_id].append(link.patent_id)
    return [SignedDeal(row, named_patents[id_of(row)], paid.get(id_of(row), Decimal(0))) for row in rows]


def _party(side: PartySide, *conditions: Any) -> Any:
    ids = select(col(DealParty.deal_id)).where(col(DealParty.side) == side, *conditions)
    return col(Deal.id).in_(ids)


def _received(session: Session, where: SegmentFilter) -> dict[int, Decimal]:
    query = select(col(Receipt.deal_id), func.sum(col(Receipt.amount))).group_by(col(Receipt.deal_id))
    if where.since:
        query = query.where(col(Receipt.received_on) >= where.since)
    if where.until:
        query = query.where(col(Receipt.received_on) <= where.until)
    return {deal_id: cents(Decimal(amount)) for deal_id, amount in session.execute(query)}


def _add_deals(tally: _Tally, signed: Sequence[SignedDeal], where: SegmentFilter) -> None:
    for one in signed:
        shares = tally.of(one.patent_ids)
        tally.add("received", one.received, shares)
        if not _within(one.deal.signed_on, where):
            continue
        tally.add("deals", ONE, shares)
        for patent_id in one.patent_ids:
            tally.add("deal_patents", ONE, tally.of([patent_id]))
        if one.deal.contract_amount is not None:
            tally.add("contract_amount", one.deal.contract_amount, shares)
            tally.all_amounts.append(one.deal.contract_amount)
            for code in shares:
                tally.amounts[code].append(one.deal.contract_amount)
