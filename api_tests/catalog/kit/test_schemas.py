"""Schemas refuse what must never reach a table."""

from datetime import date

import pytest
from pydantic import ValidationError

from catalog.demand.needs import NeedCreate
from catalog.kit.terms import PatentKind, PaymentForm
from catalog.licences.licences import LicenceCreate
from catalog.supply.holders import HolderRef
from catalog.supply.patents import PatentCreate


def test_nul_characters_are_refused() -> None:
    with pytest.raises(ValidationError, match="空字符"):
        NeedCreate(title="密封", text="求\x00密封方案")


def test_a_grant_before_filing_is_refused() -> None:
    with pytest.raises(ValidationError, match="早于申请日"):
        PatentCreate(title="一种泵", filing_date=date(2020, 5, 1), grant_date=date(2019, 5, 1))


def test_a_free_licence_with_a_rate_is_refused() -> None:
    with pytest.raises(ValidationError, match="免费"):
        LicenceCreate(application_number="1", payment_form=PaymentForm.FREE, royalty_rate=5)  # type: ignore[arg-type]


def test_terms_are_found_by_value_and_by_label() -> None:
    assert PatentKind.parse("发明") is PatentKind.parse("invention") is PatentKind.INVENTION
    with pytest.raises(ValueError, match="可用"):
        PatentKind.parse("专利")


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError):
        HolderRef(name="示例大学", colour="red")  # type: ignore[call-arg]
