"""Facts that a register of patents states beside a patent: counts, uses, reports."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

from catalog.kit.terms import FactKind
from catalog.supply.facts import EXPLOITATION, FactStated
from ingestion.records.facts import (
    CONCLUSIONS,
    ENDED,
    KINDS,
    LICENCE_TYPES,
    LIMITS,
    PROSPECTS,
    by_words,
    counted,
)
from ingestion.records.fields import Fields
from ingestion.values.cells import text

_COUNT_ROLES = {
    "claim_count": FactKind.CLAIMS,
    "citation_count": FactKind.CITATIONS,
    "family_count": FactKind.FAMILY,
}


_USE_ROLES = {
    "licensed": FactKind.LICENCE,
    "transferred": FactKind.TRANSFER,
    "pledged": FactKind.PLEDGE,
    "implemented": FactKind.IMPLEMENTATION,
    "contributed": FactKind.EQUITY,
    "product_filed": FactKind.PRODUCT_FILING,
}


_TRANSFORMED = (FactKind.IMPLEMENTATION, FactKind.LICENCE, FactKind.TRANSFER, FactKind.EQUITY)


PATENT_ROLES = (*_COUNT_ROLES, *_USE_ROLES, "used", "evaluated", "self_rating")


_NO = re.compile(
    "^(?:0+|否|无|没有|未|不|n|no|none|false|-+)$|^(?:未|无|没有|尚未|暂无|暂未|不)|^0 ?(?:次|件|项)$"
)


_UNKNOWN = re.compile("不详|未知|不明|待查|待核|待定|待补|未填|未登记|[?？]|^/$|^-+$|^—+$")


def of_patent(fields: Fields) -> list[FactStated]:
    """Facts of use and evaluation in a row of a register of patents. Raises RowError for an invalid date."""
    if not fields.has_any(PATENT_ROLES):
        return []
    looked = fields.day("annuity_checked_on")
    return [*_counts(fields), *_uses(fields, looked), *_reports(fields), *_rating(fields)]


def _counts(fields: Fields) -> Iterable[FactStated]:
    for role, kind in _COUNT_ROLES.items():
        stated = fields.line(role)
        number = counted(stated)
        if number is not None:
            yield FactStated(kind=kind, value=str(number))
        elif stated:
            fields.leave(role, f"{kind.label}无法识别，已略去", stated)


def _uses(fields: Fields, looked: date | None) -> Iterable[FactStated]:
    for role, kind in _USE_ROLES.items():
        yield from _use(text(fields.get(role)), kind, looked, fields.today)
    stated = text(fields.get("used"))
    named = [FactKind(kind) for words, kind in KINDS if kind in EXPLOITATION and re.search(words, stated)]
    if _answer(stated) is False:
        yield from (_none(kind, looked) for kind in _TRANSFORMED)
    elif _answer(stated):
        for kind in named or [FactKind.IMPLEMENTATION]:
            yield from _use(stated, kind, looked, fields.today)


def _use(stated: str, kind: FactKind, looked: date | None, today: date) -> Iterable[FactStated]:
    answer = _answer(stated)
    if answer is None:
        return
    if not answer:
        yield _none(kind, looked)
        return
    value = by_words(LICENCE_TYPES, stated) if kind is FactKind.LICENCE else None
    # The end of a right that is over is not stated; it is the day of the status check at the latest.
    over = kind in (FactKind.LICENCE, FactKind.PLEDGE) and bool(ENDED.search(stated))
    yield FactStated(
        kind=kind,
        ends_on=(looked or today) if over else None,
        ended=over,
        value=value.value if value else "",
        note=f"登记簿载明{kind.label}：{stated}"[: LIMITS["note"]],
    )


def _none(kind: FactKind, looked: date | None) -> FactStated:
    return FactStated(kind=FactKind.NO_RECORD, value=kind.value, happened_on=looked)


def _answer(stated: str) -> bool | None:
    """Whether a cell means yes (a number, any text) or no; None where it is empty."""
    folded = unicodedata.normalize("NFKC", stated).strip().lower()
    if not folded or _UNKNOWN.search(folded):
        return None
    return not _NO.search(folded)


def _rating(fields: Fields) -> Iterable[FactStated]:
    stated = fields.line("self_rating")
    rating = by_words(PROSPECTS, stated) if stated else None
    if rating:
        yield FactStated(kind=FactKind.SELF_RATING, value=rating.value)
    elif _answer(stated) is not None:
        fields.leave("self_rating", f"{fields.label('self_rating')}无法识别，已略去", stated)


def _reports(fields: Fields) -> Iterable[FactStated]:
    stated = text(fields.get("evaluated"))
    answer = _answer(stated)
    if answer or (answer is False and re.search("不符合|不具备|未发现", stated)):
        conclusion = by_words(CONCLUSIONS, stated)
        yield FactStated(
            kind=FactKind.EVALUATION_REPORT,
            value=conclusion.value if conclusion else "",
            note=f"登记簿载明：{stated}"[: LIMITS["note"]],
        )
