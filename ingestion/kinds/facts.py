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
from ingestion.storing.others import one_by_one
from ingestion.storing.rows import Keys, Origin, Remarks


def _keys(record: NumberedFact) -> Keys:
    kind = FactKind(record.kind)
    day = record.happened_on or (record.ends_on if record.ended else None)
    value = "" if kind in facts.DETAILED or kind in STATES else record.value
    parts = (
        record.application_number,
        kind.label,
        day,
        record.party,
        value,
        "终止" if day != record.happened_on else "",
    )
    return [("专利、记录种类、日期和相对方", " ".join(str(part) for part in parts if part))]


def _upsert(session: Session, record: NumberedFact, origin: Origin, _: Remarks) -> str:
    number = record.application_number
    patent_id = patents.ids_of(session, [number]).get(number)
    if patent_id is None:
        label = vocabulary("facts").label("application_number")
        raise RowError(
            label, number, f"目录中没有申请号为 {number} 的专利；请先导入该专利，再导入本文件或这张退回表"
        )
    stated = record.model_dump(exclude={"application_number"})
    stated["source"] = stated["source"] or origin.file_name[: LIMITS["source"]]
    fact = FactCreate(**stated, patent_id=patent_id)
    (stone,) = deleted.of_facts(session, [fact])
    if stone is not None:
        raise deleted.refusal(stone)
    return facts.store(session, [fact], import_id=origin.import_id)[0]


KIND = Kind(FACTS, lambda fields, _: fact(fields), one_by_one(_keys, _upsert))
