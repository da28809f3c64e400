"""The thread of a service process that keeps the overlay of the index up to date."""

from __future__ import annotations

import logging
from threading import Event, Thread

from service.installation.runtime import Runtime

logger = logging.getLogger("patentdock")

_BETWEEN_BLOCKS = 0.02


class Following:
    """Follows the catalogue of an installation while the service runs; errors are logged and the step is retried."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._stop = runtime, Event()
        self._thread = Thread(target=self._run, name="following", daemon=True)

    def start(self) -> None:
        """Start, unless the settings disable it."""
        if self._runtime.settings.follow_seconds > 0:
            self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread has ended."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _gives_way(self) -> bool:
        """Pauses between blocks of records; returns whether to stop.

        A lower priority would delay requests: on a busy machine the thread would keep the interpreter while it waits for
        a core.
        """
        return self._stop.wait(_BETWEEN_BLOCKS)

    def _run(self) -> None:
        logged = ""
        while not self._stop.is_set():
            waiting, problem = 0, ""
            try:
                self._runtime.key_use.store(self._runtime.database)
                waiting = self._runtime.recent.catch_up(is_stopped=self._gives_way).waiting
            except Exception as error:  # on any error the service and this thread continue
                problem = f"{type(error).__name__}: {error}"
                if problem != logged:
                    logger.warning("新增、变更的记录暂时不能纳入检索：%s", problem, exc_info=error)
            logged = problem
            self._stop.wait(0 if waiting else self._runtime.settings.follow_seconds)
