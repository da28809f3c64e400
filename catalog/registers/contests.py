"""Conflicts of patents and enterprises: what stands under a number, and how another record takes its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from catalog.demand import enterprises
from catalog.demand.enterprises import Enterprise, EnterpriseCreate, Firms
from catalog.imports.conflicts import Subject
from catalog.imports.imports import Import
from catalog.kit.base import id_of
from catalog.kit.errors import Conflict, RecordExists
from catalog.kit.terms import PatentKind
from catalog.reference.lists import industry_name
from catalog.registers.known import KnownPatents
from catalog.registers.meaning import FIELDS, IDENTITY, KnownPatent, Statement
from catalog.registers.patents import Batch
from catalog.registers.register import Contested, Standing
from catalog.supply import facts, holders, patents
from catalog.supply.facts import FactCreate
from catalog.supply.patents import Patent, PatentCreate

LONGEST = 200
COMPARED = {
    "kind": "专利类型", "filing_date": "申请日", "publication_date": "公开日", "grant_date": "授权公告日", "inventors": "发明人",
    "address": "地址", "abstract": "摘要",
}  # fmt: skip


def _values(
    title: str, owners: Iterable[str], numbers: Iterable[str], fields: dict[str, Any]
) -> dict[str, str]:
    kind = PatentKind(fields["kind"]).label if fields["kind"] else ""
    shown = fields | {"kind": kind, "inventors": "、".join(fields["inventors"] or [])}
    values = {"专利名称": title, "专利权人": "、".join(owners)}
    values |= {label: str(shown[name] or "")[:LONGEST] for name, label in COMPARED.items()}
    return values | {"公开（公告）号": "、".join(sorted(numbers))}


def _stated(record: PatentCreate) -> dict[str, str]:
    names, numbers = (holder.name for holder in record.holders), (p.number for p in record.publications)
    return _values(record.title, names, numbers, {name: getattr(record, name) for name in FIELDS})


def _standing(session: Session, records: Sequence[PatentCreate]) -> list[Standing | None]:
    known = KnownPatents(session, records)
    found = [known.find(record, known.owners(record)) for record in records]
    ids = sorted({id_ for patent in found if patent for id_ in patent.holder_ids})
    names = holders.names_of(session, ids)
    return [_stands(patent, names) if patent else None for patent in found]


def _stands(patent: KnownPatent, names: dict[int, str]) -> Standing:
    title, owners = patent.values["title"], tuple(names[id_] for id_ in patent.holder_ids)
    values = _values(title, owners, patent.publications, patent.values)
    return Standing(patent.id, Subject(title, owners), values, patent.stamp or datetime.max)


def _put(session: Session, record: PatentCreate, origin: Import) -> None:
    """Store a patent in the place of the one that it contradicts, together with the facts that its row stated."""
    batch = Batch(session, [record], id_of(origin))
    outcome = batch.replace(record)
    if outcome.known is None:
        raise Conflict(outcome.reason, hint="请先处理那件专利，再作决定")
    batch.flush()
    source = origin.file_name[:300]
    stated = [
        FactCreate(**fact.model_dump() | {"source": source}, patent_id=outcome.known.id)
        for fact in record.facts
    ]
    facts.store(session, stated, import_id=id_of(origin))


def refuse_other(session: Session, record: PatentCreate, row: Patent) -> None:
    """Refuses a record of another patent than the one under its number: title and holders differ. Raises Conflict."""

    def said(title: str, names: Sequence[str]) -> Statement:
        ids = holders.ids_of(session, names).values()
        return Statement(0, Subject(title, tuple(names)), frozenset(ids))

    stated = said(record.title, [holder.name for holder in record.holders])
    stored = said(row.title, patents.holder_names(session, [id_of(row)]).get(id_of(row), []))
    if stated.differs(stored) >= IDENTITY:
        raise RecordExists(
            f"该号码已属于编号 {row.id} 的专利{stored.subject}，与提交的{stated.subject}不是同一件",
            hint="请核对号码；确需以提交的内容取代的，请按编号更新那件专利",
            existing_id=row.id,
        )


OF_FIRMS = {
    "name": "企业名称", "former_names": "曾用名", "titles": "资质", "address": "地址", "industry": "行业代码", "staff": "从业人员数",
    "revenue": "营业收入", "founded_on": "成立日期", "products": "主要产品", "contact": "联系方式", "remark": "备注",
}  # fmt: skip


def _of_firm(firm: Enterprise | EnterpriseCreate) -> dict[str, str]:
    shown = firm.model_dump(include=set(OF_FIRMS)) | {"industry": industry_name(firm.industry)}
    return {label: _in_words(shown[name])[:LONGEST] for name, label in OF_FIRMS.items()}


def _in_words(value: Any) -> str:
    return "、".join(value) if isinstance(value, list) else str(value if value is not None else "")


def _stated_of_firm(record: EnterpriseCreate) -> dict[str, str]:
    """The values that a decision for the record would set: its empty values stay as they are stored."""
    return {label: value for label, value in _of_firm(record).items() if value}


def _standing_firms(session: Session, records: Sequence[EnterpriseCreate]) -> list[Standing | None]:
    found = enterprises.of_codes(session, [record.credit_code for record in records if record.credit_code])
    rows = (found.get(record.credit_code or "") for record in records)
    return [_stands_firm(row) if row else None for row in rows]


def _stands_firm(row: Enterprise) -> Standing:
    return Standing(id_of(row), Subject(row.name), _of_firm(row), row.updated_at)


def _rename(session: Session, record: EnterpriseCreate, origin: Import) -> None:
    """Gives the enterprise under a credit code the name of a record; its name until then is a former one."""
    named = [(record.name, record.credit_code), *((name, None) for name in record.former_names)]
    firms = Firms(session, named, import_id=id_of(origin))
    firms.rename(record)
    firms.flush()


PATENTS = Contested(PatentCreate, _stated, _standing, _put)
ENTERPRISES = Contested(EnterpriseCreate, _stated_of_firm, _standing_firms, _rename)
