"""Requests that wait together share a run, each with its own result or error."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from index.vectors.batch import Batcher


def test_a_request_that_meets_no_other_runs_alone() -> None:
    runs: list[list[int]] = []

    def work(numbers: list[int]) -> list[int]:
        runs.append(numbers)
        return [number * 2 for number in numbers]

    batcher = Batcher(work, 4)
    assert [batcher(number) for number in range(3)] == [0, 2, 4]
    assert runs == [[0], [1], [2]]


def _sent_together(batcher: Batcher[int, int], others: list[int]) -> list[Future[int]]:
    """The futures of request 0, and of the others, which come in this order while it runs."""
    with ThreadPoolExecutor(len(others) + 1) as pool:
        futures = [pool.submit(batcher, 0)]
        for waiting, number in enumerate(others):
            while not batcher._is_running or len(batcher._queue) < waiting:
                pass
            futures.append(pool.submit(batcher, number))
    return futures


def test_who_comes_during_a_run_shares_the_next_one() -> None:
    runs: list[list[int]] = []

    def work(numbers: list[int]) -> list[int]:
        runs.append(numbers)
        while numbers == [0] and len(batcher._queue) < 7:
            pass
        return [number * 2 for number in numbers]

    batcher: Batcher[int, int] = Batcher(work, 4)
    answers = _sent_together(batcher, list(range(1, 8)))
    assert [answer.result() for answer in answers] == [number * 2 for number in range(8)]
    assert runs == [[0], [1, 2, 3, 4], [5, 6, 7]]


def test_an_error_reaches_only_the_caller_whose_request_it_is() -> None:
    def work(numbers: list[int]) -> list[int]:
        while numbers == [0] and len(batcher._queue) < 5:
            pass
        if 3 in numbers:
            raise ValueError("three")
        return [number * 2 for number in numbers]

    batcher: Batcher[int, int] = Batcher(work, 8)
    answers = _sent_together(batcher, [1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match="three"):
        answers.pop(3).result()
    assert [answer.result() for answer in answers] == [0, 2, 4, 8, 10]
    assert batcher(6) == 12


def test_many_threads_get_their_own_answers() -> None:
    sizes: list[int] = []

    def work(numbers: list[int]) -> list[int]:
        sizes.append(len(numbers))
        return [number + 1 for number in numbers]

    batcher = Batcher(work, 3)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(batcher, range(400))) == list(range(1, 401))
    assert max(sizes) <= 3
    assert sum(sizes) == 400
