"""A kind of records that imports write and users mend: its name, its parts, what refers to it, how its conflicts are settled."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, NamedTuple

from pydantic import BaseModel
from sqlalchemy import ColumnElement
from sqlmodel import Session, col

from catalog.imports.changes import After, Before, ImportChange
from catalog.imports.conflicts import Subject
from catalog.imports.imports import Import
from catalog.webhooks.events import EventType


class OnDeletion(Enum):
    """The consequence of a deletion for what refers to the deleted record."""

    GOES = auto()
    """It is a part of the record and goes with it."""
    ON_REQUEST = auto()
    """It prevents the deletion, unless it is requested to go with the record."""
    PREVENTS = auto()
    """It prevents the deletion."""
    LOOSENED = auto()
    """It stays and refers to nothing."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Rows that refer to records of `model` (引用): `column` holds the id of such a record, `owner` that of the referring one.

    `by` is the name under which the referring records are noted. When two records are merged, rows that agree in all columns of
    `same` are one.
    """

    model: Any
    column: Any
    by: str
    owner: Any
    effect: OnDeletion
    same: tuple[Any, ...] = ()


class Joining(Enum):
    """The treatment of the part of a record that is merged into another."""

    STAYS = auto()
    """It is deleted with the record."""
    FILLS = auto()
    """It is given to the other where that has none."""
    ADDS = auto()
    """It is added to that of the other."""


@dataclass(frozen=True, slots=True)
class Belonging:
    """Rows that belong to a record and go with it (随附): those whose column `key` holds its id, or those of `where`.

    Rows that refer to those of another part are given to another record `only_after` these. `mended` gives the rows as they can be
    put back, where what they refer to may have changed meanwhile.
    """

    model: Any
    key: str = ""
    label: str = ""
    joining: Joining = Joining.STAYS
    where: Callable[[Sequence[int]], ColumnElement[bool]] | None = None
    only_after: Any = None
    mended: Callable[[Session, list[Before]], list[Before]] | None = None

    def of(self, ids: Sequence[int]) -> ColumnElement[bool]:
        """The condition that a row belongs to one of these records."""
        return self.where(ids) if self.where else col(getattr(self.model, self.key)).in_(ids)


class Named(NamedTuple):
    """A record that a row names beside its own: its register, as it is noted, and the keys that it may be named by.

    `as_kept` makes of what a row states the same with another record in its place, into which that one was merged.
    """

    kind: str
    keys: list[str]
    as_kept: Callable[[Any, Any], Any] | None = None


def nothing(_: Any) -> list[Any]:
    """No values, for a record that has none to state."""
    return []


@dataclass(frozen=True, slots=True)
class Standing:
    """A stored record under a number: its values by their Chinese names, and the time of its last change."""

    id: int
    subject: Subject
    values: dict[str, str]
    stamp: datetime


@dataclass(frozen=True, slots=True)
class Contested:
    """The means to put one record in the place of another under the same number (冲突), for a kind known by a number.

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

    `keys` are what an import would know a stored record by, `stated_keys` those of a record that a row states, `names` the
    other records that it names. Values of `alias` say which record is meant.

    `kind` is the kind of import whose rows they are, empty for records that only come along with others (holders). Those
    that came along stay while they are `in_use`, a condition on their table. `classified` records have segments of the
    catalogue; the values of `whole` ones make sense only together. Records that differ in `identity` cannot be merged,
    `derived` columns follow from others.

    `prepare` gets all changes of an import that are about to be undone. `restore` gets the id and the image of a changed record
    where it is more than its columns, and `present` the digests of what stands in the place of such an image. `follow` brings
    up to date what depends on a record whose values were filled: its id, what stood before, who did it and why. `contested`
    settles conflicts of those that a number identifies. `event` tells other systems of deletions and the like.
    """

    model: Any
    kind: str
    label: str
    named: Callable[[Session, Any], str]
    parts: tuple[Belonging, ...] = ()
    classified: bool = False
    whole: bool = False
    identity: tuple[str, ...] = ()
    derived: frozenset[str] = frozenset()
    in_use: Callable[[], Any] | None = None
    keys: Callable[[Session, Any], list[str]] | None = None
    stated_keys: Callable[[Any], list[str]] = nothing
    names: Callable[[Any], Iterable[Named]] = nothing
    alias: tuple[str, ...] = ()
    prepare: Callable[[Session, int, Sequence[ImportChange], str], None] | None = None
    restore: Callable[[Session, int, Before], None] | None = None
    present: Callable[[Session, int, Before], After] | None = None
    follow: Callable[[Session, int, Before, str, str], None] | None = None
    contested: Contested | None = None
    event: EventType | None = None

    @property
    def noted(self) -> str:
        """The name under which changes of these records are kept."""
        return str(self.model.__noted_as__)

    def comes_along(self, kind: str) -> bool:
        """Whether imports of this kind make such records only because their own name them."""
        return self.in_use is not None and self.kind != kind
