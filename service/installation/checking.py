"""The thread of a service process that reads the files of generations: new ones before they are served, the served one every day."""

from __future__ import annotations

import logging
from threading import Event, Thread
from time import monotonic

from catalog.kit.errors import PatentDockError
from service.installation.runtime import Runtime

logger = logging.getLogger("patentdock")

_LOOKS = 0.5
"""Seconds between two looks whether a generation waits."""
_A_DAY = 24 * 3600.0
"""Seconds after which all files are read again: a disk may spoil what was sound when it was written."""


class Checking:
    """Reads what the store of an installation waits for while the service runs; damage is logged and told by `/readyz`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._stop = runtime, Event()
        self._thread = Thread(target=self._run, name="checking", daemon=True)

    def start(self) -> None:
        """Start; from now on large files are read in the background."""
        self._runtime.store.read_in_background()
        self._thread.start()

    def stop(self) -> None:
        """End; a file that is being read is not waited for."""
        self._stop.set()

    def _run(self) -> None:
        store, due = self._runtime.store, monotonic()
        while not self._stop.wait(_LOOKS):
            try:
                store.read_waiting()
                # The first time soon after the start: that trusted what had been read before.
                if monotonic() >= due and store.state.served:
                    due = monotonic() + _A_DAY
                    store.read_again()
            except PatentDockError as error:
                logger.error("%s", error)
            except Exception as error:  # the service goes on; the next look may do
                logger.warning("索引文件暂时不能校验：%s", error, exc_info=error)
