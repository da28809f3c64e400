"""Families: which near-duplicates are folded under which patent, and what is said of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from catalog.kit.base import now
from catalog.kit.errors import InvalidInput
from catalog.kit.terms import PatentKind
from catalog.supply.patents_shown import PatentPublic
from index.arrays import Floats
from matching.ranking.families import FILE_NAME, Families, Reason, Sibling, load

DAY = date(2021, 3, 5)
RULES = load()
COSINE = RULES.cosine


def patent(number: int, title: str, **values: Any) -> PatentPublic:
    base: dict[str, Any] = dict.fromkeys(PatentPublic.model_fields)
    base |= {
        "id": number,
        "created_at": now(),
        "updated_at": now(),
        "draft": False,
        "flags": [],
        "title": title,
        "abstract": "一种装置，包括壳体。",
    }
    base |= {"first_claim": "", "filing_date": DAY, "holders": ["示例大学"], "kind": PatentKind.INVENTION}
    base |= {"publications": [], "ipc": [], "classes": [], "is_demo": True, "in_force_name": "有效"}
    return PatentPublic.model_validate(base | values)


def vector(cosine: float) -> Floats:
    """A unit vector with that cosine to the vector of 1."""
    return np.array([cosine, np.sqrt(1 - cosine**2)], np.float32)


def add(families: Families, one: PatentPublic, embedded: Floats) -> Sibling | None:
    (place,) = families.add([one], embedded[None])
    return place


def reason(cosine: float, title: str = "另一种名称的设备", **values: Any) -> Reason | None:
    """The reason why a patent with that cosine is folded under one called 一种分拣装置."""
    families = Families(RULES)
    assert add(families, patent(1, "一种分拣装置"), vector(1)) is None
    sibling = add(families, patent(2, title, **values), vector(cosine))
    return sibling.reason if sibling else None


def test_an_invention_and_a_utility_model_of_one_day_are_a_family() -> None:
    utility = {"kind": PatentKind.UTILITY_MODEL}
    assert reason(COSINE.invention_and_utility_model + 0.001, **utility) == Reason.PAIR
    assert reason(COSINE.invention_and_utility_model - 0.001, **utility) is None
    assert reason(COSINE.invention_and_utility_model + 0.001, filing_date=date(2021, 3, 6), **utility) is None
    assert reason(COSINE.invention_and_utility_model + 0.001) is None


@pytest.mark.parametrize(
    "title", ["分拣装置", "一种分拣装置及其制备方法", "一种分拣装置（二）", "新型分拣装置 III"]
)
def test_filings_of_one_day_with_one_title_are_a_family(title: str) -> None:
    assert reason(COSINE.same_day_and_title + 0.001, title) == Reason.TITLE
    assert reason(COSINE.same_day_and_title - 0.001, title) is None
    assert reason(COSINE.same_day_and_title + 0.001, title, filing_date=date(2022, 1, 1)) is None


def test_near_texts_are_a_family_on_one_day_and_the_same_texts_on_any() -> None:
    assert reason(COSINE.same_day + 0.001) == Reason.SAME_DAY
    other: dict[str, Any] = {"filing_date": None}
    assert reason(COSINE.same_day + 0.001, **other) is None
    assert reason(COSINE.other_day + 0.001, **other) == Reason.TEXT


def test_a_patent_known_by_its_title_alone_needs_title_and_day() -> None:
    bare = {"abstract": ""}
    assert reason(1, "分拣装置", **bare) == Reason.TITLE
    assert reason(1, "分拣设备", **bare) is None
    assert reason(1, "分拣装置", filing_date=date(2022, 1, 1), **bare) is None


def test_patents_of_other_holders_are_never_folded() -> None:
    assert reason(1, "一种分拣装置", holders=["别家公司"]) is None
    assert reason(1, "一种分拣装置", holders=[]) is None
    assert reason(1, "一种分拣装置", holders=["别家公司", " 示例 大学"]) == Reason.TITLE


def test_the_first_leads_and_folded_ones_lead_nothing() -> None:
    families = Families(RULES)
    assert add(families, patent(1, "一种分拣装置"), vector(1)) is None
    folded = add(families, patent(2, "分拣设备"), vector(0.98))
    assert folded is not None
    assert folded.leader == 1
    # Near the folded one, but not near the leading one.
    angle = np.arccos(0.98) * 2
    assert add(families, patent(3, "拣选机"), vector(float(np.cos(angle)))) is None
    assert families.near(np.stack([vector(0.5), vector(0.99)])).tolist() == [False, True]
    assert Families(RULES).near(np.stack([vector(1)])).tolist() == [False]


def test_a_title_is_never_cut_to_nothing() -> None:
    assert RULES.title.core("一种制备方法") == "一种制备方法"
    assert RULES.title.core("一种电池，及其制备方法") == "电池"


def test_own_rules_are_checked(tmp_path: Any) -> None:
    own = tmp_path / FILE_NAME
    own.write_text(
        "[cosine]\ninvention_and_utility_model=1\nsame_day_and_title=1\nsame_day=2\nother_day=1\n"
        '[title]\nleading="("\ntrailing=""\n'
    )
    with pytest.raises(InvalidInput, match=r"cosine\.same_day"):
        load(tmp_path)
