"""Description of a kind of records that imports write: its table, its display name, and how it is undone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from catalog.imports.changes import Before, ImportChange


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key to `model`: a record created by an import cannot be deleted while others refer to it."""

    label: str
    column: Any
    model: Any


@dataclass(frozen=True, slots=True)
class Register:
    """A kind of records that imports write; `named` is how a message names one.

    `kind` is the kind of import whose rows they are, empty for records that only come along with others (holders). Those
    that came along stay while they are `in_use`, a condition on their table. `classified` records have segments of the
    catalogue. `prepare` gets all changes of an import before any is undone, `restore` the id and the image of a changed
    record where it is more than its columns, `erase` the ids of new ones, so that what belongs to them goes first.
    """

    model: Any
    kind: str
    named: Callable[[Session, Any], str]
    refers: tuple[Reference, ...] = ()
    classified: bool = False
    in_use: Callable[[], Any] | None = None
    prepare: Callable[[Session, int, Sequence[ImportChange], str], None] | None = None
    restore: Callable[[Session, int, Before], None] | None = None
    erase: Callable[[Session, Sequence[int]], None] | None = None

    @property
    def noted(self) -> str:
        """The name under which changes of these records are kept."""
        return str(self.model.__noted_as__)

    def comes_along(self, kind: str) -> bool:
        """Whether imports of this kind make such records only because their own name them."""
        return self.in_use is not None and self.kind != kind
