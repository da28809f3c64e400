"""Deals (交易) from the cells of a row, and parties from what is written of them: kind by name, place by address."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from catalog.deals.deals import CHINA, DealStated, PartyRef
from catalog.kit.terms import DealKind, LicenceType, PaymentForm, PledgeConsent, RoyaltyBase, StateLevel, Term
from ingestion.identifiers import application_number
from ingestion.identifiers import credit_code as credit_codes
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.records.fields import LIST_SEPARATORS, Fields, build
from ingestion.values import names, places
from ingestion.values.values import parse_amount, parse_rate

_KINDS: tuple[tuple[str, DealKind], ...] = (
    ("质押", DealKind.PLEDGE), ("入股|出资", DealKind.EQUITY), ("转让|转移", DealKind.TRANSFER), ("许可", DealKind.LICENCE),
)  # fmt: skip
_TYPES: tuple[tuple[str, LicenceType], ...] = (
    ("独占", LicenceType.EXCLUSIVE), ("排他", LicenceType.SOLE), ("开放", LicenceType.OPEN), ("普通|非独占", LicenceType.ORDINARY),
)  # fmt: skip
_PAYMENTS: tuple[tuple[str, PaymentForm], ...] = (
    ("免费|无偿", PaymentForm.FREE), ("先使用|先用", PaymentForm.USE_FIRST), ("入门费", PaymentForm.ENTRY_AND_ROYALTY),
    ("提成", PaymentForm.ROYALTY), ("分期", PaymentForm.INSTALMENTS), ("一次|固定", PaymentForm.LUMP_SUM),
)  # fmt: skip
_BASES: tuple[tuple[str, RoyaltyBase], ...] = (
    ("利润", RoyaltyBase.PROFIT), ("销售|营业收入", RoyaltyBase.NET_SALES),
)  # fmt: skip
_CONSENTS: tuple[tuple[str, PledgeConsent], ...] = (
    ("未同意|不同意|^否$|^无$", PledgeConsent.NOT_GIVEN), ("同意|^是$|^有$", PledgeConsent.GIVEN),
)  # fmt: skip

_LEVELS: tuple[tuple[str, StateLevel], ...] = (
    ("中央|央企|国务院国资委", StateLevel.CENTRAL), ("省", StateLevel.PROVINCIAL), ("市|州", StateLevel.MUNICIPAL),
)  # fmt: skip


def code_of(stated: str | None) -> str | None:
    """The credit code of a unit. Raises InvalidIdentifier for what cannot be one; a doubtful check digit is accepted."""
    return credit_codes.check(stated)[0] if stated else None


def party_of(
    name: str,
    *,
    credit_code: str | None = None,
    country: str = CHINA,
    address: str = "",
    province: str = "",
    prefecture: str = "",
) -> PartyRef:
    """A party to a deal; the place is that of the register, for parties abroad there is none.

    Raises InvalidIdentifier for a credit code that cannot be one; a doubtful check digit is accepted.
    """
    place = places.combine(province, prefecture, address) if country == CHINA else places.NOWHERE
    return PartyRef(
        name=names.normalise(name),
        kind=names.kind_of(names.normalise(name))[0],
        credit_code=code_of(credit_code),
        country=country,
        address=address,
        province=place.province,
        prefecture=place.prefecture,
    )


def deal(fields: Fields) -> DealStated:
    """A deal from the cells of a row. Raises RowError."""
    licence_type = _term(fields, "licence_type", _TYPES, LicenceType)
    kind = _term(fields, "kind", _KINDS, DealKind) or (DealKind.LICENCE if licence_type else None)
    if kind is None:
        allowed = "、".join(member.label for member in DealKind)
        raise fields.error("kind", "", f"缺少交易种类，可填：{allowed}")
    if kind == DealKind.LICENCE and licence_type is None:
        licence_type = _in(_TYPES, fields.line("kind"))
    values: dict[str, Any] = {
        "code": fields.line("code") or None,
        "kind": kind,
        "licence_type": licence_type,
        "application_numbers": _numbers(fields),
        "givers": _parties(fields, "givers", "giver"),
        "takers": _parties(fields, "takers", "taker"),
        "payment_form": _term(fields, "payment_form", _PAYMENTS, PaymentForm),
        "contract_amount": fields.parsed(
            "contract_amount", parse_amount, fields.units.get("contract_amount", 1)
        ),
        "royalty_rate": fields.parsed("royalty_rate", parse_rate),
        "royalty_base": _term(fields, "royalty_base", _BASES, RoyaltyBase),
        "received_total": fields.parsed(
            "received_total", parse_amount, fields.units.get("received_total", 1)
        ),
        "received_on": fields.day("received_on"),
        "signed_on": _signed(fields),
        "starts_on": fields.day("starts_on", future=True),
        "ends_on": fields.day("ends_on", future=True),
        "territory": fields.line("territory") or None,
        "giver_level": _term(fields, "giver_level", _LEVELS, StateLevel),
        "pledge_consent": _term(fields, "pledge_consent", _CONSENTS, PledgeConsent),
        "three_party": _yes(fields.line("three_party")),
        "broker": fields.line("broker"),
        "broker_credit_code": _broker_code(fields),
        "filing_number": fields.line("filing_number"),
        "filed_on": fields.day("filed_on"),
        "note": fields.text("note"),
    }
    return build(DealStated, fields, {name: value for name, value in values.items() if value is not None})


def _yes(stated: str) -> bool | None:
    return bool(re.match(r"是|有|√|true|1|y", stated, re.IGNORECASE)) if stated else None


def _broker_code(fields: Fields) -> str | None:
    stated = fields.line("broker_credit_code")
    try:
        return code_of(stated)
    except InvalidIdentifier as error:
        raise fields.error("broker_credit_code", stated, str(error)) from error


def _signed(fields: Fields) -> date:
    signed = fields.day("signed_on")
    if signed is None:
        raise fields.error("signed_on", "", "缺少签约日")
    return signed


def _numbers(fields: Fields) -> list[str]:
    stated = fields.get("application_numbers")
    if stated is None:
        raise fields.error("application_numbers", "", "缺少申请号或专利号")
    # Blanks part the groups of digits of one number as well as numbers: only marks part for sure.
    parts = LIST_SEPARATORS.split(stated) if isinstance(stated, str) else [stated]
    found = []
    for part in parts:
        if isinstance(part, str) and not part.strip():
            continue
        try:
            found.append(
                application_number.validate(part if isinstance(part, (str, float, int)) else str(part))
            )
        except InvalidIdentifier as error:
            raise fields.error("application_numbers", part, str(error)) from error
    return found


def _parties(fields: Fields, role: str, side: str) -> list[PartyRef]:
    """The parties of a side, the first with the address, region, code and country of the row."""
    stated = names.split(fields.get(role))
    if not stated:
        raise fields.error(role, "", "不能为空")
    country = fields.line("taker_country").upper() if role == "takers" else ""
    country = {"": CHINA, "中国": CHINA}.get(country, country)
    if not re.fullmatch("[A-Z]{2}", country):
        raise fields.error("taker_country", country, "应为两位字母的国家或地区代码，如 CN、DE")
    code = fields.line("taker_credit_code") or None if role == "takers" else None
    try:
        first = party_of(
            stated[0],
            credit_code=code,
            country=country,
            address=fields.line(f"{side}_address"),
            prefecture=fields.line(f"{side}_region"),
        )
    except InvalidIdentifier as error:
        raise fields.error("taker_credit_code", code, str(error)) from error
    return [first, *(party_of(name) for name in stated[1:])]


def _in(words: tuple[tuple[str, Any], ...], text: str) -> Any:
    return next((term for pattern, term in words if re.search(pattern, text)), None)


def _term(fields: Fields, role: str, words: tuple[tuple[str, Any], ...], terms: type[Term]) -> Any:
    """The term that a cell names, None for an empty cell."""
    stated = fields.line(role)
    if not stated:
        return None
    exact = next((term for term in terms if stated in (term.value, term.label)), None)
    found = exact or _in(words, stated)
    if found is None:
        allowed = "、".join(term.label for term in terms)
        raise fields.error(role, stated, f"无法识别，可填：{allowed}")
    return found
