"""Description of a kind of records that imports write: its table, its display name, how it is undone, and how a conflict
under the number of one is settled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from catalog.imports.changes import Before, ImportChange
from catalog.imports.conflicts import Subject
from catalog.imports.imports import Import


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key to `model`: a record created by an import cannot be deleted while others refer to it."""

    label: str
    column: Any
    model: Any


@dataclass(frozen=True, slots=True)
class Standing:
    """A stored record under a number: its values by their Chinese names, and the time of its last change."""

    id: int
    subject: Subject
    values: dict[str, str]
    stamp: datetime


@dataclass(frozen=True, slots=True)
class Contested:
    """How records of a kind that are known by a number are put in the place of one another (冲突).

    `model` reads a record as a row stated it, `values` gives its values by their Chinese names. `standing` finds the stored
    record under the number of each of several records. `put` stores a record in the place of that one, for an import, and
    raises Conflict where it cannot.
    """

    model: type[BaseModel]
    values: Callable[[Any], dict[str, str]]
    standing: Callable[[Session, Sequence[Any]], list[Standing | None]]
    put: Callable[[Session, Any, Import], None]


@dataclass(frozen=True, slots=True)
class Register:
    """A kind of records that imports write; `named` is how a message names one.

    `kind` is the kind of import whose rows they are, empty for records that only come along with others (holders). Those
    that came along stay while they are `in_use`, a condition on their table. `classified` records have segments of the
    catalogue. `prepare` gets all changes of an import before any is undone, `restore` the id and the image of a changed
    record where it is more than its columns, `erase` the ids of new ones, so that what belongs to them goes first.
    `contested` settles conflicts of those that a number identifies.
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
    contested: Contested | None = None

    @property
    def noted(self) -> str:
        """The name under which changes of these records are kept."""
        return str(self.model.__noted_as__)

    def comes_along(self, kind: str) -> bool:
        """Whether imports of this kind make such records only because their own name them."""
        return self.in_use is not None and self.kind != kind
