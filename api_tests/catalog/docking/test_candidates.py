"""Whom to invite: nobody below band 中, nobody twice, 专精特新 first, everybody with a partner; what is left out is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.catalog.docking.invented import TODAY, band_of, fill, stated
from catalog.db import Database
from catalog.docking import candidates, edits
from catalog.docking.activities import ActivityLimits
from catalog.docking.candidates import MatchedPair, choose
from catalog.docking.terms import PartyRole
from catalog.kit.terms import Band

PAIRS = st.lists(
    st.builds(
        lambda firm, holder, share: MatchedPair(
            firm, holder, firm * 10, holder * 10, round(share * 1000), band_of(share)
        ),
        st.integers(1, 8),
        st.integers(1, 6),
        st.floats(0.4, 1),
    ),
    max_size=40,
)


@given(PAIRS, st.sets(st.integers(1, 8)), st.integers(1, 8), st.integers(1, 6))
def test_who_is_chosen_has_a_partner_and_who_is_not_has_a_reason(
    pairs: list[MatchedPair], special: set[int], firms: int, teams: int
) -> None:
    chosen = choose(pairs, special, firms, teams)
    assert len(set(chosen.firms)) == len(chosen.firms) <= firms
    assert len(set(chosen.holders)) == len(chosen.holders) <= teams
    met = {(pair.firm, pair.holder) for pair in pairs}
    for firm in chosen.firms:
        assert any((firm, holder) in met for holder in chosen.holders)
    left = {(PartyRole.FIRM, id_) for id_ in {pair.firm for pair in pairs} - set(chosen.firms)}
    left |= {(PartyRole.TEAM, id_) for id_ in {pair.holder for pair in pairs} - set(chosen.holders)}
    assert chosen.reasons.keys() == left
    ranks = [firm in special for firm in chosen.firms]
    assert ranks == sorted(ranks, reverse=True)


def test_only_pairs_from_medium_up_speak_for_an_invitation(database: Database) -> None:
    fill(database, {(0, 0): 0.7, (1, 0): 0.39, (1, 1): 0.41, (2, 2): 0.1})
    with database.write() as session:
        row = edits.create(session, stated(limits=ActivityLimits(firms=2, teams=1)), today=TODAY)
        found = candidates.recommend(session, row, TODAY)
    assert [(one.name, one.special, one.best) for one in found.firms] == [("甲0有限公司", True, 700)]
    assert [one.name for one in found.teams] == ["示例0大学"]
    shown = [ground for party in (*found.firms, *found.teams) for ground in party.grounds]
    assert all(ground.band in (Band.HIGH, Band.MEDIUM) for ground in shown)
    assert {(one.name, one.reason) for one in found.left_out} == {
        ("示例1大学", "超出团队上限（1 支），匹配较弱"),
        ("甲1有限公司", "匹配的团队未列入"),
    }
    # The text of a need, its budget and its contact stay with the firm.
    assert "求第0种办法" not in found.model_dump_json()


def test_needs_elsewhere_and_segments_of_others_are_left_out_and_counted(database: Database) -> None:
    fill(database, {(0, 0): 0.7, (1, 1): 0.8})
    with database.write() as session:
        elsewhere = edits.create(session, stated(regions=["420600"]), today=TODAY)
        other = edits.create(session, stated(segments=["S1"]), today=TODAY)
        assert candidates.recommend(session, elsewhere, TODAY).notices == ["需求不在所涉地区：2 项"]
        assert candidates.recommend(session, other, TODAY).notices == ["需求和专利都不属所涉领域：2 项"]


def test_before_the_first_night_nobody_is_recommended(database: Database) -> None:
    with database.write() as session:
        row = edits.create(session, stated(), today=TODAY)
        found = candidates.recommend(session, row, TODAY)
    assert (found.firms, found.notices) == ([], [candidates.NO_NIGHT])


@pytest.mark.parametrize(
    ("titles", "special"),
    [(["省级专精特新"], True), (["国家级专精特新小巨人"], True), (["高新技术企业"], False), ([], False)],
)
def test_titles_say_who_is_special(titles: list[str], special: bool) -> None:
    assert edits.is_special(titles) is special
