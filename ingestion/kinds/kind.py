"""Description of a kind of records for import, preview and undo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from catalog.db import Session
from catalog.kit.base import ClassRef
from catalog.reference.lists import region_name
from catalog.registers.register import Register
from ingestion.kinds.kinds import KIND_NAMES
from ingestion.records.classification import Classifier
from ingestion.records.fields import Fields
from ingestion.storing.rows import Origin, RowReader, Store

RecordT = TypeVar("RecordT", bound=BaseModel)
_SCHEMES = {"ipc": "ipc", "industries": "industry", "segments": "segment"}


@dataclass(frozen=True, slots=True)
class Kind(Generic[RecordT]):
    """A kind of records that can be imported; the columns of its files stand under its name in headers.toml.

    `build` makes a record of the cells of a row and raises RowError, `store` takes the batches of one import into the
    catalogue, `register` takes them back. `shown` gives a preview the values, by role, that a record keeps otherwise than
    under the name of the role. `find` gives the ids of the stored records that records mean, 0 for a new one. `searched`
    records come into the search with the next index. Of files that come together the kinds of an earlier `turn` are imported
    first: others refer to them.
    """

    register: Register
    build: Callable[[Fields, Classifier], RecordT]
    store: Callable[[Origin, RowReader], Store]
    shown: Callable[[RecordT], dict[str, Any]] = lambda _: {}
    find: Callable[[Session, Sequence[RecordT]], list[int]] | None = None
    searched: bool = False
    turn: int = 3

    @property
    def name(self) -> str:
        """The name in code, in addresses and in folders."""
        return self.register.kind

    @property
    def label(self) -> str:
        """The Chinese name."""
        return KIND_NAMES[self.name]


def shown_place(record: Any) -> dict[str, Any]:
    """The region of a record by name."""
    return {name: region_name(getattr(record, name)) for name in ("province", "prefecture", "county")}


def shown_classes(classes: Iterable[ClassRef]) -> dict[str, Any]:
    """The codes of a record by the role that states them."""
    refs = list(classes)
    codes = {role: [ref.code for ref in refs if ref.scheme == scheme] for role, scheme in _SCHEMES.items()}
    return {role: found for role, found in codes.items() if found}
