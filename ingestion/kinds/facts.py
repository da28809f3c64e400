"""Records of use and evaluation (专利运用登记) as an import takes them."""

from catalog.db import Session
from catalog.kit.terms import FactKind
from catalog.registers.registers import FACTS
from catalog.supply import facts, patents
from catalog.supply.facts import STATES, FactCreate, NumberedFact
from ingestion.columns.headers import vocabulary
from ingestion.errors import RowError
from ingestion.kinds.kind import Kind
from ingestion.records.facts import LIMITS, fact
from ingestion.storing import deleted
from ingestion.storing.others import Outcomes, stored
from ingestion.storing.rows import Keys, Origin, Taken


def _keys(record: NumberedFact) -> Keys:
    kind = FactKind(record.kind)
    day = record.happened_on or (record.ends_on if record.ended else None)
    value = "" if kind in facts.DETAILED or kind in STATES else record.value
    parts = (
        record.application_number,
        kind.label,
        day,
        "" if kind in STATES else record.party,
        value,
        "终止" if day != record.happened_on else "",
    )
    return [("专利、记录种类、日期和相对方", " ".join(str(part) for part in parts if part))]


def _upsert(session: Session, batch: list[Taken], origin: Origin) -> Outcomes:
    records: list[NumberedFact] = [taken.record for taken in batch]
    ids = patents.ids_of(session, [record.application_number for record in records])
    known = [record for record in records if record.application_number in ids]
    created = [_of_patent(record, ids[record.application_number], origin) for record in known]
    stones = deleted.of_facts(session, created)
    kept = [fact for fact, stone in zip(created, stones, strict=True) if stone is None]
    stored_ = iter(facts.store(session, kept, import_id=origin.import_id))
    outcomes = iter([next(stored_) if stone is None else deleted.refusal(stone) for stone in stones])
    return [
        next(outcomes) if record.application_number in ids else _unknown(record.application_number)
        for record in records
    ]


def _of_patent(record: NumberedFact, patent_id: int, origin: Origin) -> FactCreate:
    stated = record.model_dump(exclude={"application_number"})
    stated["source"] = stated["source"] or origin.file_name[: LIMITS["source"]]
    return FactCreate(**stated, patent_id=patent_id)


def _unknown(number: str) -> RowError:
    label = vocabulary("facts").label("application_number")
    return RowError(
        label, number, f"系统中没有申请号为 {number} 的专利；请先导入该专利，再导入本文件或这张退回表"
    )


KIND = Kind(FACTS, lambda fields, _: fact(fields), stored(_keys, _upsert))
