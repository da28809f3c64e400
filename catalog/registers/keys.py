"""The keys by which an import recognises a record (识别键): the same words for a stored record and for the row of a file that means it."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlmodel import Session, col

from catalog.deals.deals import Deal, DealStated
from catalog.deals.edits import automatic_code as deal_code
from catalog.demand.enterprises import Enterprise, EnterpriseCreate
from catalog.demand.needs import Need, NeedCreate
from catalog.demand.needs import automatic_code as need_code
from catalog.kit.base import fold
from catalog.kit.terms import FactKind
from catalog.licences.licences import Licence, LicenceCreate
from catalog.registers.register import Named
from catalog.supply.facts import DETAILED, Fact, FactDetails, NumberedFact
from catalog.supply.patents import Patent, PatentCreate, Publication, key_of


def of_patent(session: Session, row: Patent) -> list[str]:
    """Application number, publications, and title with first applicant."""
    query = select(col(Publication.body)).where(col(Publication.patent_id) == row.id)
    bodies, alike = list(session.execute(query).scalars()), "title" if row.application_number else "draft"
    return _patent(row.application_number, bodies, [f"{alike} {row.fingerprint}"])


def in_patent(record: PatentCreate) -> list[str]:
    """The keys of a row of patents; titles decide only where one of the two has no application number."""
    fingerprint = key_of(record)
    alike = [f"draft {fingerprint}", *([] if record.application_number else [f"title {fingerprint}"])]
    return _patent(record.application_number, [p.body for p in record.publications], alike)


def _patent(number: str | None, bodies: list[str], alike: list[str]) -> list[str]:
    return [*([f"number {number}"] if number else []), *(f"published {body}" for body in bodies), *alike]


def of_need(_: Session, row: Need) -> list[str]:
    """The code, and the id of its sender."""
    return [row.code, *_external(row)]


def _external(need: Need | NeedCreate) -> list[str]:
    return [f"external {need.external_id}"] if need.external_id else []


def in_need(record: NeedCreate) -> list[str]:
    """The code that the need would get, and the id of its sender."""
    code = record.code or need_code(record.title, record.text, record.enterprise_name or "")
    return [code, *_external(record)]


def firm_of_need(record: NeedCreate) -> Iterator[Named]:
    """The enterprise."""
    if record.enterprise_name:
        yield Named(Enterprise.__noted_as__, [f"name {fold(record.enterprise_name)}"], _of_firm)


def _of_firm(record: NeedCreate, kept: Enterprise) -> NeedCreate:
    firm = record.firm and record.firm.model_copy(update={"name": kept.name})
    # The code that the need has got would be another under another name.
    code, *_ = in_need(record)
    return record.model_copy(update={"enterprise_name": kept.name, "firm": firm, "code": code})


def of_enterprise(_: Session, row: Enterprise) -> list[str]:
    """Name and credit code."""
    return [f"name {row.name_key}", *([f"code {row.credit_code}"] if row.credit_code else [])]


def in_enterprise(record: EnterpriseCreate) -> list[str]:
    """The keys of a row of enterprises."""
    return [f"name {fold(record.name)}", *([f"code {record.credit_code}"] if record.credit_code else [])]


def of_licence(session: Session, row: Licence) -> list[str]:
    """The patent, with the day of the declaration and without: a row may leave it open."""
    patent = session.get(Patent, row.patent_id)
    number = patent.application_number if patent else None
    return [f"{number} {row.declared_on or ''}", f"{number} "]


def in_licence(record: LicenceCreate) -> list[str]:
    """The patent and the day of the declaration, where the row states it."""
    return [f"{record.application_number} {record.declared_on or ''}"]


def of_fact(_: Session, row: Fact) -> list[str]:
    """The patent, and what the fact states."""
    return [in_fact(row.patent_id, row)]


def in_fact(patent_id: int, fact: FactDetails) -> str:
    """The key of a fact that is stated of a patent; details that may be corrected later do not count."""
    kind = FactKind(fact.kind)
    day = fact.happened_on or (fact.ends_on if fact.ended else None)
    value = "" if kind in DETAILED else fact.value
    return f"{patent_id} {kind.value} {day or ''} {fold(fact.party)} {fold(value)}"


def of_deal(_: Session, row: Deal) -> list[str]:
    """The code."""
    return [row.code]


def in_deal(record: DealStated) -> list[str]:
    """The code that the deal would get."""
    return [record.code or deal_code(record)]


def patent_of(record: LicenceCreate | NumberedFact) -> Iterator[Named]:
    """The patent."""
    yield Named(Patent.__noted_as__, [f"number {record.application_number}"])


def patents_of_deal(record: DealStated) -> Iterator[Named]:
    """Each of the patents."""
    for number in record.application_numbers:
        yield Named(Patent.__noted_as__, [f"number {number}"])
