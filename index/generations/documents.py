"""Records of the catalogue as documents of the index."""

from __future__ import annotations

from datetime import date

from catalog.demand.enterprises import FirmProducts
from catalog.indexed.needs import NeedText
from catalog.indexed.patents import PatentText
from index.attributes import NOT_DORMANT, UNKNOWN_DORMANCY
from index.generations.collection import Document
from index.generations.columns import ColumnValues


def patent_text(title: str, abstract: str, claim: str) -> str:
    """The text of a patent that is embedded and indexed: title, abstract and first claim."""
    return "\n".join(part for part in (title, abstract, claim) if part)


def patent_document(patent: PatentText) -> Document:
    """A patent as it is indexed."""
    values = ColumnValues(
        segments=tuple(patent.segments),
        regions=_regions(patent.province, patent.prefecture),
        industries=tuple(patent.industries),
        ipc=tuple(patent.ipc),
        holder_kind=patent.holder_kind,
        kind=patent.kind,
        open_licence=patent.open_licence,
        force=patent.force,
        possible=patent.possible,
        dormancy=_dormancy(patent),
    )
    return Document(patent.id, patent_text(patent.title, patent.abstract, patent.first_claim), values)


def _dormancy(patent: PatentText) -> int:
    if patent.dormant is None:
        return UNKNOWN_DORMANCY
    return max(0, min(patent.potential, 100)) if patent.dormant else NOT_DORMANT


def need_document(need: NeedText) -> Document:
    """A need as it is indexed."""
    values = ColumnValues(
        segments=tuple(need.segments),
        regions=_regions(need.province, need.prefecture),
        industries=(need.industry,) if need.industry else (),
        force=(date.min, need.closes_on) if need.closes_on else None,
    )
    return Document(need.id, need.text, values)


def product_document(firm: FirmProducts) -> Document:
    """An enterprise as it is indexed."""
    return Document(firm.id, firm.products, ColumnValues())


def _regions(province: str | None, prefecture: str | None) -> tuple[str, ...]:
    """Province and prefecture; the province follows from the code of the prefecture where it is not stated."""
    return tuple(code for code in (province or (prefecture and f"{prefecture[:2]}0000"), prefecture) if code)
