"""Merging of two records of one kind (合并): what referred to the one refers to the other, whose empty values are filled.

Nothing is overwritten: values in which the two differ are reported. The merged record becomes a tombstone, from which it can be restored.
Holders are merged otherwise (`catalog.supply.holder_merges`): their spellings go on to be recognised.
"""

from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import and_, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel

from catalog.imports.changes import Before
from catalog.kit.base import id_of, now, table_of
from catalog.kit.errors import Conflict, InvalidInput
from catalog.mending import rows, tombstones
from catalog.mending.removal import bury, close, references_to, referring_rows, repoint
from catalog.mending.rows import Images
from catalog.mending.tombstones import Tombstone, TombstonePublic, Why
from catalog.mending.values import digests_of_columns, set_columns
from catalog.mending.words import labels
from catalog.registers.register import Belonging, Joining, Reference, Register
from catalog.registers.registers import register_of

_OF_THE_ROW = frozenset({"id", "created_at", "updated_at", "import_id", "is_demo"})
_KEYS = _OF_THE_ROW | {"patent_id", "deal_id", "position"}
_EMPTY: tuple[Any, ...] = (None, "", [])


class Difference(SQLModel):
    """A value in which the two records differed; that of the kept one stands."""

    field: str = Field(description="字段名")
    label: str = Field(description="字段的中文名称")
    kept: Any = Field(description="保留的记录中的内容，以此为准")
    merged: Any = Field(description="被并入的记录中的内容")


class MergeResult(SQLModel):
    """The result of a merge."""

    deletion: TombstonePublic = Field(description="被合并记录的删除记录，可凭其编号恢复")
    kept_id: int = Field(description="保留的记录的编号")
    moved: int = Field(description="改为指向保留记录的引用数")
    dropped: list[str] = Field(description="与保留记录的内容重复、随之删除的记录")
    filled: list[str] = Field(description="由被合并记录补齐的字段")
    differing: list[Difference] = Field(description="两条记录不同的内容，以保留的记录为准")


def merge(session: Session, register: Register, kept_id: int, other_id: int, why: Why) -> MergeResult:
    """Merges the other record into the kept one.

    Raises NotFound, InvalidInput without a reason or for one record, and Conflict where the two cannot be the same.
    """
    why.check()
    if kept_id == other_id:
        raise InvalidInput("一条记录不能与自己合并", hint="请给出另一条记录的编号")
    try:
        with session.begin_nested():
            return _Merge(session, register, kept_id, other_id, why).merged()
    except IntegrityError as error:
        raise Conflict(
            f"两条{register.label}都有不能并存的内容，如现行的开放许可声明",
            hint="请先删除或撤回其中一份，再合并",
        ) from error


class _Merge:
    """One merge on its way."""

    def __init__(self, session: Session, register: Register, kept_id: int, other_id: int, why: Why) -> None:
        self.session, self.register, self.why = session, register, why
        self.kept_id, self.other_id = kept_id, other_id
        self.moved, self.dropped = 0, list[str]()
        self.differing: list[Difference] = []

    def merged(self) -> MergeResult:
        """Merges the two. Raises NotFound, Conflict, and IntegrityError where what both have cannot stand together."""
        before, filled = self._compared()
        stone = tombstones.lay(self.session, self.register, self.other_id, self.why)
        stone.merged_into = self.kept_id
        for reference in references_to(self.register):
            self._join(reference, stone)
        close(self.session, self.register, stone)
        given = self._give(stone.images)
        set_columns(self.session, self.register.model, self.kept_id, filled)
        after = digests_of_columns(self.session, self.register.model, self.kept_id, filled) if filled else {}
        stone.links = stone.links | {"given": given, "filled": before, "after": after}
        touch(self.session, self.register, self.kept_id, before, self.why)
        return MergeResult(
            deletion=tombstones.public(stone),
            kept_id=self.kept_id,
            moved=self.moved,
            dropped=self.dropped,
            filled=labels(self.register, list(filled)) + self._labels_of(given),
            differing=self.differing,
        )

    def _compared(self) -> tuple[Before, Before]:
        """The empty values of the kept record, and what fills them. Raises NotFound and Conflict."""
        kept, other = (
            tombstones.record_of(self.session, self.register, id_) for id_ in (self.kept_id, self.other_id)
        )
        before, filled = Before(), Before()
        for column in self.register.model.model_fields:
            if column in _OF_THE_ROW | self.register.derived:
                continue
            mine, theirs = getattr(kept, column), getattr(other, column)
            if theirs in _EMPTY or mine == theirs:
                continue
            if mine in _EMPTY:
                before[column], filled[column] = to_jsonable_python([mine, theirs])
            else:
                self._tell(column, mine, theirs)
        return before, filled

    def _tell(self, name: str, mine: Any, theirs: Any) -> None:
        (label,) = labels(self.register, [name])
        if name in self.register.identity:
            raise Conflict(
                f"两条{self.register.label}的{label}不同（{mine}、{theirs}），不是同一条记录，不能合并",
                hint="请核对编号；内容有误的先更正",
            )
        values = to_jsonable_python({"kept": mine, "merged": theirs})
        self.differing.append(Difference(field=name, label=label, **values))

    def _join(self, reference: Reference, stone: Tombstone) -> None:
        """Lets what refers to the other record refer to the kept one, but for what refers to that already."""
        model, register = reference.column.class_, register_of(reference.by)
        moving = []
        for key in referring_rows(self.session, reference, self.other_id):
            if not self._has_same(reference, key):
                moving.append(key)
            elif model is register.model:
                self.dropped.append(bury(self.session, register, key["id"], self.why, id_of(stone)).name)
            else:
                self._drop(model, key, stone)
        repoint(self.session, reference, stone, moving, self.kept_id)
        self.moved += len(moving)

    def _has_same(self, reference: Reference, key: Before) -> bool:
        """Whether the kept record has a row like this one, where two of a kind are one."""
        if not reference.same:
            return False
        table = table_of(reference.column.class_)
        names = [column.key for column in reference.same]
        own_query = select(*(table.c[name] for name in names)).where(
            rows.matching(reference.column.class_, key)
        )
        values = dict(self.session.execute(own_query).mappings().one())
        alike = and_(*(table.c[name].is_not_distinct_from(value) for name, value in values.items()))
        query = select(table).where(table.c[reference.column.key] == self.kept_id, alike).limit(1)
        return self.session.execute(query).first() is not None

    def _drop(self, model: Any, key: Before, stone: Tombstone) -> None:
        """Removes a row that is no record of its own, and keeps it in the tombstone."""
        row = rows.selected(self.session, model, rows.matching(model, key))
        self.session.execute(delete(table_of(model)).where(rows.matching(model, key)))
        dropped = stone.links.get("dropped", {})
        removed = [*dropped.get(model.__tablename__, []), *row]
        stone.links = stone.links | {"dropped": dropped | {model.__tablename__: removed}}

    def _give(self, images: Images) -> Images:
        """Gives the kept record the parts of the other that it lacks; returns the rows given, by table."""
        given: Images = {}
        for part in self.register.parts:
            name = str(part.model.__tablename__)
            own_rows = [row | {part.key: self.kept_id} for row in images[name]] if part.key else []
            present = rows.selected(self.session, part.model, part.of([self.kept_id])) if own_rows else []
            if own_rows and self._is_given(part, present, images, given):
                rows.put_in(self.session, part.model, own_rows)
                given[name] = own_rows
            elif part.label and _without_keys(own_rows) != _without_keys(present):
                values = {"kept": f"{len(present)} 条", "merged": f"{len(own_rows)} 条"}
                self.differing.append(Difference(field=name, label=part.label, **values))
        return given

    def _labels_of(self, given: Images) -> list[str]:
        return [part.label for part in self.register.parts if part.model.__tablename__ in given]

    def _is_given(self, part: Belonging, present: list[Before], images: Images, given: Images) -> bool:
        if part.only_after is not None:
            former = str(part.only_after.__tablename__)
            if images[former] and former not in given:
                return False
        return part.joining is Joining.ADDS or (part.joining is Joining.FILLS and not present)


def touch(session: Session, register: Register, record_id: int, before: Before, why: Why) -> None:
    """Notes that a record changed now, and brings up to date what depends on its values."""
    statement = update(register.model).where(register.model.id == record_id).values(updated_at=now())
    session.execute(statement, execution_options={"synchronize_session": False})
    session.flush()
    session.expire_all()
    if register.follow:
        register.follow(session, record_id, before, why.actor, why.reason)


def _without_keys(some: list[Before]) -> list[str]:
    """The contents of rows, whoever has them."""
    return sorted(repr({k: v for k, v in row.items() if k not in _KEYS}) for row in some)
