"""The contract of all identifier modules."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.identifiers import (
    application_number,
    credit_code,
    industry_code,
    ipc,
    locarno,
    publication_number,
    region_code,
)
from ingestion.identifiers.errors import InvalidIdentifier

MODULES: list[Any] = [
    application_number,
    credit_code,
    industry_code,
    ipc,
    locarno,
    publication_number,
    region_code,
]
VALID = {
    application_number: "ZL 2013 1069 9744.2",
    credit_code: "91420100dem0000061",
    industry_code: "C 3562",
    ipc: "g06f 40/30(2020.01)I",
    locarno: "LOC(13)Cl.14-02",
    publication_number: "cn 102644312 u",
    region_code: "420100.0",
}
TODAY = date(2026, 1, 1)
garbage = st.text() | st.text("0123456789.-/()EXCNZLABG*+ ?；０１．", max_size=24) | st.floats()


def validated(module: Any, value: str | float) -> str:
    """The canonical form, on some day where the module asks for one."""
    canonical: str = module.validate(value, **({"today": TODAY} if module is application_number else {}))
    return canonical


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
@given(value=garbage)
def test_garbage_raises_nothing_but_invalid_identifier(module: Any, value: str | float) -> None:
    module.compact(value)
    try:
        canonical = validated(module, value)
    except InvalidIdentifier:
        assert not module.is_valid(value)
    else:
        assert validated(module, canonical) == canonical
        assert module.is_valid(canonical)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
def test_validate_format_and_compact_agree(module: Any) -> None:
    canonical = validated(module, VALID[module])
    assert canonical != VALID[module]
    assert validated(module, canonical) == canonical
    assert validated(module, module.format(canonical)) == canonical
    assert validated(module, module.compact(VALID[module])) == canonical


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
def test_messages_are_chinese_name_the_value_and_stay_short(module: Any) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        validated(module, "坏值" * 10_000)
    assert "坏值坏值" in caught.value.message
    assert len(caught.value.message) < 200
