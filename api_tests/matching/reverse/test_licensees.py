"""Likely licensees of a patent and the best chances of a portfolio."""

from dataclasses import replace
from typing import Any

import pytest

from catalog.demand import enterprises
from catalog.demand.enterprises import EnterpriseCreate, EnterpriseFilter
from catalog.kit.base import ClassRef
from catalog.kit.days import beijing_today
from catalog.kit.errors import InvalidInput, NotFound
from catalog.kit.paging import ListQuery
from catalog.supply import holders, patent_lists, patents, patents_shown
from index.engine import Filters
from matching.answers.filters import Wanted
from matching.reverse.chances import ChanceConditions, ChanceFinder
from matching.reverse.industry_agreement import PatentIndustries
from matching.reverse.licensee_parts import PARTS
from matching.reverse.licensee_results import Licensee, LicenseeParts
from matching.reverse.licensee_rules import PartWeights, load
from matching.reverse.licensees import LicenseeConditions, LicenseeFinder
from service.installation.runtime import Runtime

RULE = load().industry
CODES = [part.code for part in PARTS]
EVERYBODY = LicenseeConditions(EnterpriseFilter(), beijing_today())


@pytest.fixture(scope="module")
def finder(installation: Runtime) -> LicenseeFinder:
    return LicenseeFinder(installation.database, installation.matcher, installation.settings.data)


@pytest.fixture(scope="module")
def chances(installation: Runtime) -> ChanceFinder:
    return ChanceFinder(installation.database, installation.matcher, installation.settings.data)


@pytest.fixture(scope="module")
def patent_id(installation: Runtime) -> int:
    with installation.database.read() as session:
        return (
            patent_lists.page(session, ListQuery(size=1), patent_lists.PatentFilter(holder="大学")).rows[0].id
            or 0
        )


def test_every_part_has_a_weight_a_field_of_the_answer_and_a_ground() -> None:
    assert CODES == list(PartWeights.model_fields) == list(LicenseeParts.model_fields)
    assert {part.ground for part in PARTS} < Licensee.model_fields.keys()


def test_parts_add_up_and_every_one_has_its_evidence(finder: LicenseeFinder, patent_id: int) -> None:
    found = finder.page(patent_id, ListQuery(size=200), EVERYBODY)
    assert found.total == len(found.items) > 10
    weights = found.weights
    for item in found.items:
        parts = item.parts
        assert sum(round(getattr(parts, name) * 1e6) for name in CODES) == round(item.score * 1e6)
        grounds: dict[str, Any] = {
            "need": item.need, "products": item.products, "industry": item.industry, "own_patents": item.own_patent
        }  # fmt: skip
        assert all(grounds[name] is not None for name in CODES if getattr(parts, name) > 0)
        for name in ("need", "products"):
            if ground := grounds[name]:
                assert getattr(parts, name) == pytest.approx(
                    max(ground.relevance - ground.middle, 0) * weights[name], abs=1e-6
                )
                scores = ground.scores
                assert scores.document + scores.sentence + scores.lexical == pytest.approx(
                    ground.relevance, abs=1e-6
                )
        if item.products:
            for evidence in item.products.evidence:
                assert (item.enterprise.products or "")[evidence.start : evidence.end] == evidence.sentence


def test_the_need_of_a_licensee_is_scored_as_in_matches(
    installation: Runtime, finder: LicenseeFinder, patent_id: int
) -> None:
    needs = {
        i.need.id: i.relevance
        for i in installation.matcher.needs_for_patent(
            patent_id, Wanted(200, Filters(), beijing_today())
        ).items
    }
    for item in finder.page(patent_id, ListQuery(size=50), EVERYBODY).items:
        if item.need:
            assert item.need.relevance == needs[item.need.need.id]


def test_pages_orders_and_filters(finder: LicenseeFinder, patent_id: int) -> None:
    whole = finder.page(patent_id, ListQuery(size=200), EVERYBODY)
    scores = [item.score for item in whole.items]
    assert scores == sorted(scores, reverse=True)
    second = finder.page(patent_id, ListQuery(page=2, size=3), EVERYBODY)
    assert [i.enterprise.id for i in second.items] == [i.enterprise.id for i in whole.items[3:6]]
    assert [i.rank for i in second.items] == [4, 5, 6]
    titled = finder.page(
        patent_id, ListQuery(size=200), replace(EVERYBODY, firms=EnterpriseFilter(title=["小巨人"]))
    )
    assert 0 < titled.total < whole.total
    assert all(any("小巨人" in title for title in i.enterprise.titles) for i in titled.items)
    by_products = finder.page(patent_id, ListQuery(size=200, sort="-products"), EVERYBODY).items
    assert by_products[0].parts.products == max(i.parts.products for i in whole.items)
    with pytest.raises(InvalidInput, match="不能按“price”排序"):
        finder.page(patent_id, ListQuery(sort="price"), EVERYBODY)
    with pytest.raises(NotFound):
        finder.page(10**9, ListQuery(), EVERYBODY)


def test_a_holder_is_no_licensee_of_its_own_patent_but_of_one_near_it(
    installation: Runtime, finder: LicenseeFinder, patent_id: int
) -> None:
    with installation.database.write() as session:
        own = patents_shown.many(session, [patent_id], today=beijing_today())[patent_id]
        firm = enterprises.create(session, EnterpriseCreate(name=own.holders[0])).id
    try:
        firms = {i.enterprise.id for i in finder.page(patent_id, ListQuery(size=200), EVERYBODY).items}
        assert firm not in firms
        with installation.database.read() as session:
            other = next(
                p for p in patents.existing(session, range(1, 60)) if not _held_by(session, p, own.holders[0])
            )
        found = finder.page(other, ListQuery(size=200, sort="-own_patents"), EVERYBODY)
        near = [i for i in found.items if i.enterprise.id == firm]
        assert all(i.own_patent is not None and i.own_patent.similarity <= 1 for i in near)
    finally:
        with installation.database.write() as session:
            session.delete(enterprises.get(session, firm or 0))


def _held_by(session: Any, patent_id: int, name: str) -> bool:
    return name in patents_shown.many(session, [patent_id], today=beijing_today())[patent_id].holders


def test_industries_agree_by_level_and_by_segment() -> None:
    classes = [
        ClassRef(scheme="industry", code="3983", weight=0.6),
        ClassRef(scheme="industry", code="351", weight=0.3),
        ClassRef(scheme="segment", code="HB01"),
    ]
    held = PatentIndustries(classes, {"HB01": ["39", "404"]}, {"HB01": "光电子信息"}, RULE)

    def measure(code: str | None) -> float:
        agreed = held.agreement(code)
        return agreed.measure if agreed else 0.0

    assert measure("3983") == RULE.class_
    assert measure("3985") == RULE.group
    assert measure("3911") == max(RULE.division, RULE.segment)
    assert measure("3516") == pytest.approx(RULE.group * 0.5)
    assert measure("4040") == RULE.segment
    assert measure("0111") == measure(None) == 0
    agreed = held.agreement("4040")
    assert agreed is not None
    assert "HB01 光电子信息" in agreed.text


def test_chances_are_the_best_needs_of_every_patent(
    installation: Runtime, chances: ChanceFinder, patent_id: int
) -> None:
    with installation.database.read() as session:
        name = patents_shown.many(session, [patent_id], today=beijing_today())[patent_id].holders[0]
        holder = holders.ids_of(session, [name])[holders.name_key(name)]
        held = holders.positions(session, holder)
    where = ChanceConditions(needs=Filters(), day=beijing_today(), include_ended=True)
    found = chances.page(holder, ListQuery(size=200), where)
    assert found.patents == found.matched == len(held)
    assert found.total == 3 * len(held)
    scores = [item.score for item in found.items]
    assert scores == sorted(scores, reverse=True)
    for one in held:
        best = installation.matcher.needs_for_patent(one, Wanted(3, Filters(), beijing_today())).items
        pairs = [(i.need.id, i.score) for i in found.items if i.patent.id == one]
        assert pairs == [(i.need.id, i.score) for i in best]
    for item in found.items:
        parts = item.scores
        assert round(parts.document + parts.sentence + parts.lexical, 6) == item.relevance
        assert round(item.relevance + sum(factor.amount for factor in item.factors), 6) == item.score
        assert item.eligibility.grounds
    grouped = chances.page(holder, ListQuery(size=200), replace(where, group="patent"))
    assert grouped.total == len(held)
    assert all(item.more == 2 for item in grouped.items)
    by_need = chances.page(holder, ListQuery(size=200), replace(where, group="need")).items
    assert len({item.need.id for item in by_need}) == len(by_need)


def test_chances_meet_the_conditions_on_needs(chances: ChanceFinder) -> None:
    where = ChanceConditions(needs=Filters(), day=beijing_today(), per_patent=10, include_ended=True)
    everywhere = chances.page(1, ListQuery(size=200), where).items
    there = everywhere[-1].need.prefecture
    assert there
    narrow = replace(where, needs=Filters(region=[there]))
    items = chances.page(1, ListQuery(size=200), narrow).items
    assert {item.need.prefecture for item in items} == {there}
    kept = [(i.patent.id, i.need.id, i.score) for i in everywhere if i.need.prefecture == there]
    assert set(kept) <= {(i.patent.id, i.need.id, i.score) for i in items}
    with pytest.raises(NotFound):
        chances.page(10**9, ListQuery(), where)
