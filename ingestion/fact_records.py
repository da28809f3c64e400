"""Records of use and evaluation (专利运用登记) from the cells of a row, and what registers of patents say of them in passing.

A register of events (许可备案, 转让登记, 质押登记与注销, 实施, 专利产品备案, 评价报告, 中止与保全) holds one event a row. What
kind of event it is stands in a column, follows from the columns that are filled, or from the name of the sheet. A register of
patents holds at most a count, a yes or a no; a no is kept as 核查无记录, which is more than nothing recorded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from catalog.db import Session
from catalog.kit.terms import Conclusion, Disposition, FactKind, LicenceType, PledgeConsent, Prospect, Term
from catalog.supply import facts, patents
from catalog.supply.facts import COUNTS, EXPLOITATION, STATES, FactCreate, FactStated, NumberedFact
from ingestion.cells import said, text
from ingestion.errors import RowError
from ingestion.fields import LIST_SEPARATORS, Fields, build
from ingestion.headers import vocabulary
from ingestion.values import parse_amount, parse_period

TABLE, HEADERS = "table", "headers"
"""Cells that a table adds to each row: its name, and the names of its columns."""

Words = Sequence[tuple[str, Term]]

# The first expression found decides.
_KINDS: Words = (
    ("核查无|查无|无记录", FactKind.NO_RECORD), ("评价报告", FactKind.EVALUATION_REPORT), ("质押|出质|质权", FactKind.PLEDGE),
    ("中止|保全|查封|冻结", FactKind.SUSPENSION), ("产品", FactKind.PRODUCT_FILING), ("作价|入股|出资", FactKind.EQUITY),
    ("许可", FactKind.LICENCE), ("转让|转移|受让|权利人变更", FactKind.TRANSFER), ("实施|投产|产业化", FactKind.IMPLEMENTATION),
    ("权利要求", FactKind.CLAIMS), ("引证|引用|被引", FactKind.CITATIONS), ("同族", FactKind.FAMILY),
    ("前景|自评", FactKind.SELF_RATING), ("处置", FactKind.DISPOSITION),
)  # fmt: skip
_LICENCE_TYPES: Words = (
    ("独占", LicenceType.EXCLUSIVE), ("排他", LicenceType.SOLE), ("普通|非独占", LicenceType.ORDINARY), ("开放", LicenceType.OPEN),
)  # fmt: skip
_CONSENTS: Words = (
    ("未同意|不同意|未经|^否$|^无$", PledgeConsent.NOT_GIVEN), ("同意|^是$|^有$", PledgeConsent.GIVEN),
)  # fmt: skip
_CONCLUSIONS: Words = (
    ("未发现", Conclusion.GRANTABLE), ("不符合|不具备|不满足|不予|无效", Conclusion.NOT_GRANTABLE),
    ("符合|具备|满足|有效", Conclusion.GRANTABLE),
)  # fmt: skip
_PROSPECTS: Words = (("高|好|优", Prospect.HIGH), ("中|一般", Prospect.MEDIUM), ("低|差|无", Prospect.LOW))
_DISPOSITIONS: Words = tuple((term.label, term) for term in Disposition)
_WORDS: dict[FactKind, Words] = {
    FactKind.LICENCE: _LICENCE_TYPES,
    FactKind.PLEDGE: _CONSENTS,
    FactKind.EVALUATION_REPORT: _CONCLUSIONS,
    FactKind.NO_RECORD: [entry for entry in _KINDS if entry[1] in EXPLOITATION],
    FactKind.SELF_RATING: _PROSPECTS,
    FactKind.DISPOSITION: _DISPOSITIONS,
}
_KIND_OF_COLUMN = {
    "pledgee": FactKind.PLEDGE,
    "consent": FactKind.PLEDGE,
    "licensee": FactKind.LICENCE,
    "licence_type": FactKind.LICENCE,
    "investee": FactKind.EQUITY,
    "transferee": FactKind.TRANSFER,
    "conclusion": FactKind.EVALUATION_REPORT,
    "reason": FactKind.SUSPENSION,
    "product": FactKind.PRODUCT_FILING,
    "implementer": FactKind.IMPLEMENTATION,
}
_TAKERS = ("licensee", "transferee", "pledgee", "investee")
_PARTY = {
    FactKind.LICENCE: "licensee",
    FactKind.TRANSFER: "transferee",
    FactKind.PLEDGE: "pledgee",
    FactKind.EQUITY: "investee",
    FactKind.IMPLEMENTATION: "implementer",
    FactKind.PRODUCT_FILING: "implementer",
}
_VALUE = {
    FactKind.LICENCE: "licence_type",
    FactKind.PLEDGE: "consent",
    FactKind.EVALUATION_REPORT: "conclusion",
    FactKind.PRODUCT_FILING: "product",
    FactKind.SUSPENSION: "reason",
}
_ENDED = re.compile("注销|解除|终止|恢复|撤销|失效|到期|届满|期满")
_DATES = ("happened_on", "ends_on", "ended_on", "period")
_LIMITS = {"value": 100, "party": 300, "note": 2000, "source": 300}


def fact(fields: Fields) -> NumberedFact:
    """An event or state of a register. Raises RowError."""
    return build(NumberedFact, fields, _details(fields) | {"application_number": fields.application_number()})


def details(fields: Fields) -> FactStated:
    """The same where the patent is known otherwise. Raises RowError."""
    return build(FactStated, fields, _details(fields))


def _details(fields: Fields) -> dict[str, Any]:
    kind = _kind(fields)
    used = {"application_number", "kind", "source", "note", *_DATES}
    party = _first(fields, used, _PARTY.get(kind), "party")
    role = _first_role(fields, _VALUE.get(kind), "value")
    value = _value(fields, kind, role, used)
    return {
        "kind": kind,
        **_days(fields, kind, used),
        "value": value,
        "party": party[: _LIMITS["party"]],
        "note": _note(fields, used)[: _LIMITS["note"]],
        "source": fields.line("source")[: _LIMITS["source"]],
    }


def _kind(fields: Fields) -> FactKind:
    """The kind of event: stated, else by the columns that are filled, else by the names of the table. Raises RowError."""
    stated = fields.line("kind")
    if stated:
        exact = next((kind for kind in FactKind if stated in (kind.value, kind.label)), None)
        if found := exact or _by_words(_KINDS, stated):
            return FactKind(found)
    takers = [role for role in _TAKERS if fields.get(role) is not None]
    if len(takers) > 1:
        label = vocabulary("facts").label
        both = "和".join(label(role) for role in takers)
        raise fields.error(takers[1], fields.line(takers[1]), f"同一行既有{both}，请分成几行，每行一项记录")
    filled = next((kind for role, kind in _KIND_OF_COLUMN.items() if fields.get(role) is not None), None)
    found = filled or _by_words(_KINDS, fields.line(TABLE)) or _only_kind_in(fields.line(HEADERS))
    if found is None:
        allowed = "、".join(kind.label for kind in FactKind)
        raise fields.error("kind", stated, f"不能判断是哪一种记录，请在“记录种类”列写明：{allowed}")
    return FactKind(found)


def _only_kind_in(headers: str) -> FactKind | None:
    found = {FactKind(kind) for words, kind in _KINDS if re.search(words, headers)} & EXPLOITATION
    return found.pop() if len(found) == 1 else None


def _by_words(words: Words, stated: str) -> Term | None:
    return next((term for expression, term in words if re.search(expression, stated)), None)


def _first_role(fields: Fields, *roles: str | None) -> str | None:
    return next((role for role in roles if role and fields.get(role) is not None), None)


def _first(fields: Fields, used: set[str], *roles: str | None) -> str:
    role = _first_role(fields, *roles)
    if role is None:
        return ""
    used.add(role)
    return fields.line(role)


def _value(fields: Fields, kind: FactKind, role: str | None, used: set[str]) -> str:
    stated = fields.line(role) if role else ""
    if role is None or not stated:
        return ""
    if kind in COUNTS:
        counted = _counted(stated)
        if counted is None:
            raise fields.error(role, stated, f"{kind.label}应为不小于 0 的整数")
        used.add(role)
        return str(counted)
    words = _WORDS.get(kind)
    if words is None:
        if len(stated) <= _LIMITS["value"]:
            used.add(role)
        return stated[: _LIMITS["value"]]
    terms = facts.VALUES[kind]
    exact = next((term for term in terms if stated in (term.value, term.label)), None)
    found = exact or _by_words(words, stated)
    if found is None and kind is not FactKind.LICENCE:
        allowed = "、".join(term.label for _, term in words)
        raise fields.error(role, stated, f"“{stated[:40]}”无法识别，可填：{allowed}")
    if found is None:
        fields.note("许可方式无法识别，原文存入备注", stated)
        return ""
    if exact or found.label == stated:
        used.add(role)
    return found.value


def _days(fields: Fields, kind: FactKind, used: set[str]) -> dict[str, Any]:
    """Beginning and end; a row that records the end alone (质押注销) has its day under either."""
    happened, ended = fields.day("happened_on"), fields.day("ended_on")
    ends = fields.day("ends_on", future=True)
    begins_by_period, ends_by_period = _period(fields)
    happened, ends = happened or begins_by_period, ends or ends_by_period
    if kind in STATES:
        return {"happened_on": happened}
    is_end = bool(_ENDED.search(fields.line("kind")))
    if is_end and ended is None:
        happened, ended = None, happened
    if ended is None and (is_end or _ENDED.search(fields.line("state"))):
        if ends is None or ends > date.today():
            said_so = fields.line("state") or fields.line("kind")
            raise fields.error("ended_on", "", f"已写明“{said_so}”，但没有终止日（注销、解除的日期），请填写")
        ended = ends
    else:
        used.add("state")
    return {"happened_on": happened, "ends_on": ended or ends, "ended": ended is not None}


def _period(fields: Fields) -> tuple[date | None, date | None]:
    stated = fields.line("period")
    try:
        return parse_period(stated) if stated else (None, None)
    except ValueError as error:
        raise fields.error("period", stated, str(error)) from error


def _note(fields: Fields, used: set[str]) -> str:
    """The remark, and every cell that has no place of its own."""
    parts = [fields.line("note")]
    for name, role in vocabulary("facts").roles.items():
        if name not in used and fields.get(name) is not None:
            stated = _amount(fields) if name == "amount" else fields.line(name)
            parts.append(f"{role.label}：{stated}")
    return "；".join(part for part in parts if part)


def _amount(fields: Fields) -> str:
    stated = fields.get("amount")
    try:
        amount = parse_amount(stated, fields.units.get("amount", 1))
    except ValueError:
        amount = None
    return fields.line("amount") if amount is None else f"{_plain(amount)} 元"


def _plain(amount: Decimal) -> str:
    return f"{amount:f}".rstrip("0").rstrip(".")


def identity(record: NumberedFact) -> str:
    """What two rows of one file must not tell differently."""
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
    return " ".join(str(part) for part in parts if part)


def upsert(session: Session, record: NumberedFact, *, import_id: int | None, source: str) -> str:
    """Store what a register says: "new", "changed" or "unchanged". Raises RowError when the patent is not in the catalogue."""
    number = record.application_number
    patent_id = patents.ids_of(session, [number]).get(number)
    if patent_id is None:
        label = vocabulary("facts").label("application_number")
        raise RowError(
            label, number, f"目录中没有申请号为 {number} 的专利；请先导入该专利，再导入本文件或这张退回表"
        )
    stated = record.model_dump(exclude={"application_number"})
    stated["source"] = stated["source"] or source[: _LIMITS["source"]]
    return facts.store(session, [FactCreate(**stated, patent_id=patent_id)], import_id=import_id)[0]


# What registers of patents say in passing -----------------------------------------------------------------------------

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
_NUMBER = re.compile(r"(\d{1,9})(?:\.0+)?\s*(?:项|次|件|个|篇|条|家)?")
_DOCUMENT = re.compile(r"[A-Z]{2}\s?\d{4,}.*")
_NO = re.compile(
    "^(?:0+|否|无|没有|未|不|n|no|none|false|-+)$|^(?:未|无|没有|尚未|暂无|暂未|不)|^0 ?(?:次|件|项)$"
)
_UNKNOWN = re.compile("不详|未知|不明|待查|待核|待定|待补|未填|未登记|[?？]|^/$|^-+$|^—+$")


def of_patent(fields: Fields) -> list[FactStated]:
    """What a row of a register of patents says of use and evaluation. Raises RowError for a day that is none."""
    if all(fields.get(role) is None for role in PATENT_ROLES):
        return []
    looked = fields.day("annuity_checked_on")
    found = [*_counts(fields), *_uses(fields, looked), *_reports(fields)]
    rating = (
        _by_words(_PROSPECTS, fields.line("self_rating")) if fields.get("self_rating") is not None else None
    )
    if rating:
        found.append(FactStated(kind=FactKind.SELF_RATING, value=rating.value))
    return found


def _counts(fields: Fields) -> Iterable[FactStated]:
    for role, kind in _COUNT_ROLES.items():
        stated = fields.line(role)
        counted = _counted(stated)
        if counted is not None:
            yield FactStated(kind=kind, value=str(counted))
        elif stated:
            fields.note(f"{kind.label}无法识别，已略去", stated)


def _counted(stated: str) -> int | None:
    """A number, or the number of documents that are listed; None for anything else.

    >>> _counted("12 项"), _counted("CN101234567A; US7654321B2"), _counted("很多")
    (12, 2, None)
    """
    folded = unicodedata.normalize("NFKC", stated).replace(",", "").strip()
    if match := _NUMBER.fullmatch(folded):
        return int(match[1])
    items = {
        item.strip().upper() for item in LIST_SEPARATORS.split(unicodedata.normalize("NFKC", stated))
    } - {""}
    return len(items) if items and all(map(_DOCUMENT.fullmatch, items)) else None


def _uses(fields: Fields, looked: date | None) -> Iterable[FactStated]:
    for role, kind in _USE_ROLES.items():
        yield from _use(text(fields.get(role)), kind, looked)
    stated = text(fields.get("used"))
    named = [FactKind(kind) for words, kind in _KINDS if kind in EXPLOITATION and re.search(words, stated)]
    if _answer(stated) is False:
        yield from (_none(kind, looked) for kind in _TRANSFORMED)
    elif _answer(stated):
        for kind in named or [FactKind.IMPLEMENTATION]:
            yield from _use(stated, kind, looked)


def _use(stated: str, kind: FactKind, looked: date | None) -> Iterable[FactStated]:
    answer = _answer(stated)
    if answer is None:
        return
    if not answer:
        yield _none(kind, looked)
        return
    value = _by_words(_LICENCE_TYPES, stated) if kind is FactKind.LICENCE else None
    # When a right that is over by now ended is not said; until the day of looking at the latest.
    over = kind in (FactKind.LICENCE, FactKind.PLEDGE) and bool(_ENDED.search(stated))
    yield FactStated(
        kind=kind,
        ends_on=(looked or date.today()) if over else None,
        ended=over,
        value=value.value if value else "",
        note=f"登记簿载明{kind.label}：{stated}"[: _LIMITS["note"]],
    )


def _none(kind: FactKind, looked: date | None) -> FactStated:
    return FactStated(kind=FactKind.NO_RECORD, value=kind.value, happened_on=looked)


def _answer(stated: str) -> bool | None:
    """Whether a cell says yes (a number, any text) or no; None where it says nothing."""
    folded = unicodedata.normalize("NFKC", stated).strip().lower()
    if not folded or _UNKNOWN.search(folded):
        return None
    return not _NO.search(folded)


def _reports(fields: Fields) -> Iterable[FactStated]:
    stated = text(fields.get("evaluated"))
    if _answer(stated) is False and not re.search("不符合|不具备|未发现", stated):
        return
    if said(stated):
        conclusion = _by_words(_CONCLUSIONS, stated)
        yield FactStated(
            kind=FactKind.EVALUATION_REPORT,
            value=conclusion.value if conclusion else "",
            note=f"登记簿载明：{stated}",
        )


def store_of_patents(
    session: Session,
    stated: Sequence[tuple[int, Sequence[FactStated], bool]],
    *,
    import_id: int | None,
    source: str,
) -> list[bool]:
    """Store what rows say of patents (id, facts, whether the row repeats an earlier one); answers whether each said anything new.

    A register of patents only names that there was an event: where one of that kind is known it adds nothing. A row that
    repeats an earlier one of the file only fills what that left open.
    """
    known = facts.of_patents(
        session, sorted({patent_id for patent_id, said_of_it, _ in stated if said_of_it})
    )
    kinds = {patent_id: {_key(row) for row in rows} for patent_id, rows in known.items()}
    records: list[FactCreate] = []
    places: list[int] = []
    for place, (patent_id, said_of_it, repeats) in enumerate(stated):
        there = kinds.setdefault(patent_id, set())
        for entry in said_of_it:
            if _key(entry) in there and (repeats or _is_event(entry)):
                continue
            there.add(_key(entry))
            values = entry.model_dump() | {"source": source[: _LIMITS["source"]]}
            records.append(FactCreate(**values, patent_id=patent_id))
            places.append(place)
    changed = [False] * len(stated)
    for place, outcome in zip(places, facts.store(session, records, import_id=import_id), strict=True):
        changed[place] = changed[place] or outcome != "unchanged"
    return changed


def _key(entry: facts.FactDetails) -> tuple[str, str]:
    return FactKind(entry.kind).value, entry.value if entry.kind == FactKind.NO_RECORD else ""


def _is_event(entry: FactStated) -> bool:
    return entry.kind not in STATES and entry.kind is not FactKind.NO_RECORD
