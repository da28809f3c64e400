"""The record of an open-licence declaration (专利开放许可声明) from the cells of a row."""

from __future__ import annotations

import re
from dataclasses import astuple
from datetime import date
from decimal import Decimal
from typing import Any

from catalog.kit.terms import Conclusion, LicenceStatus, OwnerConsent, PaymentForm
from catalog.licences import rules as licence_rules
from catalog.licences.licences import ALL_OWNERS, LicenceCreate
from ingestion.records.fields import Fields, build
from ingestion.values.cells import Cell, text
from ingestion.values.fees import BASES, FORMS, FeeTerms, by_words, fee_terms
from ingestion.values.periods import last_day, parse_period
from ingestion.values.values import parse_count, parse_date

_FEE_ROLES = ("payment_form", "fee_text", "fixed_fee", "royalty_rate")
_WITHOUT_RATE = (PaymentForm.LUMP_SUM, PaymentForm.INSTALMENTS)
MAX_HOLDER = 300
_CONSENT = re.compile(
    r"(?:(?P<holder>.+?)\s*[:：])?\s*(?P<consent>[^:：（(]+?)\s*(?:[（(](?P<on>[^）)]+)[）)])?"
)
_CONSENTS = (
    (("不同意", "未同意", "拒绝", "否", "not_given"), OwnerConsent.NOT_GIVEN),
    (("未知", "待", "不详", "unknown"), OwnerConsent.UNKNOWN),
    (("同意", "是", "given"), OwnerConsent.GIVEN),
)
_CONCLUSIONS = (
    (("未发现", "not found", "grantable"), Conclusion.GRANTABLE),
    (("不符合", "不具备", "not_grantable"), Conclusion.NOT_GRANTABLE),
    (("符合", "具备"), Conclusion.GRANTABLE),
)


def licence(fields: Fields) -> LicenceCreate:
    """An open-licence declaration (开放许可声明). Raises RowError without a number or any word on payment."""
    region = fields.line("region")
    values = (
        ({"region": region} if region else {})
        | _declarants(fields)
        | _terms(fields)
        | {
            "application_number": fields.application_number(),
            "fee_text": fields.text("fee_text"),
            "use_first_months": fields.parsed("use_first_months", _months),
            "know_how": fields.text("know_how"),
            "declared_on": fields.day("declared_on"),
            "published_on": fields.day("published_on"),
            "withdrawn_on": fields.day("withdrawn_on"),
            "status": _licence_status(fields),
            "remark": fields.joined("remark"),
        }
    )
    values |= _period(fields, values["published_on"])
    _settle(values, fields)
    return build(LicenceCreate, fields, values)


def _terms(fields: Fields) -> dict[str, Any]:
    """Form, amount, rate and base of the fee, each from its own column, otherwise from its wording where unambiguous."""
    worded = _worded(fields)
    fee = fields.amount("fixed_fee")
    rate = fields.rate("royalty_rate")
    base = by_words(BASES, fields.line("royalty_base"))
    if fields.line("royalty_base") and base is None:
        fields.unread("royalty_base", f"“{fields.line('royalty_base')}”无法识别，可填：净销售额、利润")
    instalments = fields.parsed("instalments", parse_count) or worded.instalments
    rate = rate if rate is not None else worded.rate
    return {
        "payment_form": _payment(fields, worded, fee, rate),
        "fixed_fee": fee if fee is not None else worded.amount,
        "royalty_rate": rate,
        "royalty_base": base or (worded.base if rate is not None else None),
        # A single payment is no instalment, and the number of payments alone does not determine the form.
        "instalments": instalments if instalments and instalments > 1 else None,
    }


def _worded(fields: Fields) -> FeeTerms:
    """The wordings of the fee, from any column."""
    roles = ("fee_text", "payment_form", "fixed_fee", "royalty_rate")
    found = [fee_terms(fields.line(role)) for role in roles if fields.get(role) is not None]
    return FeeTerms(
        *(
            next((value for value in values if value is not None), None)
            for values in zip(*map(astuple, found), strict=True)
        )
    )


def _settle(values: dict[str, Any], fields: Fields) -> None:
    """Drops terms that contradict the rest; each is kept as a remark, and so is a form that does not fit."""
    form, fee, rate = values["payment_form"], values["fixed_fee"], values["royalty_rate"]
    if (form == PaymentForm.FREE and (fee or rate)) or (form in _WITHOUT_RATE and rate):
        label = PaymentForm(form).label
        fields.unread(
            "payment_form", f"支付方式为“{label}”，却又填写了{'费用' if fee and not rate else '提成比例'}"
        )
        values["payment_form"] = PaymentForm.OTHER
    form = values["payment_form"]
    dates = [values[name] for name in ("declared_on", "published_on", "withdrawn_on")]
    against = {
        "instalments": form != PaymentForm.INSTALMENTS,
        "use_first_months": form != PaymentForm.USE_FIRST,
        "ends_on": _before(values["ends_on"], values["starts_on"]),
        "published_on": _before(dates[1], dates[0]),
        "withdrawn_on": _before(dates[2], dates[0]) or _before(dates[2], dates[1]),
    }
    for name in [name for name, contradicts in against.items() if contradicts and values[name]]:
        if fields.strict and fields.get(name) is None:  # read out of the wording, stated by nobody
            values[name] = None
            continue
        fields.unread(name, f"{values[name]}：与声明的其他内容不符")
        if name == "ends_on":
            fields.keep("period")
        values[name] = None
    needs_rate = form in (PaymentForm.ROYALTY, PaymentForm.ENTRY_AND_ROYALTY)
    if needs_rate and values["royalty_rate"] is None and not values["fee_text"]:
        values["fee_text"] = "；".join(
            dict.fromkeys(fields.line(role) for role in _FEE_ROLES if fields.line(role))
        )


def _before(day: date | None, other: date | None) -> bool:
    return day is not None and other is not None and day < other


def remarks(record: LicenceCreate) -> list[str]:
    """Warnings on the terms by the shipped rules."""
    found = licence_rules.warnings(licence_rules.load(), record)
    return [f"{warning.text}（{warning.article}），请核对" for warning in found]


def _declarants(fields: Fields) -> dict[str, Any]:
    """The declarants: consents, contact and the evaluation report."""
    return {
        "contact": fields.joined("contact"),
        "consents": _consents(fields),
        "report_number": fields.line("report_number"),
        "report_on": fields.day("report_on"),
        "report_conclusion": _conclusion(fields),
    }


def _consents(fields: Fields) -> list[dict[str, Any]]:
    """Consents written "甲大学：已同意（2025-01-02）；乙公司：不同意", or one word for all patentees."""
    consents: dict[str, dict[str, Any]] = {}
    for piece in re.split(r"[;；\n]+", fields.text("consents")):
        if not piece.strip():
            continue
        match = _CONSENT.fullmatch(piece.strip())
        consent = next(
            (c for words, c in _CONSENTS if match and any(w in match["consent"] for w in words)), None
        )
        holder = ((match["holder"] if match else "") or ALL_OWNERS)[:MAX_HOLDER]
        if match is None or consent is None or holder in consents:
            fields.unread(
                "consents",
                f"“{piece.strip()[:40]}”应写成“专利权人名称：已同意（2025-01-02）”，多个以分号隔开，或只写“已同意”",
            )
            continue
        consents[holder] = {"holder": holder, "consent": consent, "on": _consented_on(fields, match["on"])}
    return list(consents.values())


def _consented_on(fields: Fields, stated: str | None) -> date | None:
    try:
        return parse_date(stated) if stated else None
    except ValueError as error:
        fields.unread("consents", str(error))
        return None


def _conclusion(fields: Fields) -> Conclusion | None:
    stated = fields.line("report_conclusion")
    if not stated:
        return None
    exact = next((c for c in Conclusion if stated in (c.value, c.label)), None)
    found = exact or next((c for words, c in _CONCLUSIONS if any(word in stated for word in words)), None)
    if found is None:
        allowed = "、".join(c.label for c in Conclusion)
        fields.unread("report_conclusion", f"“{stated[:40]}”：结论无法识别，可填：{allowed}")
    return found


def _payment(fields: Fields, worded: FeeTerms, fee: Decimal | None, rate: Decimal | None) -> PaymentForm:
    """The form stated in its own column, otherwise derived from the wording or the fee. Raises RowError where no payment is stated."""
    stated = fields.line("payment_form")
    exact = next((form for form in PaymentForm if stated in (form.label, form.value)), None)
    if found := exact or (by_words(FORMS, stated) if stated else None) or worded.form:
        return found
    if rate is not None:
        return PaymentForm.ENTRY_AND_ROYALTY if fee else PaymentForm.ROYALTY
    if fee is not None:
        return PaymentForm.LUMP_SUM if fee else PaymentForm.FREE
    if not any(fields.line(role) for role in _FEE_ROLES):
        raise fields.error("payment_form", "", "未写明许可使用费的支付方式和标准")
    role = next(role for role in _FEE_ROLES if fields.line(role))
    allowed = "、".join(form.label for form in PaymentForm)
    fields.unread(role, f"“{fields.line(role)[:40]}”：支付方式无法识别，可填：{allowed}")
    return PaymentForm.OTHER


def _months(value: Cell) -> int | None:
    """A number of months; a bare number counts in months. Raises ValueError."""
    try:
        return parse_count(value)
    except ValueError:
        period = parse_period(value)
    if period.start or period.end:
        raise ValueError(f"“{text(value)[:40]}”不是长度，应写成 36 或 3 年")
    return period.months


def _period(fields: Fields, published: date | None) -> dict[str, Any]:
    """Start and end of the licence, from two columns or from one; a length alone counts from the announcement where that is known."""
    stated = fields.period("period")
    starts_on = fields.day("starts_on", future=True) or stated.start
    ends_on = fields.deadline("ends_on") or stated.end
    months = fields.parsed("term_months", _months) or stated.months
    if months and not (starts_on or ends_on) and published and "公告" in fields.line("period"):
        starts_on, ends_on = published, last_day(published, months)
    return {"starts_on": starts_on, "ends_on": ends_on, "term_months": months}


def _licence_status(fields: Fields) -> LicenceStatus | None:
    stated = fields.line("status")
    if not stated:
        return None
    for word, status in (("撤", LicenceStatus.WITHDRAWN), ("届满", LicenceStatus.EXPIRED), ("草", LicenceStatus.DRAFT),
                         ("变更", LicenceStatus.CHANGED), ("公告", LicenceStatus.PUBLISHED)):  # fmt: skip
        if word in stated:
            return status
    exact = next((status for status in LicenceStatus if stated == status.value), None)
    if exact is None:
        allowed = "、".join(status.label for status in LicenceStatus)
        fields.unread("status", f"“{stated[:40]}”：状态无法识别，可填：{allowed}")
    return exact
