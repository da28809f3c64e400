"""The one door from cells to records, for files and for single records that come over REST.

`cells` are values by role (see headers.toml), as a file holds them: "ZL 2013 1 0699744.2", "2013.12.18", "80万元".
Each function raises RowError (field, value, reason in Chinese) for what cannot be accepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catalog.deals.deals import DealStated
from catalog.demand.enterprises import EnterpriseCreate
from catalog.demand.needs import NeedCreate
from catalog.licences.licences import LicenceCreate
from catalog.supply.facts import NumberedFact
from catalog.supply.patents import PatentCreate
from ingestion.errors import RowError
from ingestion.records import deals as deal_record
from ingestion.records import demand as other_records
from ingestion.records import facts as fact_records
from ingestion.records import licences as licence_record
from ingestion.records import patents as patent_record
from ingestion.records.classification import Classifier
from ingestion.records.fields import Fields
from ingestion.values.cells import Cell

__all__ = ["Record", "RowError", "enterprise", "from_fields", "licence", "need", "patent"]

Record = PatentCreate | NeedCreate | EnterpriseCreate | LicenceCreate | NumberedFact | DealStated
Cells = Mapping[str, Cell | Sequence[Cell]]


def patent(cells: Cells, classifier: Classifier) -> PatentCreate:
    """A patent from cells by role."""
    return patent_record.patent(Fields("patents", cells), classifier)


def need(cells: Cells, classifier: Classifier) -> NeedCreate:
    """A need from cells by role."""
    return other_records.need(Fields("needs", cells), classifier)


def enterprise(cells: Cells) -> EnterpriseCreate:
    """An enterprise from cells by role."""
    return other_records.enterprise(Fields("enterprises", cells))


def licence(cells: Cells) -> LicenceCreate:
    """An open-licence declaration from cells by role."""
    return licence_record.licence(Fields("licences", cells))


def from_fields(fields: Fields, classifier: Classifier) -> Record:
    """The record of the kind that `fields` are of."""
    if fields.kind == "patents":
        return patent_record.patent(fields, classifier)
    if fields.kind == "needs":
        return other_records.need(fields, classifier)
    if fields.kind == "facts":
        return fact_records.fact(fields)
    if fields.kind == "deals":
        return deal_record.deal(fields)
    return (
        other_records.enterprise(fields) if fields.kind == "enterprises" else licence_record.licence(fields)
    )
