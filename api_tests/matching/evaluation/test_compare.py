"""Paired bootstrap and the comparison of two rankings query by query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.evaluation.benchmark import Benchmark
from matching.evaluation.compare import by_query, paired_bootstrap

SCORES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=30)


@given(SCORES)
def test_the_interval_lies_within_the_differences_and_turns_with_the_pair(
    pairs: list[tuple[float, float]],
) -> None:
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    interval, turned = paired_bootstrap(first, second), paired_bootstrap(second, first)
    differences = [a - b for a, b in pairs]
    assert interval.low is not None
    assert interval.high is not None
    assert min(differences) - 1e-9 <= interval.low <= interval.high <= max(differences) + 1e-9
    assert turned.mean == pytest.approx(-interval.mean)
    assert turned.low == pytest.approx(-interval.high)
    assert interval == paired_bootstrap(first, second)


def test_the_interval_of_a_known_sample() -> None:
    # 40 differences of 0.1 and 60 of 0: the mean of 100 drawn is binomial(100, 0.4) / 1000, whose 2.5 % and 97.5 %
    # quantiles are 31 and 50.
    interval = paired_bootstrap([0.1] * 40 + [0.0] * 60, [0.0] * 100)
    assert (interval.mean, interval.low, interval.high) == pytest.approx((0.04, 0.031, 0.05), abs=0.0011)
    assert interval.beyond_chance


def test_one_query_has_no_interval_and_pairs_must_match() -> None:
    assert paired_bootstrap([0.5], [0.2]).low is None
    assert not paired_bootstrap([0.5], [0.2]).beyond_chance
    with pytest.raises(ValueError, match="1 and 2"):
        paired_bootstrap([0.5], [0.2, 0.1])


def test_losses_come_first_with_the_ranks_of_the_answers() -> None:
    judgements = {"won": {"a": 1}, "lost": {"b": 2, "c": 1}, "none": {"a": 0}}
    benchmark = Benchmark({}, dict.fromkeys(judgements, "需求"), judgements)
    first = {"won": ["a"], "lost": ["x", "c", "y"], "none": ["a"]}
    second = {"won": ["x", "a"], "lost": ["b", "c"], "none": ["a"]}
    rows = by_query(first, second, benchmark, "mrr")
    assert [row.query for row in rows] == ["lost", "won"]
    assert rows[0].difference == -0.5
    assert (rows[0].first_ranks, rows[0].second_ranks) == ([None, 2], [1, 2])
