"""Fee requests, completed from the catalogue; shared by REST and command line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from assessment.fees import rules as fee_rules
from assessment.fees.bench import estimate
from assessment.fees.models import FeeInput, FeeSheet
from catalog.db import Session
from catalog.kit.days import beijing_today
from catalog.kit.errors import NotFound
from catalog.kit.terms import PatentKind
from catalog.statistics import contracts as contract_statistics
from catalog.supply import patents, patents_shown
from ingestion.identifiers import application_number
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.records.fields import industry
from service.requests.field_problems import FieldProblem, InvalidFields
from service.requests.filters import unknown


def estimate_from_catalogue(session: Session, data: FeeInput, data_dir: Path, today: date) -> FeeSheet:
    """The estimate, completed with the catalogue's data on the patent and its industry.

    Raises InvalidFields, InvalidInput and NotFound.
    """
    complete = _with_patent(session, data, today) if data.application_number else data
    if complete.industry:
        complete = complete.model_copy(update={"industry": industry_of(complete.industry)})
    statistics = contract_statistics.of_industry(session, complete.industry)
    return estimate(complete, fee_rules.load(data_dir), statistics, today=today)


def _with_patent(session: Session, data: FeeInput, today: date) -> FeeInput:
    try:
        number = application_number.validate(data.application_number or "", today=today)
    except InvalidIdentifier as error:
        problem = FieldProblem(
            field="application_number", value=data.application_number or "", reason=error.message
        )
        raise InvalidFields([problem]) from error
    row = patents.find(session, number)
    if row is None:
        raise NotFound(f"没有申请号为 {number} 的专利", hint="请先导入该专利，或不填申请号、直接填写资料")
    patent = patents_shown.publics(session, [row], today=beijing_today())[0]
    codes = [ref.code for ref in patent.classes if ref.scheme == "industry"]
    owner = data.owner.model_copy(
        update={
            "kind": data.owner.kind or (PatentKind(patent.kind) if patent.kind else None),
            "filing_date": data.owner.filing_date or patent.filing_date,
            "grant_date": data.owner.grant_date or patent.grant_date,
            "expiry_date": data.owner.expiry_date or row.expiry_date,
        }
    )
    return data.model_copy(
        update={
            "application_number": number,
            "title": data.title or patent.title,
            "licensor": data.licensor or "、".join(patent.holders),
            "industry": data.industry or next(iter(codes), None),
            "owner": owner,
        }
    )


def industry_of(stated: str) -> str:
    """Code of an industry given by code or name. Raises InvalidFields."""
    code = industry(stated)
    if code is None:
        reason = unknown("行业", stated, "国民经济行业名称或代码", ["电池制造"])
        raise InvalidFields([FieldProblem(field="industry", value=stated, reason=reason)])
    return code
