"""Terms stated unambiguously in the wording of a licence fee (许可使用费支付方式和标准): form of payment, amount, rate, base."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from catalog.kit.terms import PaymentForm, RoyaltyBase, Term
from ingestion.values.numerals import in_digits
from ingestion.values.values import parse_amount, parse_count, parse_rate

TermT = TypeVar("TermT", bound=Term)

_PER_PIECE = r"(?:每|/)\s*[件台套吨辆个只批项斤米]"
# The first expression found decides.
FORMS: tuple[tuple[str, PaymentForm], ...] = (
    (r"先使用|先用|试用|免费.{0,8}(?:后|第.年起)", PaymentForm.USE_FIRST),
    (r"免费|无偿|零费用|不收取?费|免[收除交缴]?(?:许可)?(?:使用)?费|^0$|[费为]用?[:：]?0(?:元|$)", PaymentForm.FREE),
    (r"入门费", PaymentForm.ENTRY_AND_ROYALTY), (r"提成|分成", PaymentForm.ROYALTY),
    (r"分期|分\s*\d+\s*[期次年]|首付", PaymentForm.INSTALMENTS),
    (r"一次|固定|总付|买断", PaymentForm.LUMP_SUM),
    (r"按年|每年|逐年|年度|/\s*年|年付|年许可费|年使用费|年费|(?<!\d)1年\d", PaymentForm.ANNUAL),
    (_PER_PIECE, PaymentForm.ROYALTY), (r"面议|面谈|详谈|协商|商定|商议|商量|另行|另议|洽谈|约定|待定", PaymentForm.OTHER),
)  # fmt: skip
BASES: tuple[tuple[str, RoyaltyBase], ...] = (
    (r"利润|毛利|profit", RoyaltyBase.PROFIT), (r"销售|营业收入|营业额|营收|产值|net_sales", RoyaltyBase.NET_SALES),
)  # fmt: skip
_MONEY = re.compile(
    r"(?:[0-9.]+\s*(?:[万亿千]+元?)?\s*[-~—–至到]\s*)?[0-9]+(?:\.[0-9]+)?\s*(?:亿元|千万元?|百万元?|万元?|亿|千元|元)(?![美欧日港英])"
)
_FOREIGN = r"美元|欧元|日元|港[元币]|英镑|[$€£]|USD|EUR"
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TIMES = re.compile(r"分\s*(?:为)?\s*(\d{1,3})\s*[期次]|(\d{1,3})\s*期")
_RATE = re.compile(
    r"\d+(?:\.\d+)?\s*%(?:\s*[-~—–至到]+\s*\d+(?:\.\d+)?\s*%)?|\d+(?:\.\d+)?\s*[-~—–至到]+\s*\d+(?:\.\d+)?\s*%"
)


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """The unambiguous terms in a wording; a term that is missing or stated more than once is None."""

    form: PaymentForm | None = None
    amount: Decimal | None = None
    rate: Decimal | None = None
    base: RoyaltyBase | None = None
    instalments: int | None = None


def fee_terms(wording: str) -> FeeTerms:
    """The plain terms of a wording.

    >>> fee_terms("5万元/年").form, fee_terms("5万元/年").amount, fee_terms("利润的10%").base
    (<PaymentForm.ANNUAL: 'annual'>, Decimal('50000.00'), <RoyaltyBase.PROFIT: 'profit'>)
    """
    stated = _THOUSANDS.sub("", in_digits(wording))
    # A price per piece is no fixed fee, and a foreign currency is no yuan.
    amounts = (
        []
        if re.search(f"{_FOREIGN}|{_PER_PIECE}", stated, re.IGNORECASE)
        else [found[0] for found in _MONEY.finditer(stated)]
    )
    amount = parse_amount(amounts[0]) if len(amounts) == 1 else None
    rate = _only_rate(stated)
    return FeeTerms(
        _form(stated, amount, bool(_RATE.search(stated))),
        amount or None,
        rate,
        by_words(BASES, stated) if _RATE.search(stated) else None,
        _instalments(stated),
    )


def _only_rate(stated: str) -> Decimal | None:
    rates = [found[0] for found in _RATE.finditer(stated)]
    if len(rates) != 1:
        return None
    try:
        return parse_rate(rates[0])
    except ValueError:  # from one rate to another
        return None


def _form(stated: str, amount: Decimal | None, has_rate: bool) -> PaymentForm | None:
    if amount == 0 and not has_rate:
        return PaymentForm.FREE
    found = by_words(FORMS, stated)
    if has_rate and found in (None, PaymentForm.ROYALTY, PaymentForm.ANNUAL, PaymentForm.LUMP_SUM):
        return PaymentForm.ENTRY_AND_ROYALTY if amount else PaymentForm.ROYALTY
    return found or (PaymentForm.LUMP_SUM if amount else None)


def _instalments(stated: str) -> int | None:
    found = {match[1] or match[2] for match in _TIMES.finditer(stated)}
    return parse_count(found.pop()) if len(found) == 1 else None


def by_words(words: tuple[tuple[str, TermT], ...], stated: str) -> TermT | None:
    """The first term whose expression occurs in the text."""
    return next((term for expression, term in words if re.search(expression, stated)), None)
