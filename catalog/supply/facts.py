"""Recorded facts of patents (专利运用与评价记录): licences, transfers, pledges, reports, counts, the holder's own view.

Events (许可, 质押 …) happen any number of times; two records are the same event when kind, day and other party agree and,
where the value is a text of its own (a product, a kind that was checked), the value too. States (被引证次数, 自评 …) have one
value at a time: a later record with another value follows the earlier one.

The end of an event may be recorded apart from its beginning (质押注销, 许可备案注销, 中止解除): a record that has `ended` but no
day of its own ends the event that was running then. An end so recorded stays; the term that the beginning was registered
with (许可期满) does not move it again. A record without a day, or without the other party, adds nothing where a known event
says as much; an event known by its kind alone becomes the first that is known better.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Self

from pydantic import model_validator
from sqlalchemy import Text, select
from sqlmodel import Field, Session, col

from catalog.imports.changes import KnownRows
from catalog.kit import facets
from catalog.kit.base import NEVER_TWICE, Schema, Stamps, Timestamps, apply_changes, chunks, enum_type
from catalog.kit.errors import NotFound, RecordExists
from catalog.kit.ids import Id
from catalog.kit.paging import ListQuery, MainList, Rows, Sorts
from catalog.kit.terms import Conclusion, Disposition, FactKind, LicenceType, PledgeConsent, Prospect, Term

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
    FactKind.NO_RECORD: FactKind,
    FactKind.SELF_RATING: Prospect,
    FactKind.DISPOSITION: Disposition,
}
MAX_NOTE = 2000
DETAILED = frozenset({FactKind.LICENCE, FactKind.PLEDGE, FactKind.EVALUATION_REPORT})
"""Events whose value is a detail that may become known, or be corrected, later."""


class FactDetails(Schema):
    """A recorded fact, without its patent."""

    kind: FactKind = Field(sa_type=enum_type(FactKind), description="记录种类")
    happened_on: date | None = Field(default=None, description="发生日、登记日或填报日")
    ends_on: date | None = Field(default=None, description="终止日（许可期满、质押注销、中止解除）")
    ended: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": "0"},
        description="终止日是已登记的终止（注销、解除），不是约定的期满日",
    )
    value: str = Field(default="", max_length=100, description="取值，如许可方式、次数、结论")
    party: str = Field(default="", max_length=300, description="相对方（被许可人、受让人、质权人）")
    note: str = Field(default="", max_length=MAX_NOTE, sa_type=Text, description="备注")
    source: str = Field(default="", max_length=300, description="来源")


class Fact(FactDetails, Timestamps, table=True):
    """A fact as stored, with the import that created it."""

    __tablename__ = "patent_facts"
    __table_args__ = NEVER_TWICE
    __noted_as__ = "fact"

    id: int | None = Field(default=None, primary_key=True)
    patent_id: int = Field(foreign_key="patents.id", index=True, description="专利")
    import_id: int | None = Field(default=None, foreign_key="imports.id")


class FactStated(FactDetails):
    """A fact as a register or a caller states it; values may be given by stored value or Chinese label."""

    @model_validator(mode="after")
    def _value_fits_kind(self) -> Self:
        # A state without a value has no meaning; an event may be known without its details.
        if self.kind in COUNTS:
            if not self.value.isdecimal():
                raise ValueError(f"{self.kind.label}应为不小于 0 的整数，现为“{self.value}”")
            object.__setattr__(self, "value", str(int(self.value)))
        elif (allowed := VALUES.get(self.kind)) and (self.value or self.kind in STATES):
            object.__setattr__(self, "value", allowed.parse(self.value).value)
        if self.kind is FactKind.NO_RECORD and self.value not in EXPLOITATION:
            kinds = "、".join(kind.label for kind in FactKind if kind in EXPLOITATION)
            raise ValueError(f"核查无记录须写明核查的是哪一种运用：{kinds}")
        if self.happened_on and self.ends_on and self.ends_on < self.happened_on:
            raise ValueError(f"终止日 {self.ends_on} 早于发生日 {self.happened_on}")
        if self.ended and not self.ends_on:
            raise ValueError("已终止的记录须有终止日")
        return self


class FactCreate(FactStated):
    """A fact of a patent of the catalogue."""

    patent_id: int


class NumberedFact(FactStated):
    """A fact of a register, which names the patent by canonical application number."""

    application_number: str = Field(max_length=16)


class FactPublic(Stamps):
    """A fact as shown to users."""

    id: int = Field(description="登记事项的编号")
    patent_id: int = Field(description="专利的编号")
    kind: FactKind = Field(description="事项的种类")
    kind_name: str = Field(description="种类的中文名称")
    happened_on: date | None = Field(description="发生日期")
    ends_on: date | None = Field(description="截止日期")
    ended: bool = Field(description="是否已结束")
    value: str = Field(description="取值")
    value_name: str = Field(description="取值的中文名称")
    party: str = Field(description="相对方")
    note: str = Field(description="说明")
    source: str = Field(description="来源")
    import_id: int | None = Field(description="由哪次导入写入；不是导入的为空")


class FactFilter(Schema):
    """Conditions of a list of facts."""

    patent_id: Id | None = Field(default=None, description="专利编号")
    kind: list[FactKind] = Field(default_factory=list, description="记录种类")
    party: str | None = Field(default=None, max_length=300, description="相对方名称（部分）")
    since: date | None = Field(default=None, description="发生日不早于")
    until: date | None = Field(default=None, description="发生日不晚于")


def public(row: Fact) -> FactPublic:
    """The fact as shown to users."""
    kind = FactKind(row.kind)
    return FactPublic(
        **row.model_dump(),
        kind_name=kind.label,
        value_name=value_name(kind, row.value),
    )


def value_name(kind: FactKind, value: str) -> str:
    """The Chinese term of a stored value."""
    allowed = VALUES.get(kind)
    return allowed(value).label if allowed and value else value


def get(session: Session, fact_id: int) -> Fact:
    """The fact `fact_id`. Raises NotFound."""
    row = session.get(Fact, fact_id)
    if row is None:
        raise NotFound(f"没有编号为 {fact_id} 的运用与评价记录", record=(Fact.__noted_as__, fact_id))
    return row


LIST = MainList(
    Fact,
    Sorts(
        {name: getattr(Fact, name) for name in ("id", "happened_on", "ends_on", "created_at", "updated_at")},
        "-id",
    ),
    {
        "kind": facets.of_column(col(Fact.kind), facets.labels(FactKind)),
        "year": facets.of_years(col(Fact.happened_on)),
    },
)


def page(session: Session, wanted: ListQuery, where: FactFilter) -> Rows[Fact]:
    """The facts that meet all conditions of `where`, by default the newest first."""
    query = select(Fact)
    if where.patent_id is not None:
        query = query.where(col(Fact.patent_id) == where.patent_id)
    if where.kind:
        query = query.where(col(Fact.kind).in_([kind.value for kind in where.kind]))
    if where.party:
        query = query.where(col(Fact.party).contains(where.party, autoescape=True))
    if where.since:
        query = query.where(col(Fact.happened_on) >= where.since)
    if where.until:
        query = query.where(col(Fact.happened_on) <= where.until)
    return LIST.page(session, query, wanted)


def of_patents(
    session: Session,
    ids: Sequence[int],
    *,
    as_of: date | None = None,
    kinds: Iterable[FactKind] | None = None,
) -> dict[int, list[Fact]]:
    """The facts of these patents by patent id, oldest first; with `as_of` only what had happened by then."""
    found: dict[int, list[Fact]] = {}
    wanted = None if kinds is None else [kind.value for kind in kinds]
    for chunk in chunks(ids):
        query = select(Fact).where(col(Fact.patent_id).in_(chunk))
        if as_of is not None:
            query = query.where(col(Fact.happened_on).is_(None) | (col(Fact.happened_on) <= as_of))
        if wanted is not None:
            query = query.where(col(Fact.kind).in_(wanted))
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


def create(session: Session, data: FactCreate) -> Fact:
    """Store a single fact, the patent of which must exist. Raises Conflict when it is recorded already."""
    rows = of_patents(session, [data.patent_id]).get(data.patent_id, [])
    same = _same_state(rows, data) if data.kind in STATES else _same_event(rows, data)
    if same is not None:
        raise RecordExists(
            f"这件专利已有同样的{data.kind.label}记录（编号 {same.id}）",
            hint="请改为更新或删除那条记录",
            existing_id=same.id,
        )
    row = Fact(**data.model_dump())
    session.add(row)
    session.flush()
    return row


def replace(session: Session, fact_id: int, data: FactStated) -> Fact:
    """Replace the state of a fact; it stays with its patent. Raises NotFound."""
    row = get(session, fact_id)
    apply_changes(row, data.model_dump(include=set(FactDetails.model_fields)))
    session.flush()
    return row


def remove(session: Session, fact_id: int) -> None:
    """Remove a fact that was recorded by mistake. Raises NotFound."""
    session.delete(get(session, fact_id))
    session.flush()


def store(session: Session, records: Sequence[FactCreate], *, import_id: int | None = None) -> list[str]:
    """Upserts recorded facts of these patents; returns "new", "changed" or "unchanged" for every record.

    The patents must exist (`catalog.supply.patents.ids_of` finds them by application number).
    """
    known = of_patents(session, sorted({record.patent_id for record in records}))
    written = KnownRows(session, Fact, import_id)
    outcomes = [
        _store(written, known.setdefault(record.patent_id, []), record, import_id) for record in records
    ]
    written.flush()
    return outcomes


def _store(written: KnownRows[Fact], rows: list[Fact], record: FactCreate, import_id: int | None) -> str:
    if record.kind in STATES:
        same = _same_state(rows, record)
    else:
        same = _same_event(rows, record) or _known_better(rows, record) or _other_part(rows, record)
    if same is None:
        row = Fact(**record.model_dump(), import_id=import_id)
        written.add(row)
        rows.append(row)
    else:
        values = _merged(same, record)
        if record.kind in STATES and same.happened_on != record.happened_on:
            # An earlier day already says so: what is known of it stays, or both days would change it in turn.
            values = {name: value for name, value in values.items() if not getattr(same, name)}
        if all(getattr(same, name) == value for name, value in values.items()):
            return "unchanged"
        written.change(same, values | {"source": record.source, "import_id": import_id})
    rows.sort(key=_age)
    return "new" if same is None else "changed"


def _merged(row: Fact, record: FactCreate) -> dict[str, Any]:
    """Merges a record into `row`; empty values overwrite nothing, notes on an event accumulate."""
    values = record.model_dump(exclude={"source", "happened_on"} if record.kind in STATES else {"source"})
    if row.ended and not record.ended:
        del values["ends_on"]
    if record.kind not in STATES and row.note:
        together = f"{row.note}；{record.note}"
        added = record.note not in row.note and len(together) <= MAX_NOTE
        values["note"] = together if added else row.note
    return {name: value for name, value in values.items() if value not in (None, "", False)}


def _same_event(rows: list[Fact], record: FactCreate) -> Fact | None:
    if record.ended and record.happened_on is None:
        return None  # the end of an event that began on some day
    key = (record.kind, record.happened_on, record.party)
    same = [
        row
        for row in rows
        if (row.kind, row.happened_on, row.party) == key
        and (row.happened_on or not row.ended)
        and (record.kind in DETAILED or row.value == record.value)
    ]
    return next((row for row in same if row.ends_on == record.ends_on), next(iter(same), None))


def _other_part(rows: list[Fact], record: FactCreate) -> Fact | None:
    """The event that a record of its end or beginning completes; events known by their kind alone come first."""
    alike = [row for row in rows if row.kind == record.kind and _may_be_one(row, record)]
    if record.ended and record.happened_on is None:
        return _ended_by(alike, record.ends_on or date.max)
    if record.happened_on is None:
        return None
    bare = (row for row in alike if _is_bare(row))
    ends = (row for row in alike if row.ended and row.happened_on is None)
    if record.ended:
        ends = (row for row in ends if row.ends_on == record.ends_on)
    later = [row for row in ends if (row.ends_on or date.min) >= record.happened_on]
    return next(bare, None) or min(later, key=lambda row: row.ends_on or date.max, default=None)


def _is_bare(event: FactDetails) -> bool:
    """Whether nothing is known of an event but its kind."""
    return not (event.happened_on or event.ends_on or event.party or event.value)


def _known_better(rows: list[Fact], record: FactCreate) -> Fact | None:
    """An event that is known at least as well as the record, which leaves the day or the other party open."""
    covering = [row for row in rows if _covers(row, record)]
    return next((row for row in covering if record.note in row.note), next(iter(covering), None))


def _covers(row: Fact, record: FactCreate) -> bool:
    """Whether a known event already contains everything in a record but the note."""
    same_end = record.ends_on == row.ends_on
    return (
        row.kind == record.kind
        and record.happened_on in (None, row.happened_on)
        and record.party in ("", row.party)
        and record.value in ("", row.value)
        and (row.ended and same_end if record.ended else row.ended or same_end or record.ends_on is None)
    )


def _ended_by(rows: list[Fact], day: date) -> Fact | None:
    """The event that is recorded to have ended on that day; else, of those that ran then, the last begun."""
    recorded = next((row for row in rows if row.ended and row.ends_on == day), None)
    running = [row for row in rows if not row.ended and (row.happened_on or date.min) <= day]
    return recorded or max(running, key=_age, default=None)


def _may_be_one(row: Fact, record: FactCreate) -> bool:
    return all(
        mine == theirs or not (mine and theirs)
        for mine, theirs in ((row.value, record.value), (row.party, record.party))
    )


def _same_state(rows: list[Fact], record: FactCreate) -> Fact | None:
    """The row of the same day or, where it has the same value, the last one before."""
    earlier = [
        row
        for row in rows
        if row.kind == record.kind and (row.happened_on or date.min) <= (record.happened_on or date.min)
    ]
    row = max(earlier, key=_age, default=None)
    if row is None:
        return None
    says_the_same = row.value == record.value and record.note in ("", row.note)
    return row if says_the_same or row.happened_on == record.happened_on else None
