"""Rules for the terms of a declaration (声明的规则): wording, territory and soft caps of fees. Data.

The rule file is declaration_rules.toml. Nothing here refuses a declaration except a territory outside China.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from catalog.kit.terms import PaymentForm, RoyaltyBase
from catalog.reference import rule_files
from catalog.reference.rule_files import Pattern

FILE_NAME = "declaration_rules.toml"
STATED_FEE = "专利法实施细则第八十五条第三项"
FIXED = (PaymentForm.LUMP_SUM, PaymentForm.INSTALMENTS, PaymentForm.ENTRY_AND_ROYALTY, PaymentForm.USE_FIRST)
VALID = "声明撤回或者变更的，不影响在先给予的开放许可的效力（专利法第五十条第二款）。"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    article: str
    source: str
    checked: bool


class Advertising(_Part):
    """Words of commercial advertising (商业性宣传用语)."""

    text: str
    words: list[str]


class Territory(_Part):
    """Places outside the territory of the patent law."""

    text: str
    abroad: list[str]
    separate: list[str]
    separate_text: str
    left_out: Pattern


class FeeCaps(_Part):
    """The soft caps: a fixed fee in yuan, royalties in percent."""

    fixed_fee: Decimal
    fixed_fee_text: str
    net_sales: Decimal
    net_sales_text: str
    profit: Decimal
    profit_text: str


class Rules(BaseModel):
    """A checked table with its version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = ""
    advertising: Advertising
    territory: Territory
    caps: FeeCaps


class TermsWarning(BaseModel):
    """A reason to review a declaration; it refuses nothing."""

    code: str = Field(description="核对规则的代码")
    article: str = Field(description="所依据的条款")
    text: str = Field(description="提示")
    checked: bool = Field(default=True, description="条款是否已与原文核对")


class Terms(Protocol):
    """The fields of a declaration that the rules read."""

    payment_form: PaymentForm
    fixed_fee: Decimal | None
    royalty_rate: Decimal | None
    royalty_base: RoyaltyBase | None
    fee_text: str
    know_how: str
    region: str


def load(data_dir: Path | None = None) -> Rules:
    """The table of the data directory or, without one, the shipped one. Raises InvalidInput."""
    return rule_files.load(__name__, FILE_NAME, Rules, data_dir)


def places_abroad(rules: Rules, region: str) -> list[str]:
    """The places outside China that a region names."""
    return _named(region, rules.territory.abroad, rules.territory.left_out)


def warnings(rules: Rules, terms: Terms) -> list[TermsWarning]:
    """Warnings on the terms: wording, places with a law of their own, missing fees, soft caps."""
    found = [*_without_fee(terms), *_wording(rules.advertising, terms), *_over_caps(rules.caps, terms)]
    if places := _named(terms.region, rules.territory.separate, rules.territory.left_out):
        part = rules.territory
        text = f"{part.separate_text}（{'、'.join(places)}）"
        found.append(
            TermsWarning(code="separate_territory", article=part.article, text=text, checked=part.checked)
        )
    return found


def _named(region: str, places: list[str], left_out: str) -> list[str]:
    """The places in a region that are not named to be left out ("不含港澳台", "台湾地区除外")."""
    named = []
    for part in re.split(r"[，,；;。（）()]", region):
        if not re.search(left_out, part):
            named += [place for place in places if place in part]
    return named


def _without_fee(terms: Terms) -> Iterator[TermsWarning]:
    form = PaymentForm(terms.payment_form)
    if form in FIXED and not (terms.fixed_fee or terms.fee_text):
        text = f"支付方式为“{form.label}”，却未写明许可使用费的数额"
        yield TermsWarning(code="no_fee", article=STATED_FEE, text=text)


def _wording(part: Advertising, terms: Terms) -> Iterator[TermsWarning]:
    wording = f"{terms.fee_text}\n{terms.know_how}\n{terms.region}"
    if words := [word for word in part.words if word in wording]:
        text = f"{part.text}：“{'”“'.join(words)}”"
        yield TermsWarning(code="advertising", article=part.article, text=text, checked=part.checked)


def _over_caps(caps: FeeCaps, terms: Terms) -> Iterator[TermsWarning]:
    over: list[tuple[str, str, Decimal | None, Decimal]] = [
        ("cap_fixed_fee", caps.fixed_fee_text, terms.fixed_fee, caps.fixed_fee)
    ]
    # Without a stated base the stricter cap is named.
    if terms.royalty_base == RoyaltyBase.PROFIT:
        over.append(("cap_profit", caps.profit_text, terms.royalty_rate, caps.profit))
    else:
        over.append(("cap_net_sales", caps.net_sales_text, terms.royalty_rate, caps.net_sales))
    for code, text, value, cap in over:
        if value is not None and value > cap:
            yield TermsWarning(code=code, article=caps.article, text=text, checked=caps.checked)
