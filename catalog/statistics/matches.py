"""The night's matches by segment, area and holder, and the shares of segments in patents."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Field, Session, SQLModel, col

from catalog.demand import needs
from catalog.demand.needs import Need
from catalog.kit.base import Schema, chunks
from catalog.runs.matches import NightMatches, NightSide, last_run
from catalog.supply import holders, patent_classes, patents
from catalog.supply.patents import Patent, PatentHolder

ONE = Decimal(1)


def segment_shares(session: Session, ids: Sequence[int]) -> dict[int, dict[str, Decimal]]:
    """The segments of these patents with shares that add up to one; patents without segments are left out."""
    found = {}
    for patent_id, refs in patent_classes.of_patents(session, ids).items():
        weights = {ref.code: Decimal(str(ref.weight)) for ref in refs if ref.scheme == "segment"}
        total = sum(weights.values(), Decimal(0))
        if weights:
            even = ONE / len(weights)
            found[patent_id] = {code: w / total if total else even for code, w in weights.items()}
    return found


def held_by(session: Session, name: str) -> set[int]:
    """Patents of the holders of which one spelling contains `name`."""
    query = select(col(PatentHolder.patent_id)).where(col(PatentHolder.holder_id).in_(holders.named(name)))
    return set(session.execute(query).scalars())


def needs_in(session: Session, region: Sequence[str]) -> set[int] | None:
    """Needs of these regions; None for all of them."""
    if not region:
        return None
    place = col(Need.province).in_(region) | col(Need.prefecture).in_(region)
    return set(session.execute(select(col(Need.id)).where(place)).scalars())


class RankedPatent(NamedTuple):
    """A patent among the matches of a need: its rank from 1 on and its score."""

    patent_id: int
    rank: int
    score: float


def night_rows(
    session: Session, run_id: int, open_on: date | None
) -> Iterator[tuple[int, list[RankedPatent]]]:
    """The needs of a run with their matches, best first: those still there, and with `open_on` the needs open on that day."""
    query = (
        select(col(NightMatches.record_id), col(NightMatches.matches))
        .join(Need, col(Need.id) == col(NightMatches.record_id))
        .where(col(NightMatches.run_id) == run_id, col(NightMatches.side) == NightSide.NEED.value)
        .order_by(col(NightMatches.record_id))
    )
    if open_on is not None:
        query = query.where(needs.open_on(open_on))
    for rows in session.execute(query).partitions(1000):
        there = patents.existing(session, {int(match[0]) for _, found in rows for match in found})
        for need_id, found in rows:
            ranked = (RankedPatent(int(match[0]), at, float(match[1])) for at, match in enumerate(found, 1))
            yield need_id, [one for one in ranked if one.patent_id in there]


class MatchLine(SQLModel):
    """One match of the night with its segments."""

    need_id: int
    need_title: str
    enterprise_id: int | None
    patent_id: int
    application_number: str | None
    patent_title: str
    rank: int
    score: float
    segments: dict[str, Decimal] = Field(description="专利所属细分领域的代码与权重")


class MatchPage(SQLModel):
    """A part of the night's matches."""

    run_id: int | None
    total: int
    items: list[MatchLine]


class MatchFilter(Schema):
    """Which of the night's matches are wanted."""

    segment: list[str] = Field(default_factory=list)
    region: list[str] = Field(default_factory=list)
    holder: str | None = None
    until: date | None = None
    today: date

    @property
    def open_on(self) -> date | None:
        """The day on which needs have to be open; None for figures of the past, for which the night itself decided."""
        return self.today if self.until is None or self.until >= self.today else None


def matches(session: Session, where: MatchFilter, *, offset: int, limit: int) -> MatchPage:
    """The night's matches that meet the conditions, by need and rank."""
    run = last_run(session, where.until)
    if run is None or run.id is None:
        return MatchPage(run_id=None, total=0, items=[])
    wanted = needs_in(session, where.region)
    allowed = _patents(session, where)
    total, picked = 0, []
    for need_id, found in night_rows(session, run.id, where.open_on):
        if wanted is not None and need_id not in wanted:
            continue
        for one in found:
            if allowed is not None and one.patent_id not in allowed:
                continue
            if offset <= total < offset + limit:
                picked.append((need_id, one))
            total += 1
    return MatchPage(run_id=run.id, total=total, items=_lines(session, picked))


def _patents(session: Session, where: MatchFilter) -> set[int] | None:
    """Patents of the requested holder and segments; None for all patents."""
    held = held_by(session, where.holder) if where.holder else None
    if not where.segment:
        return held
    inside = set(patent_classes.with_segment(session, where.segment))
    return inside if held is None else inside & held


def _lines(session: Session, picked: Sequence[tuple[int, RankedPatent]]) -> list[MatchLine]:
    patent_ids = sorted({one.patent_id for _, one in picked})
    need_ids = sorted({need_id for need_id, _ in picked})
    named = {p.id: p for p in _all(session, Patent, patent_ids)}
    asked = {n.id: n for n in _all(session, Need, need_ids)}
    shares = segment_shares(session, patent_ids)
    return [
        MatchLine(
            need_id=need_id,
            need_title=asked[need_id].title,
            enterprise_id=asked[need_id].enterprise_id,
            patent_id=one.patent_id,
            application_number=named[one.patent_id].application_number,
            patent_title=named[one.patent_id].title,
            rank=one.rank,
            score=one.score,
            segments={code: round(share, 4) for code, share in shares.get(one.patent_id, {}).items()},
        )
        for need_id, one in picked
    ]


def _all(session: Session, model: Any, ids: Sequence[int]) -> Iterator[Any]:
    for chunk in chunks(ids):
        yield from session.execute(select(model).where(model.id.in_(chunk))).scalars()
