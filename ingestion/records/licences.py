"""The record of an open-licence declaration (专利开放许可声明) from the cells of a row."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from catalog.kit.terms import Conclusion, LicenceStatus, OwnerConsent, PaymentForm, RoyaltyBase
from catalog.licences import rules as declaration_rules
from catalog.licences.licences import ALL_OWNERS, LicenceCreate
from ingestion.records.fields import Fields, build
from ingestion.values.cells import said
from ingestion.values.values import parse_amount, parse_count, parse_date, parse_rate

_PAYMENT = (
    ("免费", PaymentForm.FREE), ("无偿", PaymentForm.FREE), ("先使用", PaymentForm.USE_FIRST), ("先用", PaymentForm.USE_FIRST),
    ("入门费", PaymentForm.ENTRY_AND_ROYALTY), ("提成", PaymentForm.ROYALTY), ("分期", PaymentForm.INSTALMENTS),
    ("一次", PaymentForm.LUMP_SUM), ("固定", PaymentForm.LUMP_SUM),
)  # fmt: skip
_PERIOD = re.compile(r"(.*\d.*?)\s*(?:至|到|~|～|—+|–|\s-\s)\s*(.*\d.*)")
_CONSENT = re.compile(
    r"(?:(?P<holder>.+?)\s*[:：])?\s*(?P<said>[^:：（(]+?)\s*(?:[（(](?P<on>[^）)]+)[）)])?"
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
    """An open-licence declaration (开放许可声明). Raises RowError."""
    starts_on, ends_on = _period(fields)
    region = fields.line("region")
    return build(
        LicenceCreate,
        fields,
        ({"region": region} if region else {})
        | _declarants(fields)
        | {
            "application_number": fields.application_number(),
            "payment_form": _payment(fields),
            "fixed_fee": fields.parsed("fixed_fee", parse_amount, fields.units.get("fixed_fee", 1)),
            "royalty_rate": fields.parsed("royalty_rate", parse_rate),
            "royalty_base": _royalty_base(fields),
            "fee_text": fields.text("fee_text"),
            "instalments": fields.parsed("instalments", parse_count),
            "use_first_months": fields.parsed("use_first_months", parse_count),
            "starts_on": starts_on,
            "ends_on": ends_on,
            "know_how": fields.text("know_how"),
            "declared_on": fields.day("declared_on"),
            "published_on": fields.day("published_on"),
            "withdrawn_on": fields.day("withdrawn_on"),
            "status": _licence_status(fields),
        },
    )


def remarks(record: LicenceCreate) -> list[str]:
    """What is to be looked at again in the terms, by the shipped rules."""
    found = declaration_rules.warnings(declaration_rules.load(), record)
    return [f"{warning.text}（{warning.article}），请核对" for warning in found]


def _declarants(fields: Fields) -> dict[str, Any]:
    """Who declares: consents, contact and the evaluation report."""
    return {
        "contact": "，".join(dict.fromkeys(said(cell).strip() for cell in fields.all("contact"))),
        "consents": _consents(fields),
        "report_number": fields.line("report_number"),
        "report_on": fields.day("report_on"),
        "report_conclusion": _conclusion(fields),
    }


def _consents(fields: Fields) -> list[dict[str, Any]]:
    """Consents written "甲大学：已同意（2025-01-02）；乙公司：不同意", or one word for all patentees."""
    consents = []
    for piece in re.split(r"[;；\n]+", fields.text("consents")):
        if not piece.strip():
            continue
        match = _CONSENT.fullmatch(piece.strip())
        consent = next(
            (c for words, c in _CONSENTS if match and any(w in match["said"] for w in words)), None
        )
        if match is None or consent is None:
            raise fields.error(
                "consents",
                piece,
                "应写成“专利权人名称：已同意（2025-01-02）”，多个以分号隔开，或只写“已同意”",
            )
        try:
            on = parse_date(match["on"]) if match["on"] else None
        except ValueError as error:
            raise fields.error("consents", piece, str(error)) from error
        consents.append({"holder": match["holder"] or ALL_OWNERS, "consent": consent, "on": on})
    return consents


def _conclusion(fields: Fields) -> Conclusion | None:
    stated = fields.line("report_conclusion")
    if not stated:
        return None
    exact = next((c for c in Conclusion if stated in (c.value, c.label)), None)
    found = exact or next((c for words, c in _CONCLUSIONS if any(word in stated for word in words)), None)
    if found is None:
        allowed = "、".join(c.label for c in Conclusion)
        raise fields.error("report_conclusion", stated, f"结论无法识别，可填：{allowed}")
    return found


def _payment(fields: Fields) -> PaymentForm:
    """The form stated in its own column, else in the text of the fee."""
    stated = fields.line("payment_form")
    exact = next((form for form in PaymentForm if stated in (form.label, form.value)), None)
    said = stated or fields.line("fee_text")
    found = exact or next((form for word, form in _PAYMENT if word in said), None)
    if found is None:
        raise fields.error(
            "payment_form", said, "支付方式无法识别，可填：" + "、".join(form.label for form in PaymentForm)
        )
    return found


def _royalty_base(fields: Fields) -> RoyaltyBase | None:
    stated = fields.line("royalty_base") or (
        fields.line("fee_text") if fields.get("royalty_rate") is not None else ""
    )
    if re.search("利润|profit", stated):
        return RoyaltyBase.PROFIT
    return RoyaltyBase.NET_SALES if re.search(r"销售|营业收入|net_sales", stated) else None


def _period(fields: Fields) -> tuple[date | None, date | None]:
    """Start and end of the licence, from two columns or from one ("2025-01-01 至 2027-12-31")."""
    starts_on, ends_on = fields.parsed("starts_on", parse_date), fields.parsed("ends_on", parse_date)
    stated = fields.line("period")
    if stated and not (starts_on and ends_on):
        match = _PERIOD.fullmatch(stated)
        if match is None:
            raise fields.error("period", stated, "许可期限应写成 2025-01-01 至 2027-12-31")
        try:
            return starts_on or parse_date(match[1]), ends_on or parse_date(match[2])
        except ValueError as error:
            raise fields.error("period", stated, str(error)) from error
    return starts_on, ends_on


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
        raise fields.error(
            "status", stated, "状态无法识别，可填：" + "、".join(status.label for status in LicenceStatus)
        )
    return exact
