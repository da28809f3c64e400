"""Recorded facts of patents (专利运用与评价记录): licences, transfers, pledges, reports, counts, the holder's own view.

Events (许可, 质押 …) happen any number of times; two records are the same event when kind, day, value and other party agree.
States (被引证次数, 自评 …) have one value at a time: a later record with another value follows the earlier one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Self

from pydantic import model_validator
from sqlalchemy import Text, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.base import Schema, Timestamps, UpsertCounts, chunks, enum_type
from catalog.import_changes import RecordKind, apply_noted, note_new
from catalog.terms import Conclusion, Disposition, FactKind, LicenceType, PledgeConsent, Prospect, Term

EXPLOITATION = frozenset(
    {
        FactKind.IMPLEMENTATION,
        FactKind.LICENCE,
        FactKind.TRANSFER,
        FactKind.EQUITY,
        FactKind.PLEDGE,
        FactKind.PRODUCT_FILING,
    }
)
COUNTS = frozenset({FactKind.CLAIMS, FactKind.CITATIONS, FactKind.FAMILY})
STATES = COUNTS | {FactKind.SELF_RATING, FactKind.DISPOSITION}
VALUES: dict[FactKind, type[Term]] = {
    FactKind.LICENCE: LicenceType,
    FactKind.PLEDGE: PledgeConsent,
    FactKind.EVALUATION_REPORT: Conclusion,
    FactKind.SELF_RATING: Prospect,
    FactKind.DISPOSITION: Disposition,
}


class FactBase(Schema):
    """One recorded fact of a patent."""

    patent_id: int
    kind: FactKind = Field(sa_type=enum_type(FactKind), description="记录种类")
    happened_on: date | None = Field(default=None, description="发生日、登记日或填报日")
    ends_on: date | None = Field(default=None, description="终止日（许可期满、质押注销、中止解除）")
    value: str = Field(default="", max_length=100, description="取值，如许可方式、次数、结论")
    party: str = Field(default="", max_length=300, description="相对方（被许可人、受让人、质权人）")
    note: str = Field(default="", max_length=2000, sa_type=Text, description="备注")
    source: str = Field(default="", max_length=300, description="来源")


class Fact(FactBase, Timestamps, table=True):
    """A fact as stored, with the import that brought it."""

    __tablename__ = "patent_facts"

    id: int | None = Field(default=None, primary_key=True)
    patent_id: int = Field(foreign_key="patents.id", index=True)
    import_id: int | None = Field(default=None, foreign_key="imports.id")


class FactCreate(FactBase):
    """A fact to be stored; values may be given by stored value or Chinese label."""

    @model_validator(mode="after")
    def _value_fits_kind(self) -> Self:
        # A state without a value says nothing; an event may be known without its details.
        if self.kind in COUNTS:
            if not self.value.isdecimal():
                raise ValueError(f"{self.kind.label}应为不小于 0 的整数，现为“{self.value}”")
            object.__setattr__(self, "value", str(int(self.value)))
        elif (allowed := VALUES.get(self.kind)) and (self.value or self.kind in STATES):
            object.__setattr__(self, "value", allowed.parse(self.value).value)
        if self.happened_on and self.ends_on and self.ends_on < self.happened_on:
            raise ValueError(f"终止日 {self.ends_on} 早于发生日 {self.happened_on}")
        return self


class FactPublic(SQLModel):
    """A fact as shown to users."""

    id: int
    patent_id: int
    kind: FactKind
    kind_name: str
    happened_on: date | None
    ends_on: date | None
    value: str
    value_name: str
    party: str
    note: str
    source: str


def public(row: Fact) -> FactPublic:
    """The fact as shown to users."""
    kind = FactKind(row.kind)
    return FactPublic(
        **row.model_dump(exclude={"import_id", "created_at", "updated_at"}),
        kind_name=kind.label,
        value_name=value_name(kind, row.value),
    )


def value_name(kind: FactKind, value: str) -> str:
    """The Chinese term of a stored value."""
    allowed = VALUES.get(kind)
    return allowed(value).label if allowed and value else value


def of_patents(
    session: Session,
    ids: Sequence[int],
    *,
    as_of: date | None = None,
    kinds: Iterable[FactKind] | None = None,
) -> dict[int, list[Fact]]:
    """The facts of these patents by patent id, oldest first; with `as_of` only what had happened by then."""
    found: dict[int, list[Fact]] = {}
    for chunk in chunks(ids):
        query = select(Fact).where(col(Fact.patent_id).in_(chunk))
        if as_of is not None:
            query = query.where(col(Fact.happened_on).is_(None) | (col(Fact.happened_on) <= as_of))
        if kinds is not None:
            query = query.where(col(Fact.kind).in_([kind.value for kind in kinds]))
        for row in session.execute(query).scalars():
            found.setdefault(row.patent_id, []).append(row)
    for rows in found.values():
        rows.sort(key=_age)
    return found


def latest(rows: Iterable[Fact], kind: FactKind) -> Fact | None:
    """The newest of these facts of that kind."""
    return max((row for row in rows if row.kind == kind), key=_age, default=None)


def _age(row: Fact) -> tuple[date, int]:
    return row.happened_on or date.min, row.id or 0


def upsert(session: Session, records: Sequence[FactCreate], *, import_id: int | None = None) -> UpsertCounts:
    """Store what is recorded of these patents; answers how many facts were new, changed, unchanged.

    The patents must exist (`catalog.patents.ids_of` finds them by application number).
    """
    return UpsertCounts(**Counter(store(session, records, import_id=import_id)))


def store(session: Session, records: Sequence[FactCreate], *, import_id: int | None = None) -> list[str]:
    """Like `upsert`, but answers for every record whether it was "new", "changed" or "unchanged"."""
    known = of_patents(session, sorted({record.patent_id for record in records}))
    outcomes = [
        _store(session, known.setdefault(record.patent_id, []), record, import_id) for record in records
    ]
    session.flush()
    return outcomes


def _store(session: Session, rows: list[Fact], record: FactCreate, import_id: int | None) -> str:
    same = _same_state(rows, record) if record.kind in STATES else _same_event(rows, record)
    if same is None:
        row = Fact(**record.model_dump(), import_id=import_id)
        session.add(row)
        rows.append(row)
        if import_id is not None:
            session.flush()
            note_new(session, import_id, RecordKind.FACT, row)
        return "new"
    said = {
        name: value
        for name, value in record.model_dump(exclude={"source", "happened_on"}).items()
        if value not in (None, "")
    }
    if all(getattr(same, name) == value for name, value in said.items()):
        return "unchanged"
    said |= {"source": record.source, "import_id": import_id}
    apply_noted(session, import_id, RecordKind.FACT, same, said)
    return "changed"


def _same_event(rows: list[Fact], record: FactCreate) -> Fact | None:
    key = (record.kind, record.happened_on, record.value, record.party)
    return next((row for row in rows if (row.kind, row.happened_on, row.value, row.party) == key), None)


def _same_state(rows: list[Fact], record: FactCreate) -> Fact | None:
    """The row of the same day or, where it already says the same, the last one before."""
    earlier = [
        row
        for row in rows
        if row.kind == record.kind and (row.happened_on or date.min) <= (record.happened_on or date.min)
    ]
    # Rows of this batch have no id yet; they stand in the order in which they came.
    last = max(
        enumerate(earlier), key=lambda place: (place[1].happened_on or date.min, place[0]), default=None
    )
    if last is None:
        return None
    row = last[1]
    says_the_same = row.value == record.value and record.note in ("", row.note)
    return row if says_the_same or row.happened_on == record.happened_on else None
