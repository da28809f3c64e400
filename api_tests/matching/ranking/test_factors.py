"""Factors: their amounts, what is unknown, sums that do not depend on how they are taken, and files that cannot be used."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.kit.errors import InvalidInput
from catalog.kit.terms import HolderKind
from index.attributes import NOT_DORMANT, UNKNOWN_DORMANCY, Attributes
from index.generations.columns import Columns, ColumnValues
from matching.ranking.factors import FILE_NAME, source
from matching.ranking.factors import load as load_factors
from matching.ranking.pair_factors import AskedFactors, Context, FactorAmount, PairFactors

TODAY = date(2026, 6, 1)
RULES = load_factors()
NAMES = {"HB01": "光电子信息"}


def attributes(*documents: ColumnValues) -> Attributes:
    return Columns.of(documents).attributes


def explained(pairs: PairFactors, need: int, patent: int, names: dict[str, str]) -> list[FactorAmount]:
    return pairs.explained(np.array([need]), np.array([patent]), names)[0]


def factors_of(need: ColumnValues, patent: ColumnValues) -> dict[str, tuple[float, str]]:
    pairs = PairFactors(RULES, TODAY, attributes(need), attributes(patent))
    return {one.code: (one.amount, one.reason) for one in explained(pairs, 0, 0, NAMES)}


def in_force_for(days: int) -> tuple[date, date]:
    return TODAY - timedelta(3000), TODAY + timedelta(days)


def test_every_factor_counts_its_weight_in_full_and_says_why() -> None:
    need = ColumnValues(segments=("HB01", "HB02"), regions=("420000", "420100"))
    patent = ColumnValues(
        segments=("HB01", "HB09"),
        regions=("420000", "420100"),
        holder_kind="university",
        open_licence=True,
        force=in_force_for(-1),
        dormancy=100,
    )
    found = factors_of(need, patent)
    assert {code: amount for code, (amount, _) in found.items()} == {
        code: factor.weight for code, factor in RULES.factors.items()
    }
    assert [reason for _, reason in found.values()] == [
        "同属 HB01 光电子信息",
        "同在武汉市",
        "已声明开放许可",
        "2026-05-31 后失效",
        "沉睡专利（潜力分 100）",
        "高校专利",
    ]


def test_what_is_unknown_counts_nothing_and_says_so() -> None:
    found = factors_of(ColumnValues(), ColumnValues())
    assert all(amount == 0 for amount, _ in found.values())
    assert [reason.endswith("不计分") for _, reason in found.values()] == [
        True,
        True,
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("regions", "share"),
    [(("420000", "420500"), 0.5), (("420000",), 0.5), (("320000", "320100"), 0), ((), 0)],
)
def test_the_same_province_counts_a_share(regions: tuple[str, ...], share: float) -> None:
    weight = RULES.region.weight
    amount, _ = factors_of(ColumnValues(regions=("420000", "420100")), ColumnValues(regions=regions))[
        "region"
    ]
    assert amount == pytest.approx(weight * share)


def test_a_short_term_lowers_and_a_long_one_does_not() -> None:
    rules = RULES.term
    amounts = []
    for years in (0, 1, 2.5, 5, 15):
        patent = ColumnValues(force=in_force_for(round(years * 365.25)))
        amounts.append(factors_of(ColumnValues(), patent)["term"][0])
    expected = [rules.weight * max(0.0, 1 - years / rules.below_years) for years in (0, 1, 2.5, 5, 15)]
    assert amounts == pytest.approx(expected, abs=2e-6)


def test_a_patent_in_use_differs_from_one_never_screened() -> None:
    for dormancy, reason in ((NOT_DORMANT, "非沉睡专利"), (UNKNOWN_DORMANCY, "尚未盘点筛选，不计分")):
        assert factors_of(ColumnValues(), ColumnValues(dormancy=dormancy))["dormancy"] == (0, reason)
    half = factors_of(ColumnValues(), ColumnValues(dormancy=50))["dormancy"][0]
    assert half == pytest.approx(RULES.dormancy.weight / 2)


def test_an_index_from_before_dormancy_has_a_notice_unless_nothing_depends_on_it() -> None:
    old = replace(attributes(ColumnValues()), knows_dormancy=False)
    for rules, has_notice in ((RULES, True), (RULES.model_copy(update={"dormancy": _weightless()}), False)):
        assert any("patentdock reindex" in notice for notice in rules.notices("G", old)) == has_notice


def _weightless() -> object:
    return RULES.dormancy.model_copy(update={"weight": 0.0})


CODES = [f"S{number:03}" for number in range(150)]
documents = st.builds(
    ColumnValues,
    segments=st.lists(st.sampled_from(CODES), max_size=4).map(tuple),
    regions=st.sampled_from(
        [(), ("420000",), ("420000", "420100"), ("420000", "420500"), ("310000", "310100")]
    ),
    holder_kind=st.sampled_from([None, *HolderKind]),
    open_licence=st.booleans(),
    force=st.none() | st.integers(-900, 9000).map(in_force_for),
    dormancy=st.sampled_from([0, 37, 100, NOT_DORMANT, UNKNOWN_DORMANCY]),
)
sides = st.lists(documents, min_size=1, max_size=3)


@settings(max_examples=25, deadline=None)
@given(needs=sides, patents=sides, later=sides)
def test_sums_are_the_same_pair_by_pair_from_either_side_and_joined(
    needs: list[ColumnValues], patents: list[ColumnValues], later: list[ColumnValues]
) -> None:
    joined = Attributes.joined([attributes(*patents), attributes(*later)])
    pairs = PairFactors(RULES, TODAY, attributes(*needs), joined)
    for need, asks in enumerate(needs):
        forth = AskedFactors(RULES, TODAY, need=attributes(asks)).raised(joined)
        for row, patent in enumerate([*patents, *later]):
            back = AskedFactors(RULES, TODAY, patent=attributes(patent)).raised(attributes(*needs))
            alone = PairFactors(RULES, TODAY, attributes(asks), attributes(patent))
            explained_alone = explained(alone, 0, 0, {})
            assert forth[row] == back[need] == sum(round(one.amount * 1e6) for one in explained_alone)
            assert explained_alone == explained(pairs, need, row, {})


def test_a_need_in_words_has_the_stated_context() -> None:
    context = Context.at(["HB01"], "420100")
    known = Attributes.of_one(context.segments, context.regions)
    assert (known.segments_of(0), known.region_of(0), known.province[0]) == (["HB01"], "420100", 420000)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("below_years = 5.0", "below_years = 0", "term.below_years 无法使用：应大于 0"),
        ("province = 0.5", "", "region.province 无法使用：缺少必填项"),
        ("province = 0.5", "province = 0.5\ncounty = 1", "region.county 无法使用：不支持此字段"),
        ("[segment]", "[segments]", "segment 无法使用：缺少必填项"),
        ("university = 1.0", 'university = "many"', "holder_kind.university 无法使用：应为数字"),
        ("university = 1.0", "university = nan", "holder_kind.university 无法使用"),
        ("[region]", "[region", "无法读取"),
    ],
)
def test_a_file_that_cannot_be_used_names_key_and_reason(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = source().text
    assert old in text
    (tmp_path / FILE_NAME).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(InvalidInput) as refused:
        load_factors(tmp_path)
    assert message in refused.value.message
    assert FILE_NAME in refused.value.message


def test_an_edited_copy_wins_and_names_its_version(tmp_path: Path) -> None:
    text = source().text.replace("weight = 0.0002", "weight = 0.5", 1)
    (tmp_path / FILE_NAME).write_text(text, "utf-8")
    own = load_factors(tmp_path)
    assert own.segment.weight == 0.5
    assert own.version.startswith("自定义-")
    assert load_factors().version.startswith("默认-")
