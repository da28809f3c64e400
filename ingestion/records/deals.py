"""Deals (交易) from the cells of a row, and parties from what is written of them: kind by name, place by address."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from catalog.deals.deals import CHINA, DealStated, PartyRef
from catalog.kit.terms import DealKind, LicenceType, PaymentForm, PledgeConsent, RoyaltyBase, StateLevel, Term
from catalog.reference.places import PlaceNames
from ingestion.identifiers import application_number, credit_code
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.records.fields import LIST_SEPARATORS, Fields, build
from ingestion.values import names, places
from ingestion.values.values import parse_date

UNKNOWN_COUNTRY = "ZZ"
"""In place of a code of ISO 3166, which leaves it to its users."""
MAX_ADDRESS = 500

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
    return credit_code.check(stated)[0] if stated else None


def party_of(
    name: str,
    known: PlaceNames,
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
    place = places.combine(province, prefecture, address, known) if country == CHINA else places.NOWHERE
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
        raise fields.error("kind", fields.line("kind"), f"缺少交易种类，可填：{allowed}")
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
        "contract_amount": fields.amount("contract_amount"),
        "royalty_rate": fields.rate("royalty_rate"),
        "royalty_base": _term(fields, "royalty_base", _BASES, RoyaltyBase),
        "received_total": fields.amount("received_total"),
        "received_on": fields.day("received_on"),
        "signed_on": _signed(fields),
        "starts_on": fields.day("starts_on", future=True),
        "ends_on": fields.deadline("ends_on"),
        "territory": fields.line("territory") or None,
        "giver_level": _term(fields, "giver_level", _LEVELS, StateLevel),
        "pledge_consent": _term(fields, "pledge_consent", _CONSENTS, PledgeConsent),
        "three_party": _yes(fields, "three_party"),
        "broker": fields.line("broker"),
        "broker_credit_code": _credit_code(fields, "broker_credit_code"),
        "filing_number": fields.line("filing_number"),
        "filed_on": fields.day("filed_on"),
        "note": fields.text("note"),
    }
    _settle(values, fields)
    return build(DealStated, fields, {name: value for name, value in values.items() if value is not None})


def _settle(values: dict[str, Any], fields: Fields) -> None:
    """Drops the fields that contradict the rest of the contract, where it is valid without them; each is kept as a remark."""
    against = {
        "licence_type": values["kind"] != DealKind.LICENCE,
        "pledge_consent": values["kind"] != DealKind.PLEDGE,
        "payment_form": values["payment_form"] == PaymentForm.FREE
        and bool(values["contract_amount"] or values["royalty_rate"]),
        "royalty_rate": values["royalty_base"] is None,
        "royalty_base": values["royalty_rate"] is None,
        "three_party": not values["broker"],
        "broker_credit_code": not values["broker"],
        "ends_on": _before(values["ends_on"], values["starts_on"] or values["signed_on"]),
        "filed_on": _before(values["filed_on"], values["signed_on"]),
    }
    for name in [name for name, contradicts in against.items() if contradicts and values[name]]:
        fields.unread(name, f"{fields.line(name)}：与合同的其他内容不符")
        values[name] = None


def _before(day: date | None, other: date) -> bool:
    return day is not None and day < other


def _yes(fields: Fields, role: str) -> bool | None:
    """Whether a cell says yes, None for an empty cell and for one that says neither; that one is kept as a remark."""
    stated = fields.line(role)
    if re.match(r"是|有|√|true|1|y", stated, re.IGNORECASE):
        return True
    if stated and not re.match(r"否|不|未|没|×|false|0|n", stated, re.IGNORECASE):
        fields.unread(role, f"“{stated[:40]}”无法识别，可填：是、否")
    return False if stated and role not in fields.fates else None


def _signed(fields: Fields) -> date:
    """The day of signing, without which there is no deal. Raises RowError."""
    stated = fields.get("signed_on")
    try:
        signed = parse_date(stated)
    except ValueError as error:
        raise fields.error("signed_on", stated, str(error)) from error
    if signed is None:
        raise fields.error("signed_on", "", "缺少签约日")
    if signed > fields.today:
        raise fields.error("signed_on", stated, f"签约日 {signed} 晚于今天")
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
                application_number.validate(
                    part if isinstance(part, (str, float, int)) else str(part), today=fields.today
                )
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
        fields.unread("taker_country", f"“{country}”不是两位字母的国家或地区代码，如 CN、DE")
        country = UNKNOWN_COUNTRY
    if country == CHINA:
        fields.place("", (f"{side}_region",))
    first = party_of(
        stated[0],
        fields.places,
        credit_code=_credit_code(fields, "taker_credit_code") if role == "takers" else None,
        country=country,
        address=fields.line(f"{side}_address")[:MAX_ADDRESS],
        prefecture=fields.line(f"{side}_region"),
    )
    return [first, *(party_of(name, fields.places) for name in stated[1:])]


def _credit_code(fields: Fields, role: str) -> str | None:
    try:
        return code_of(fields.line(role))
    except InvalidIdentifier as error:
        fields.unread(role, str(error))
        return None


def _in(words: tuple[tuple[str, Any], ...], text: str) -> Any:
    return next((term for pattern, term in words if re.search(pattern, text)), None)


def _term(fields: Fields, role: str, words: tuple[tuple[str, Any], ...], terms: type[Term]) -> Any:
    """The term that a cell names, None for an empty cell and for one that names none; that one is kept as a remark."""
    stated = fields.line(role)
    if not stated:
        return None
    exact = next((term for term in terms if stated in (term.value, term.label)), None)
    found = exact or _in(words, stated)
    if found is None:
        allowed = "、".join(term.label for term in terms)
        fields.unread(role, f"“{stated[:40]}”无法识别，可填：{allowed}")
    return found
