"""Portfolios: the exact search against brute force, and what a set says of itself."""

from decimal import Decimal
from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from matching.need.combinations import Combinable, Portfolio, portfolios

POINTS = 5


def _candidate(patent_id: int, covered: set[int], owner: str, score: float, fee: int | None) -> Combinable:
    return Combinable(
        patent_id,
        frozenset(covered),
        frozenset(owner),
        score,
        None if fee is None else Decimal(fee),
    )


CANDIDATES = st.lists(
    st.tuples(
        st.sets(st.integers(0, POINTS - 1), max_size=3),
        st.sampled_from(["甲", "乙", "丙", "甲乙"]),
        st.integers(0, 4),
        st.none() | st.integers(0, 9),
    ),
    max_size=7,
).map(lambda rows: [_candidate(n, c, o, s / 4, f) for n, (c, o, s, f) in enumerate(rows)])


def _brute(candidates: list[Combinable]) -> list[set[int]]:
    every = chain.from_iterable(combinations(candidates, size) for size in (1, 2, 3))

    def rank(its: tuple[Combinable, ...]) -> tuple[int, int, int, float, list[int]]:
        covered = set().union(*(c.covered for c in its))
        owners = set().union(*(c.owners for c in its))
        total = round(sum(sorted(c.score for c in its)), 9)
        return -len(covered), len(its), len(owners), -total, sorted(c.patent_id for c in its)

    ranked = sorted(every, key=rank)
    if not ranked or rank(ranked[0])[0] == 0 or len(ranked[0]) == 1:
        return []
    best = rank(ranked[0])[:2]
    return [{c.patent_id for c in its} for its in ranked if rank(its)[:2] == best]


@given(CANDIDATES)
def test_the_search_finds_what_brute_force_finds(candidates: list[Combinable]) -> None:
    found = portfolios(candidates, POINTS, limit=100)
    assert [set(one.patent_ids) for one in found] == _brute(candidates)
    for one in found:
        assert sorted([*one.covered, *one.uncovered]) == list(range(POINTS))


def test_fewest_owners_come_first_and_fees_add_up() -> None:
    found = portfolios(
        [
            _candidate(1, {0, 1}, "甲", 0.9, 20_000),
            _candidate(2, {2}, "乙", 0.8, 30_000),
            _candidate(3, {2}, "甲", 0.5, None),
        ],
        4,
    )
    assert [one.patent_ids for one in found] == [[1, 3], [1, 2]]
    assert found[0] == Portfolio(
        patent_ids=[1, 3],
        covered=[0, 1, 2],
        uncovered=[3],
        owners=1,
        score=1.4,
        fixed_fee=Decimal(20_000),
        fee_unknown=[3],
    )
    assert (found[1].owners, found[1].fixed_fee, found[1].fee_unknown) == (2, Decimal(50_000), [])


def test_no_portfolio_where_one_patent_covers_as_much() -> None:
    whole, part = _candidate(1, {0, 1, 2}, "甲", 0.5, None), _candidate(2, {0, 2}, "乙", 0.9, None)
    assert portfolios([whole, part], 4) == []
    assert portfolios([], 2) == []
