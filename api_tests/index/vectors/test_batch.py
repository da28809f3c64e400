"""Requests that wait together are worked off together, each with its own answer or error."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from index.vectors.batch import Together


def test_a_request_without_company_is_worked_off_alone() -> None:
    runs: list[list[int]] = []

    def work(numbers: list[int]) -> list[int]:
        runs.append(numbers)
        return [number * 2 for number in numbers]

    together = Together(work, 4)
    assert [together(number) for number in range(3)] == [0, 2, 4]
    assert runs == [[0], [1], [2]]


def _with_company(together: Together[int, int], others: list[int]) -> list[Future[int]]:
    """The futures of request 0, and of the others, which come in this order while it runs."""
    with ThreadPoolExecutor(len(others) + 1) as pool:
        futures = [pool.submit(together, 0)]
        for waiting, number in enumerate(others):
            while not together._is_running or len(together._queue) < waiting:
                pass
            futures.append(pool.submit(together, number))
    return futures


def test_who_comes_during_a_run_shares_the_next_one() -> None:
    runs: list[list[int]] = []

    def work(numbers: list[int]) -> list[int]:
        runs.append(numbers)
        while numbers == [0] and len(together._queue) < 7:
            pass
        return [number * 2 for number in numbers]

    together: Together[int, int] = Together(work, 4)
    answers = _with_company(together, list(range(1, 8)))
    assert [answer.result() for answer in answers] == [number * 2 for number in range(8)]
    assert runs == [[0], [1, 2, 3, 4], [5, 6, 7]]


def test_an_error_reaches_only_the_caller_whose_request_it_is() -> None:
    def work(numbers: list[int]) -> list[int]:
        while numbers == [0] and len(together._queue) < 5:
            pass
        if 3 in numbers:
            raise ValueError("three")
        return [number * 2 for number in numbers]

    together: Together[int, int] = Together(work, 8)
    answers = _with_company(together, [1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match="three"):
        answers.pop(3).result()
    assert [answer.result() for answer in answers] == [0, 2, 4, 8, 10]
    assert together(6) == 12


def test_many_threads_get_their_own_answers() -> None:
    sizes: list[int] = []

    def work(numbers: list[int]) -> list[int]:
        sizes.append(len(numbers))
        return [number + 1 for number in numbers]

    together = Together(work, 3)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(together, range(400))) == list(range(1, 401))
    assert max(sizes) <= 3
    assert sum(sizes) == 400
