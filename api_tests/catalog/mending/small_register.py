"""A catalogue in which everything refers to something, for tests of deletion and merging."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from catalog.db import Database, Session
from catalog.deals import edits as deal_edits
from catalog.deals import evidence
from catalog.deals import pipeline as deal_pipeline
from catalog.deals.deals import DealCreate, ReceiptCreate
from catalog.deals.evidence import EvidenceFile
from catalog.deals.pipeline import CaseCreate
from catalog.demand import enterprises, feedback, needs
from catalog.demand.enterprises import EnterpriseCreate
from catalog.demand.feedback import FeedbackCreate
from catalog.demand.needs import NeedCreate
from catalog.kit.base import ClassRef, id_of
from catalog.kit.days import beijing_today
from catalog.kit.terms import DealKind, EvidenceKind, FactKind, FeedbackVerdict, LicenceType, PaymentForm
from catalog.licences import edits as licence_edits
from catalog.licences.licences import LicenceCreate
from catalog.mending.rows import MODELS
from catalog.registers.patents import upsert
from catalog.supply import facts, screenings
from catalog.supply.facts import FactCreate
from catalog.supply.holders import HolderRef
from catalog.supply.patents import PatentCreate, PublicationRef
from catalog.supply.screenings import Result
from ingestion.identifiers.application_number import check_digit

FIRST, SECOND = (f"20191990000{n}.{check_digit(f'20191990000{n}')}" for n in (1, 2))
DAY = date(2026, 6, 1)


def patent(number: str | None, serial: int, **more: Any) -> PatentCreate:
    return PatentCreate(
        application_number=number,
        title=f"一种泵{serial}",
        abstract="高效",
        filing_date=date(2019, 1, 2),
        grant_date=date(2021, 2, 3),
        holders=[HolderRef(name="示例大学")],
        publications=[PublicationRef(number=f"CN10900000{serial}B", body=f"CN10900000{serial}")],
        classes=[
            ClassRef(scheme="ipc", code="F04D29/22"),
            ClassRef(scheme="segment", code="S2", basis="ipc"),
        ],
        **more,
    )


def fill(database: Database) -> None:
    """Patent 1 with licence, facts, answer and case, patent 2 with a deal; firm 1 with need 1 and its answer and case; need 2 alone."""
    with database.write() as session:
        upsert(session, [patent(FIRST, 1), patent(SECOND, 2)])
        firm = id_of(enterprises.create(session, EnterpriseCreate(name="甲有限公司", products="水泵")))
        need = NeedCreate(code="N1", title="要泵", text="要高效的泵", enterprise_id=firm, remark="急")
        needs.create(session, need)
        needs.create(session, NeedCreate(code="N2", title="要阀", text="要耐磨的阀"))
        licence_edits.create(
            session,
            LicenceCreate(application_number=FIRST, payment_form=PaymentForm.FREE),
            today=beijing_today(),
        )
        facts.create(session, FactCreate(patent_id=1, kind=FactKind.CITATIONS, value="3", happened_on=DAY))
        answer = FeedbackCreate(patent_id=1, need_id=1, verdict=FeedbackVerdict.SUITABLE)
        feedback.create(session, answer)
        deal_pipeline.create(session, CaseCreate(application_number=FIRST, need_id=1))
        screened = [Result(id_, 1, DAY, True, "无实施记录", [], "w") for id_ in (1, 2)]
        screenings.replace(session, 0, None, screened)
        deal(session, "HT-1", SECOND)


def deal(session: Session, code: str, number: str) -> int:
    """A paid and proved licence of a patent."""
    said = DealCreate.model_validate(
        {
            "code": code,
            "kind": DealKind.LICENCE,
            "licence_type": LicenceType.ORDINARY,
            "application_numbers": [number],
            "givers": [{"name": "示例大学"}],
            "takers": [{"name": "甲有限公司"}],
            "contract_amount": "300000",
            "signed_on": "2025-03-01",
            "ends_on": "2028-02-29",
        }
    )
    row, _ = deal_edits.create(session, said, today=beijing_today())
    paid = ReceiptCreate(received_on=date(2025, 4, 1), amount=Decimal(100))
    receipt, _ = deal_edits.receive(session, id_of(row), paid, today=beijing_today())
    proof = EvidenceFile(
        deal_id=id_of(row),
        receipt_id=receipt.id,
        kind=EvidenceKind.OTHER,
        file_name="a.pdf",
        media_type="application/pdf",
        size=1,
        sha256=code * 8,
    )
    evidence.add(session, proof)
    return id_of(row)


def everything(database: Database) -> dict[str, list[str]]:
    """Every row of every table that deletion and merging touch, without the times of change."""
    found = {}
    with database.engine.connect() as connection:
        for table in sorted({*MODELS, "holders"}):
            rows = connection.execute(text(f"SELECT * FROM {table}")).mappings()
            found[table] = sorted(str({k: v for k, v in row.items() if k != "updated_at"}) for row in rows)
    return found
