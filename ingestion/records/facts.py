"""Records of use and evaluation (专利运用登记) from the cells of a row, and what registers of patents say of them in passing.

A register of events (许可备案, 转让登记, 质押登记与注销, 实施, 专利产品备案, 评价报告, 中止与保全) holds one event a row. What
kind of event it is stands in a column, follows from the columns that are filled, or from the name of the sheet. A register of
patents holds at most a count, a yes or a no; a no is kept as 核查无记录, which is more than nothing recorded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from catalog.kit.terms import Conclusion, Disposition, FactKind, LicenceType, PledgeConsent, Prospect, Term
from catalog.supply import facts
from catalog.supply.facts import COUNTS, EXPLOITATION, STATES, FactStated, NumberedFact
from ingestion.columns.headers import vocabulary
from ingestion.records.fields import LIST_SEPARATORS, Fate, Fields, build
from ingestion.values.cells import flat
from ingestion.values.periods import last_day
from ingestion.values.values import parse_amount

Words = Sequence[tuple[str, Term]]

# The first expression found decides.
KINDS: Words = (
    ("核查无|查无|无记录", FactKind.NO_RECORD), ("评价报告", FactKind.EVALUATION_REPORT), ("质押|出质|质权", FactKind.PLEDGE),
    ("中止|保全|查封|冻结", FactKind.SUSPENSION), ("产品", FactKind.PRODUCT_FILING), ("作价|入股|出资", FactKind.EQUITY),
    ("许可", FactKind.LICENCE), ("转让|转移|受让|权利人变更", FactKind.TRANSFER), ("实施|投产|产业化", FactKind.IMPLEMENTATION),
    ("权利要求", FactKind.CLAIMS), ("引证|引用|被引", FactKind.CITATIONS), ("同族", FactKind.FAMILY),
    ("前景|自评", FactKind.SELF_RATING), ("处置", FactKind.DISPOSITION),
)  # fmt: skip
LICENCE_TYPES: Words = (
    ("独占", LicenceType.EXCLUSIVE), ("排他", LicenceType.SOLE), ("普通|非独占", LicenceType.ORDINARY), ("开放", LicenceType.OPEN),
)  # fmt: skip
_CONSENTS: Words = (
    ("未同意|不同意|未经|^否$|^无$", PledgeConsent.NOT_GIVEN), ("同意|^是$|^有$", PledgeConsent.GIVEN),
)  # fmt: skip
CONCLUSIONS: Words = (
    ("未发现", Conclusion.GRANTABLE), ("不符合|不具备|不满足|不予|无效", Conclusion.NOT_GRANTABLE),
    ("符合|具备|满足|有效", Conclusion.GRANTABLE),
)  # fmt: skip
PROSPECTS: Words = (("高|好|优", Prospect.HIGH), ("中|一般", Prospect.MEDIUM), ("低|差|无", Prospect.LOW))
_DISPOSITIONS: Words = tuple((term.label, term) for term in Disposition)
_WORDS: dict[FactKind, Words] = {
    FactKind.LICENCE: LICENCE_TYPES,
    FactKind.PLEDGE: _CONSENTS,
    FactKind.EVALUATION_REPORT: CONCLUSIONS,
    FactKind.NO_RECORD: [entry for entry in KINDS if entry[1] in EXPLOITATION],
    FactKind.SELF_RATING: PROSPECTS,
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
_RUNNING = re.compile("有效|正常|生效|存续|在押|登记|备案|许可|履行|执行|中止|保全|办理|已")
ENDED = re.compile("注销|解除|终止|恢复|撤销|失效|到期|届满|期满")
_DATES = ("happened_on", "ends_on", "ended_on", "period")
LIMITS = {"value": 100, "party": 300, "note": 2000, "source": 300}


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
        "party": party[: LIMITS["party"]],
        "note": _note(fields, used)[: LIMITS["note"]],
        "source": fields.line("source")[: LIMITS["source"]],
    }


def _kind(fields: Fields) -> FactKind:
    """The kind of event: stated, else by the columns that are filled, else by the names of the table. Raises RowError."""
    stated = fields.line("kind")
    if stated:
        exact = next((kind for kind in FactKind if stated in (kind.value, kind.label)), None)
        if found := exact or by_words(KINDS, stated):
            return FactKind(found)
    takers = [role for role in _TAKERS if fields.get(role) is not None]
    if len(takers) > 1:
        label = vocabulary("facts").label
        both = "和".join(label(role) for role in takers)
        raise fields.error(takers[1], fields.line(takers[1]), f"同一行既有{both}，请分成几行，每行一项记录")
    filled = next((kind for role, kind in _KIND_OF_COLUMN.items() if fields.get(role) is not None), None)
    found = filled or by_words(KINDS, flat(fields.sheet)) or _only_kind_in("、".join(fields.headers))
    if found is None:
        allowed = "、".join(kind.label for kind in FactKind)
        raise fields.error("kind", stated, f"不能判断是哪一种记录，请在“记录种类”列写明：{allowed}")
    return FactKind(found)


def _only_kind_in(headers: str) -> FactKind | None:
    found = {FactKind(kind) for words, kind in KINDS if re.search(words, headers)} & EXPLOITATION
    return found.pop() if len(found) == 1 else None


def by_words(words: Words, stated: str) -> Term | None:
    """The first term whose expression occurs in the text."""
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
        number = counted(stated)
        if number is None:
            raise fields.error(role, stated, f"{kind.label}应为不小于 0 的整数")
        used.add(role)
        return str(number)
    words = _WORDS.get(kind)
    if words is None:
        if len(stated) <= LIMITS["value"]:
            used.add(role)
        return stated[: LIMITS["value"]]
    terms = facts.VALUES[kind]
    exact = next((term for term in terms if stated in (term.value, term.label)), None)
    found = exact or by_words(words, stated)
    if found is None and kind is not FactKind.LICENCE:
        allowed = "、".join(term.label for _, term in words)
        reason = f"“{stated[:40]}”无法识别，可填：{allowed}"
        if fields.strict or kind in STATES or kind is FactKind.NO_RECORD:
            raise fields.error(role, stated, reason)
        fields.note(f"{fields.label(role)}无法识别，原文存入备注", reason)
        return ""
    if found is None:
        fields.note("许可方式无法识别，原文存入备注", stated)
        return ""
    if exact or found.label == stated:
        used.add(role)
    return found.value


def _days(fields: Fields, kind: FactKind, used: set[str]) -> dict[str, Any]:
    """Beginning and end; a row that records the end alone (质押注销) has its day under either."""
    happened, ended = fields.day("happened_on"), fields.day("ended_on")
    ends = fields.deadline("ends_on")
    period = fields.period("period")
    happened, ends = happened or period.start, ends or period.end
    if happened and period.months and not ends:
        ends = last_day(happened, period.months)
    if kind in STATES:
        return {"happened_on": happened}
    is_end = bool(ENDED.search(fields.line("kind")))
    if is_end and ended is None:
        happened, ended = None, happened
    if ended is None and (is_end or ENDED.search(fields.line("state"))):
        if ends is None or ends > fields.today:
            said_so = fields.line("state") or fields.line("kind")
            raise fields.error("ended_on", "", f"已写明“{said_so}”，但没有终止日（注销、解除的日期），请填写")
        ended = ends
    elif _RUNNING.search(fields.line("state")):
        used.add("state")
    if happened and ends and ended is None and ends < happened:
        fields.unread("ends_on", f"终止日 {ends} 早于发生日 {happened}")
        fields.keep("period")
        ends = None
    return {"happened_on": happened, "ends_on": ended or ends, "ended": ended is not None}


def _note(fields: Fields, used: set[str]) -> str:
    """The remark, and every cell that has no place of its own."""
    parts = [fields.line("note")]
    for name, role in vocabulary("facts").roles.items():
        if name not in used and fields.get(name) is not None:
            stated = _amount(fields) if name == "amount" else fields.line(name)
            parts.append(f"{role.label}：{stated}")
            fields.fates[name] = Fate.REMARKED
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


# Facts in registers of patents ----------------------------------------------------------------------------------------

_NUMBER = re.compile(r"(\d{1,9})(?:\.0+)?\s*(?:项|次|件|个|篇|条|家)?")
_DOCUMENT = re.compile(r"[A-Z]{2}\s?\d{4,}.*")


def counted(stated: str) -> int | None:
    """A number, or the number of documents that are listed; None for anything else.

    >>> counted("12 项"), counted("CN101234567A; US7654321B2"), counted("很多")
    (12, 2, None)
    """
    folded = unicodedata.normalize("NFKC", stated).replace(",", "").strip()
    if match := _NUMBER.fullmatch(folded):
        return int(match[1])
    items = {
        item.strip().upper() for item in LIST_SEPARATORS.split(unicodedata.normalize("NFKC", stated))
    } - {""}
    return len(items) if items and all(map(_DOCUMENT.fullmatch, items)) else None
