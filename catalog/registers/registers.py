"""The kinds of records that imports write, in the order in which an undo takes them back: what refers to others first."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import delete, exists, or_
from sqlmodel import Session, col

from catalog.deals.deals import Deal
from catalog.demand.enterprises import Enterprise
from catalog.demand.needs import Need
from catalog.licences import history as declaration_history
from catalog.licences.licences import Licence
from catalog.registers import contests as patent_contests
from catalog.registers import deals as deal_upserts
from catalog.registers import images as patent_images
from catalog.registers.register import Contested, Reference, Register
from catalog.supply.facts import Fact
from catalog.supply.holder_merges import HolderMerge
from catalog.supply.holders import Holder
from catalog.supply.patents import Patent, PatentClass, PatentHolder, Publication
from catalog.supply.screenings import Screening


def _of_patent(label: str) -> Callable[[Session, Any], str]:
    """The name of a record by the patent that it is of."""

    def named(session: Session, record: Any) -> str:
        patent = session.get(Patent, record.patent_id)
        return f"专利 {patent.application_number if patent else record.patent_id} 的{label}"

    return named


def _erase_patents(session: Session, ids: Sequence[int]) -> None:
    for table in (Publication, PatentHolder, PatentClass, Screening):
        session.execute(delete(table).where(col(table.patent_id).in_(ids)))


def _erase_holders(session: Session, ids: Sequence[int]) -> None:
    held = exists().where(col(PatentHolder.holder_id) == col(Screening.holder_id))
    session.execute(delete(Screening).where(col(Screening.holder_id).in_(ids), ~held))


def holder_in_use() -> Any:
    """The condition that a holder has a patent, a spelling or a merge."""
    spelling = Holder.__table__.alias()  # type: ignore[attr-defined]
    own = col(Holder.id)
    return or_(
        exists().where(col(PatentHolder.holder_id) == own),
        exists().where(spelling.c.merged_into == own),
        exists().where(or_(col(HolderMerge.kept_id) == own, col(HolderMerge.merged_id) == own)),
    )


DEALS = Register(
    Deal,
    kind="deals",
    named=lambda _, deal: f"交易 {deal.code}",
    restore=deal_upserts.restore,
    erase=deal_upserts.erase,
)
LICENCES = Register(
    Licence,
    kind="licences",
    named=_of_patent("开放许可声明"),
    refers=(Reference("开放许可声明", Licence.patent_id, Patent),),
    prepare=declaration_history.take_back,
)
FACTS = Register(
    Fact,
    kind="facts",
    named=_of_patent("运用记录"),
    refers=(Reference("运用与评价记录", Fact.patent_id, Patent),),
)
NEEDS = Register(
    Need,
    kind="needs",
    named=lambda _, need: f"需求 {need.code}",
    refers=(Reference("技术需求", Need.enterprise_id, Enterprise),),
    classified=True,
)
PATENTS = Register(
    Patent,
    kind="patents",
    named=lambda _, patent: f"专利 {patent.application_number or f'“{patent.title[:30]}”'}",
    classified=True,
    restore=patent_images.restore,
    erase=_erase_patents,
    contested=patent_contests.CONTESTED,
)
ENTERPRISES = Register(
    Enterprise,
    kind="enterprises",
    named=lambda _, firm: f"企业“{firm.name}”",
    in_use=lambda: exists().where(col(Need.enterprise_id) == col(Enterprise.id)),
)
HOLDERS = Register(
    Holder,
    kind="",
    named=lambda _, holder: f"专利权人“{holder.name}”",
    in_use=holder_in_use,
    erase=_erase_holders,
)

REGISTERS = (DEALS, LICENCES, FACTS, NEEDS, PATENTS, ENTERPRISES, HOLDERS)


def contested_of(kind: str) -> Contested:
    """How conflicts of this kind of import are settled. Raises KeyError for a kind that has none."""
    return {register.kind: register.contested for register in REGISTERS if register.contested}[kind]
