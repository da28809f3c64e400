"""Rules that a deal must keep, or is warned of (交易核对); level and rule text are data (refdata/deal_rules.csv)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from sqlalchemy import func, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.deals.deals import CHINA, DealCreate, Receipt
from catalog.kit.base import fold, id_of
from catalog.kit.errors import InvalidInput, NotFound
from catalog.kit.money import plain
from catalog.kit.terms import DealKind, FactKind, LicenceStatus, LicenceType, PaymentForm
from catalog.law.life import last_valid_day
from catalog.law.working_days import last_day
from catalog.law.years import add_months
from catalog.licences.licences import Licence
from catalog.reference.lists import rows as reference_rows
from catalog.supply import facts, holders, patents
from catalog.supply.facts import Fact
from catalog.supply.patents import Patent

FILING_MONTHS = 3
RESTRICTED = (LicenceType.EXCLUSIVE, LicenceType.SOLE)
SHARED = (LicenceType.ORDINARY, LicenceType.OPEN)


class Finding(SQLModel):
    """A finding of a rule on a deal."""

    code: str = Field(description="核对规则的代码")
    refuses: bool = Field(description="true 为不予登记，false 为提示")
    rule: str = Field(description="所依据的规则")
    message: str = Field(description="核对发现的情况")


@dataclass(frozen=True)
class Case:
    """A deal with the stored facts of its patents."""

    data: DealCreate
    patents: Sequence[Patent]
    owners: dict[int, list[str]]
    owner_ids: dict[str, int]
    declared: set[int]
    withdrawn: dict[int, date]
    facts: dict[int, list[Fact]]
    receipts: Sequence[Receipt]
    today: date

    @property
    def starts_on(self) -> date:
        """The day the deal takes effect."""
        return self.data.starts_on or self.data.signed_on

    def same(self, one: str, other: str) -> bool:
        """Whether two names are those of one holder."""
        return self.identity(one) == self.identity(other)

    def identity(self, name: str) -> int | str:
        """The holder of that name or, where it is none, the folded name."""
        return self.owner_ids.get(fold(name), fold(name))


@cache
def _rules() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in reference_rows("deal_rules.csv")}


def _finding(code: str, **values: object) -> Finding:
    rule = _rules()[code]
    message = rule["message"].format(**values)
    return Finding(code=code, refuses=rule["level"] == "refuse", rule=rule["rule"], message=message)


def patents_of(session: Session, data: DealCreate) -> list[Patent]:
    """The patents that a deal names, in its order. Raises NotFound for those that the catalogue does not have."""
    found = [(number, patents.find(session, number)) for number in data.application_numbers]
    missing = [number for number, row in found if row is None]
    if missing:
        raise NotFound(f"没有申请号为 {'、'.join(missing)} 的专利", hint="请先导入这些专利，再登记交易")
    return [row for _, row in found if row is not None]


def check(
    session: Session,
    data: DealCreate,
    rows: Sequence[Patent],
    receipts: Sequence[Receipt] = (),
    *,
    own_source: str | None = None,
    today: date,
) -> list[Finding]:
    """All findings of the rules on the deal; facts of `own_source` derive from it and are no contradiction."""
    ids = [id_of(row) for row in rows]
    owners = patents.holder_names(session, ids)
    names = [name for held in owners.values() for name in held]
    names += [party.name for party in (*data.givers, *data.takers)]
    known = facts.of_patents(session, ids, as_of=data.signed_on, kinds=[FactKind.LICENCE, FactKind.PLEDGE])
    day = data.starts_on or data.signed_on
    case = Case(
        data=data,
        patents=rows,
        owners=owners,
        owner_ids=holders.ids_of(session, names),
        declared=_declared(session, ids, day),
        withdrawn=_withdrawn(session, ids, day),
        facts={key: [f for f in held if f.source != own_source] for key, held in known.items()},
        receipts=receipts,
        today=today,
    )
    found = [*_parties(case), *_dates(case), *_money(case)]
    for row in rows:
        found += [*_ownership(case, row), *_term(case, row), *_open_licence(case, row), *_burdens(case, row)]
    return found


def _declared(session: Session, ids: Sequence[int], day: date) -> set[int]:
    """The patents among these that were openly licensed on that day, by declarations that may have been withdrawn since."""
    began = func.coalesce(col(Licence.published_on), col(Licence.declared_on), col(Licence.starts_on))
    query = select(col(Licence.patent_id)).where(
        col(Licence.patent_id).in_(list(ids)),
        col(Licence.status) != LicenceStatus.DRAFT,
        (col(Licence.status) != LicenceStatus.WITHDRAWN) | (col(Licence.withdrawn_on) > day),
        began.is_(None) | (began <= day),
        col(Licence.ends_on).is_(None) | (col(Licence.ends_on) >= day),
    )
    return set(session.execute(query).scalars())


def _withdrawn(session: Session, ids: Sequence[int], day: date) -> dict[int, date]:
    """The days on which declarations of these patents were withdrawn whose licences may still run on that day."""
    query = select(col(Licence.patent_id), func.max(col(Licence.withdrawn_on))).where(
        col(Licence.patent_id).in_(list(ids)),
        col(Licence.status) == LicenceStatus.WITHDRAWN,
        # A draft that was taken back was never open to anyone.
        col(Licence.published_on).is_not(None) | col(Licence.declared_on).is_not(None),
        col(Licence.withdrawn_on) <= day,
        col(Licence.ends_on).is_(None) | (col(Licence.ends_on) >= day),
    )
    found: dict[int, date] = dict(session.execute(query.group_by(col(Licence.patent_id))).all())
    return found


def refuse(findings: Sequence[Finding]) -> list[Finding]:
    """The warnings among the findings. Raises InvalidInput naming message and rule of every refusal."""
    refusals = [finding for finding in findings if finding.refuses]
    if refusals:
        raise InvalidInput(
            "；".join(f"{finding.message}（依据：{finding.rule}）" for finding in refusals),
            hint="请核对合同与登记簿后更正",
        )
    return list(findings)


def _parties(case: Case) -> Iterator[Finding]:
    data = case.data
    givers = {case.identity(party.name) for party in data.givers}
    for party in data.takers:
        if case.identity(party.name) in givers:
            yield _finding("same_party", name=party.name)
        if data.licence_type == LicenceType.OPEN and party.country != CHINA:
            yield _finding("taker_abroad", taker=party.name, country=party.country)
    if data.kind != DealKind.PLEDGE and data.takers[0].province is None and data.takers[0].country == CHINA:
        yield _finding("no_register_address", taker=data.takers[0].name)


def _dates(case: Case) -> Iterator[Finding]:
    data, starts = case.data, case.starts_on
    if data.signed_on > case.today:
        yield _finding("signed_in_future", signed=data.signed_on)
    if data.filed_on and data.filed_on > case.today:
        yield _finding("filed_in_future", filed=data.filed_on)
    if data.kind == DealKind.LICENCE:
        until = last_day(add_months(starts, FILING_MONTHS))
        if data.filed_on and data.filed_on > until.latest:
            yield _finding("filed_late", filed=data.filed_on, starts=starts, until=until.sure)
        if data.ends_on is None:
            yield _finding("no_term")
    early = [receipt.received_on for receipt in case.receipts if receipt.received_on < data.signed_on]
    if early:
        yield _finding("received_early", received_on=min(early), signed=data.signed_on)


def _money(case: Case) -> Iterator[Finding]:
    data = case.data
    received = sum((receipt.amount for receipt in case.receipts), Decimal(0))
    open_ended = data.royalty_rate is not None
    if data.contract_amount is not None and not open_ended and received > data.contract_amount:
        yield _finding("over_received", received=plain(received), amount=plain(data.contract_amount))
    if data.contract_amount is None and not open_ended and data.payment_form != PaymentForm.FREE:
        yield _finding("no_amount")


def _ownership(case: Case, row: Patent) -> Iterator[Finding]:
    data, giver, owners = case.data, case.data.givers[0].name, case.owners.get(id_of(row), [])
    number = row.application_number
    if not owners:
        yield _finding("no_holders", number=number, giver=giver)
        return
    if not any(case.same(giver, owner) for owner in owners):
        taker = data.takers[0].name
        if data.kind in (DealKind.TRANSFER, DealKind.EQUITY) and case.same(taker, owners[0]):
            yield _finding("already_moved", number=number, taker=taker, giver=giver)
            return
        code = "licensor_not_patentee" if data.kind == DealKind.LICENCE else "not_patentee"
        yield _finding(code, number=number, giver=giver, holders="、".join(owners))
        return
    if not case.same(giver, owners[0]):
        yield _finding("not_first_patentee", number=number, giver=giver, first=owners[0])
    parties = {case.identity(party.name) for party in (*data.givers, *data.takers)}
    absent = [owner for owner in owners if case.identity(owner) not in parties]
    if absent:
        alone = data.licence_type == LicenceType.ORDINARY
        code = "co_owner_licenses_alone" if alone else "co_owners_absent"
        yield _finding(code, number=number, absent="、".join(absent))


def _term(case: Case, row: Patent) -> Iterator[Finding]:
    data, number, signed = case.data, row.application_number, case.data.signed_on
    last = last_valid_day(row.kind, row.filing_date, row.expiry_date)
    if row.filing_date and signed < row.filing_date:
        yield _finding("before_filing", number=number, signed=signed, filed=row.filing_date)
        return
    if last and case.starts_on > last:
        yield _finding("after_term", number=number, starts=case.starts_on, last=last)
    elif last and data.ends_on and data.ends_on > last and data.kind == DealKind.LICENCE:
        yield _finding("past_term", number=number, ends=data.ends_on, last=last)
    if row.grant_date and signed < row.grant_date:
        yield _finding("before_grant", number=number, signed=signed)
        return
    life = patents.life_of(row, signed)
    if life.in_force is False and not (last and signed > last):
        yield _finding("not_in_force", number=number, signed=signed, status=life.status.label)


def _open_licence(case: Case, row: Patent) -> Iterator[Finding]:
    wanted, declared = case.data.licence_type, id_of(row) in case.declared
    if wanted == LicenceType.OPEN and not declared:
        yield _finding("no_declaration", number=row.application_number, starts=case.starts_on)
    if wanted in RESTRICTED and declared:
        yield _finding("exclusive_under_declaration", number=row.application_number, type=wanted.label)


def _burdens(case: Case, row: Patent) -> Iterator[Finding]:
    number = row.application_number
    for fact in _running(case, row):
        party = fact.party or "未登记"
        if fact.kind == FactKind.LICENCE and fact.value in RESTRICTED:
            yield _finding(
                "exclusive_in_force", number=number, type=LicenceType(fact.value).label, party=party
            )
        if fact.kind == FactKind.PLEDGE and case.data.kind != DealKind.PLEDGE:
            yield _finding("pledged", number=number, party=party)
    if case.data.licence_type in RESTRICTED:
        yield from _shared_licences(case, row, case.data.licence_type)


def _shared_licences(case: Case, row: Patent, wanted: LicenceType) -> Iterator[Finding]:
    """Ordinary and open licences that an exclusive or sole one cannot shut out."""
    number, taker = row.application_number, case.data.takers[0].name
    for fact in _running(case, row):
        others = fact.kind == FactKind.LICENCE and not case.same(fact.party, taker)
        if others and fact.value in ("", *SHARED):
            yield _finding(
                "licence_in_force",
                number=number,
                type=LicenceType(fact.value).label if fact.value else "方式不明的",
                party=fact.party or "未登记",
                wanted=wanted.label,
            )
    if withdrawn := case.withdrawn.get(id_of(row)):
        yield _finding("open_licences_may_run", number=number, withdrawn=withdrawn, wanted=wanted.label)


def _running(case: Case, row: Patent) -> Iterator[Fact]:
    """The recorded licences and pledges that run on the day of the signing."""
    signed = case.data.signed_on
    return (f for f in case.facts.get(id_of(row), []) if not (f.ends_on and f.ends_on < signed))
