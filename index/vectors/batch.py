"""Group commit for searches: requests that arrive during a scan share the next one (DeWitt et al., 1984).

A request that arrives while nothing runs is served at once and alone; one that arrives during a run waits and shares the next.
No request is delayed in the hope of further ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class _Waiting(Generic[Request, Answer]):
    """A request, and its result or error."""

    __slots__ = ("answers", "error", "request", "wake")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.wake = Lock()  # held until there is a result, or this thread is to run the next batch
        self.wake.acquire()
        self.answers: list[Answer] = []
        self.error: Exception | None = None


class Batcher(Generic[Request, Answer]):
    """Calls `work` with the waiting requests, at most `most` at once, in order of arrival; it returns the results in that order.

    One run at a time, in the thread of one of its callers. Where a run of several fails, each of them is run alone, so that an
    error reaches only the caller of that request.
    """

    def __init__(self, work: Callable[[list[Request]], list[Answer]], most: int) -> None:
        self._work, self._most = work, most
        self._lock = Lock()
        self._is_running = False
        self._queue: deque[_Waiting[Request, Answer]] = deque()

    def __call__(self, request: Request) -> Answer:
        """The result for `request`. Raises what `work` raises for it."""
        mine: _Waiting[Request, Answer] = _Waiting(request)
        with self._lock:
            self._queue.append(mine)
            leads, self._is_running = not self._is_running, True
        if not leads:
            mine.wake.acquire()
        if not mine.answers and mine.error is None:
            self._run()
        if mine.error is not None:
            raise mine.error
        return mine.answers[0]

    def _run(self) -> None:
        """Run the first requests of the queue, the caller's own among them, and wake the next caller."""
        with self._lock:
            batch = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
        try:
            self._answer(batch)
        finally:
            with self._lock:
                # Without a result only when this thread was interrupted: the others are not affected.
                self._queue.extendleft(one for one in reversed(batch[1:]) if not _is_done(one))
                self._is_running = bool(self._queue)
                if self._queue:
                    self._queue[0].wake.release()
            for one in batch[1:]:
                if _is_done(one):
                    one.wake.release()

    def _answer(self, batch: list[_Waiting[Request, Answer]]) -> None:
        try:
            answers = self._work([one.request for one in batch])
            for one, answer in zip(batch, answers, strict=True):
                one.answers = [answer]
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
                return
            for one in batch:
                self._answer([one])


def _is_done(one: _Waiting[Request, Answer]) -> bool:
    return bool(one.answers) or one.error is not None
