"""Re-ranking: what a reader's judgement adds, and how the time budget ends it."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from matching.ranking.rerank import Reranker
from matching.retrieval.relevance import MICRO


@dataclass
class Judge:
    """Answers the number a text holds; each reading takes so many seconds of its own clock."""

    seconds: list[float]
    name: str = "判读"
    read: list[str] = field(default_factory=list)
    now: float = 0.0

    def logit(self, need: str, text: str) -> float:
        assert need == "需求"
        self.now += self.seconds[len(self.read) % len(self.seconds)]
        self.read.append(text)
        return float(text)

    def clock(self) -> float:
        return self.now


def reranker(judge: Judge, top: int = 5, budget_ms: int = 300) -> Reranker:
    return Reranker(judge, top, budget_ms, 0.1, judge.clock)


def test_the_best_are_read_from_the_first_on() -> None:
    judge = Judge([0.001])
    amounts, report = reranker(judge).amounts("需求", ["0", "800", "-800", "2", "1", "9"])
    assert amounts == [50_000, 100_000, 0, 88_080, 73_106]
    assert judge.read == ["0", "800", "-800", "2", "1"]
    assert (report.read, report.wanted, report.budget_ended) == (5, 5, False)
    assert report.model == "判读"


def test_the_budget_ends_reading() -> None:
    amounts, report = reranker(Judge([0.125]), budget_ms=500).amounts("需求", ["1"] * 9)
    assert len(amounts) == 4
    assert (report.read, report.wanted, report.budget_ended, report.took_ms) == (4, 5, True, 500.0)
    # A pair that would take as long as the slowest so far is not begun.
    assert len(reranker(Judge([0.2, 0.05])).amounts("需求", ["1"] * 9)[0]) == 1


def test_the_first_is_read_however_long_it_takes() -> None:
    amounts, report = reranker(Judge([5.0])).amounts("需求", ["1"] * 3)
    assert len(amounts) == 1
    assert report.budget_ended
    amounts, report = reranker(Judge([5.0])).amounts("需求", [])
    assert (amounts, report.read, report.budget_ended) == ([], 0, False)


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=12), st.integers(1, 12))
def test_amounts_depend_on_what_was_read_alone(logits: list[float], top: int) -> None:
    texts = [str(logit) for logit in logits]
    quick, _ = reranker(Judge([0.0]), 12).amounts("需求", texts)
    some, _ = reranker(Judge([0.0]), top).amounts("需求", texts)
    assert some == quick[:top]
    assert all(0 <= amount <= 0.1 * MICRO for amount in quick)
    assert sorted(quick) == [amount for _, amount in sorted(zip(logits, quick, strict=True))]
