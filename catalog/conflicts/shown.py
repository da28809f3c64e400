"""Conflicts as users see them: what the row states beside what is stored under the number now."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from sqlmodel import Field, Session, SQLModel

from catalog.imports import conflicts, imports
from catalog.imports.conflicts import ConflictRow, NumberConflict
from catalog.kit.base import Stamps, id_of
from catalog.kit.terms import ConflictStatus
from catalog.registers.register import Contested, Standing
from catalog.registers.registers import contested_of

GONE = "原记录已不在（已删除，或其导入已撤销），采用即作为新记录"
CHANGED = "原记录在等待期间有过改动，请对照现在的内容"


class Differing(SQLModel):
    """A value in which the stored record and the new one differ."""

    label: str = Field(description="字段")
    stored: str = Field(description="原记录现在的值")
    stated: str = Field(description="新记录的值，采用时以此为准（专利的空值即清空）")


class StatingRow(SQLModel):
    """A row of an import that states the new record."""

    import_id: int = Field(description="写有新记录的导入")
    file_name: str = Field(description="文件名")
    sheet: str = Field(description="工作表；不分工作表的文件为空")
    line: int = Field(description="行号")


class ConflictPublic(Stamps):
    """A conflict as shown to users."""

    id: int = Field(description="冲突的编号")
    kind: str = Field(description="记录种类")
    field: str = Field(description="号码的名称，如申请号")
    number: str = Field(description="号码")
    status: ConflictStatus = Field(description="pending 待定，replaced 采用新记录，kept 保留原记录")
    status_name: str = Field(description="状态的中文名称")
    name: str = Field(description="新记录的名称")
    owners: list[str] = Field(description="新记录的所有者（专利权人）；企业为空")
    stored_name: str = Field(description="原记录的名称，读到该行时")
    stored_owners: list[str] = Field(description="原记录的所有者（专利权人），读到该行时")
    record_id: int | None = Field(description="号码现在所属记录的编号；空为已没有这样的记录")
    remark: str = Field(description="原记录此后的情况；空为没有变化")
    differs: list[Differing] = Field(description="待定时：与号码现在所属的记录不同的值")
    rows: list[StatingRow] = Field(description="哪些导入的哪些行写有新记录")
    decided_by: str = Field(description="决定人；待定为空")
    decided_at: datetime | None = Field(description="决定时间；待定为空")
    note: str = Field(description="决定的说明")


def publics(session: Session, rows: Sequence[NumberConflict]) -> list[ConflictPublic]:
    """The conflicts as shown to users, in the order given."""
    stating = conflicts.rows_of(session, [id_of(row) for row in rows])
    names = imports.file_names(session, {row.import_id for entries in stating.values() for row in entries})
    shown = {row.id: _public(row, _stating(stating.get(id_of(row), []), names)) for row in rows}
    waiting = sorted((row for row in rows if row.status == ConflictStatus.PENDING), key=lambda row: row.kind)
    for kind, some in groupby(waiting, key=lambda row: row.kind):
        for row, standing, differs in _compared(session, contested_of(kind), list(some)):
            public = shown[row.id]
            public.record_id = standing.id if standing else None
            public.remark, public.differs = _remark(row, standing), differs
    return [shown[row.id] for row in rows]


def _public(row: NumberConflict, stating: list[StatingRow]) -> ConflictPublic:
    values = row.model_dump(include=set(ConflictPublic.model_fields))
    return ConflictPublic(
        **values | {"remark": "", "differs": [], "rows": stating, "status_name": row.status.label}
    )


def _stating(rows: Iterable[ConflictRow], names: dict[int, str]) -> list[StatingRow]:
    return [
        StatingRow(import_id=row.import_id, file_name=names[row.import_id], sheet=row.sheet, line=row.line)
        for row in rows
    ]


def _compared(
    session: Session, contested: Contested, rows: Sequence[NumberConflict]
) -> Iterable[tuple[NumberConflict, Standing | None, list[Differing]]]:
    """Each conflict with the record that is stored under its number now, and the values in which they differ."""
    records = [contested.model.model_validate(row.record) for row in rows]
    for row, record, standing in zip(rows, records, contested.standing(session, records), strict=True):
        stated, stored = contested.values(record), standing.values if standing else {}
        differs = [
            Differing(label=label, stored=stored[label], stated=value)
            for label, value in stated.items()
            if label in stored and stored[label] != value
        ]
        yield row, standing, differs


def _remark(row: NumberConflict, standing: Standing | None) -> str:
    if standing is None:
        return GONE
    return "" if (standing.id, standing.stamp) == (row.record_id, row.stored_at) else CHANGED
