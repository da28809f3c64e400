"""The night's matches (夜间匹配): the best patents of every open need and the best needs of every patent in force.

One row a record and run; the matches within are lists without names, because a night has a million of them.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import JSON, delete, insert, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import table_of
from catalog.kit.paging import PageQuery, Rows, Sorts, paginate
from catalog.kit.terms import Band
from catalog.runs.nights import NightlyRun, RunStatus
from catalog.webhooks.events import NEED_MATCHES_CHANGED
from catalog.webhooks.outbox import announce


class NightSide(StrEnum):
    """The side whose matches these are."""

    NEED = "need"
    PATENT = "patent"


class NightMatches(SQLModel, table=True):
    """The matches of one record in one run, best first; `changes` against the run before, None where there was none."""

    __tablename__ = "night_matches"
    # Without its hidden row number SQLite keeps the rows in the key itself, in the order in which they are read.
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: int = Field(foreign_key="nightly_runs.id", primary_key=True)
    side: str = Field(max_length=8, primary_key=True)
    record_id: int = Field(primary_key=True)
    matches: list[list[Any]] = Field(default_factory=list, sa_type=JSON)
    changes: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))


class NightMatch(NamedTuple):
    """One match: the record of the other side, the score, the parts that add up to it, and how well it matches.

    `factors` is the sum of all factors (`matching.ranking.factors`). `share` and `band` are those of the pair
    (`matching.retrieval.confidence`), None among too few patents and in nights before there were any. `settled` is the band by
    which changes are reported: a share that moves a little around a boundary changes it no more.
    """

    id: int
    score: float
    document: float
    sentence: float
    lexical: float
    factors: float = 0.0
    share: float | None = None
    band: Band | None = None
    settled: Band | None = None

    @property
    def is_match(self) -> bool:
        """Whether the pair counts as a match."""
        return self.band is not None and self.band.is_match

    @property
    def relevance(self) -> float:
        """The score without the factors, in the millionths in which scores are computed."""
        return round(self.score - self.factors, 6)


class NightChanges(SQLModel):
    """The changes in the matches of a need, those of the bands 高 and 中, since the run before; ids of patents."""

    need_id: int = Field(description="技术需求的编号")
    new: list[int] = Field(description="新出现的匹配（匹配程度为高、中）")
    gone: list[int] = Field(description="不再匹配的")
    rebanded: list[tuple[int, Band, Band]] = Field(
        default_factory=list, description="匹配程度改变的：专利编号、原匹配程度、现匹配程度"
    )


def matches_of(row: NightMatches) -> list[NightMatch]:
    """The matches of a row."""
    return _read(row.matches)


def _read(matches: Sequence[Sequence[Any]]) -> list[NightMatch]:
    """Matches as they were stored; nights before there were bands kept fewer values."""
    found = (NightMatch(*values) for values in matches)
    return [
        match._replace(band=Band(match.band), settled=Band(match.settled or match.band))
        if match.band
        else match
        for match in found
    ]


def clear(session: Session, run_id: int) -> None:
    """Remove all matches of a run."""
    session.execute(delete(NightMatches).where(col(NightMatches.run_id) == run_id))


def store(
    session: Session, run_id: int, side: NightSide, found: Sequence[tuple[int, Sequence[NightMatch]]]
) -> None:
    """Keep the matches of some records, given by id."""
    rows = [
        {"run_id": run_id, "side": side.value, "record_id": record_id, "matches": matches, "changes": None}
        for record_id, matches in found
    ]
    if rows:
        # The table itself: the ORM would take most of the time of a night.
        session.execute(insert(table_of(NightMatches)), rows)


def get(session: Session, run_id: int, side: NightSide, record_id: int) -> list[NightMatch] | None:
    """The matches of one record in a run; None where the run had none for it."""
    row = session.get(NightMatches, (run_id, side.value, record_id))
    return matches_of(row) if row else None


def last_run(session: Session, until: date | None = None) -> NightlyRun | None:
    """The last finished nightly run, by the end of the day `until` if given, whose matches are kept."""
    kept = select(col(NightMatches.run_id)).where(col(NightMatches.run_id) == col(NightlyRun.id)).exists()
    query = select(NightlyRun).where(col(NightlyRun.status) == RunStatus.FINISHED.value, kept)
    rows = session.execute(query.order_by(col(NightlyRun.id).desc())).scalars()
    return next((row for row in rows if until is None or row.created_at.date() <= until), None)


def every(session: Session, run_id: int, side: NightSide) -> Iterator[tuple[int, list[NightMatch]]]:
    """For every record of a side, by id, its matches, best first."""
    query = (
        select(col(NightMatches.record_id), col(NightMatches.matches))
        .where(col(NightMatches.run_id) == run_id, col(NightMatches.side) == side.value)
        .order_by(col(NightMatches.record_id))
    )
    for record_id, matches in session.execute(query.execution_options(yield_per=2000)):
        yield record_id, _read(matches)


def settled_bands(session: Session, run_id: int) -> dict[int, dict[int, Band]]:
    """The bands by which changes are reported of all pairs of a run, by need and patent."""
    return {
        need_id: {match.id: match.settled for match in matches if match.settled}
        for need_id, matches in every(session, run_id, NightSide.NEED)
    }


def knows_bands(session: Session, run_id: int) -> bool:
    """Whether a run judged its matches; also where it found none at all."""
    first = next((matches[0] for _, matches in every(session, run_id, NightSide.NEED) if matches), None)
    return first is None or first.band is not None


def set_changes(session: Session, run_id: int, changes: Sequence[NightChanges]) -> None:
    """Keep what changed for some needs of a run."""
    for one in changes:
        row = session.get(NightMatches, (run_id, NightSide.NEED.value, one.need_id))
        if row is not None:
            row.changes = one.model_dump(exclude={"need_id"})
    session.flush()


def announce_changes(session: Session, run_id: int) -> None:
    """Tells those who subscribe which needs' matches changed; for a run that finished, whose matches are in force."""
    query = select(NightMatches).where(
        col(NightMatches.run_id) == run_id, col(NightMatches.changes).is_not(None)
    )
    changes = map(changes_of, session.execute(query.order_by(col(NightMatches.record_id))).scalars())
    happened = {
        one.need_id: {"run_id": run_id, **one.model_dump(mode="json", exclude={"need_id"})} for one in changes
    }
    announce(session, NEED_MATCHES_CHANGED, happened)


CHANGES_SORTS = Sorts({"id": NightMatches.record_id}, "id")


def changes_page(session: Session, run_id: int, wanted: PageQuery) -> Rows[NightMatches]:
    """The needs of a run whose matches changed since the run before, by id."""
    query = select(NightMatches).where(
        col(NightMatches.run_id) == run_id,
        col(NightMatches.side) == NightSide.NEED.value,
        col(NightMatches.changes).is_not(None),
    )
    return paginate(session, query, wanted, CHANGES_SORTS)


def changes_of(row: NightMatches) -> NightChanges:
    """The changes of a row."""
    return NightChanges.model_validate({"need_id": row.record_id, **(row.changes or {})})


def prune(session: Session, kept: Sequence[int], kept_patents: Sequence[int]) -> None:
    """Remove the matches of all runs but those of `kept`, and patents' matches of all but `kept_patents`."""
    run, side = col(NightMatches.run_id), col(NightMatches.side)
    session.execute(delete(NightMatches).where(run.not_in(kept)))
    session.execute(delete(NightMatches).where(side == NightSide.PATENT.value, run.not_in(kept_patents)))
