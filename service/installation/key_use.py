"""The days on which keys were used last, gathered in a process and stored now and then: no request writes for its key."""

from __future__ import annotations

from datetime import date
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog.db import Database


class KeyUse:
    """Gathers the days of use of keys, by their ids."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._noted: dict[int, date] = {}
        self._waiting: dict[int, date] = {}

    def note(self, key_id: int | None, day: date) -> None:
        """A key was used on this day."""
        if key_id is not None and self._noted.get(key_id) != day:
            with self._lock:
                self._noted[key_id] = self._waiting[key_id] = day

    def store(self, database: Database) -> None:
        """Stores what was gathered since the last time. Raises Busy and NotReady, then it is stored the next time."""
        with self._lock:
            waiting = dict(self._waiting)
        if not waiting:
            return
        from catalog.accounts import keys as access_keys

        with database.write() as session:
            access_keys.note_used(session, waiting)
        with self._lock:
            for key_id, day in waiting.items():
                if self._waiting.get(key_id) == day:
                    del self._waiting[key_id]
