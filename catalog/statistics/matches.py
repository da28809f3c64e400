"""The night's matches by segment, area and holder, and the shares of segments in patents."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlmodel import Field, Session, SQLModel, col

from catalog.demand.needs import Need
from catalog.kit.base import Schema, chunks
from catalog.runs.matches import NightMatches, NightSide, last_run
from catalog.supply import holders, patent_classes
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


def night_rows(session: Session, run_id: int) -> Iterator[tuple[int, list[list[Any]]]]:
    """Every need of a run with its matches, best first."""
    query = (
        select(col(NightMatches.record_id), col(NightMatches.matches))
        .where(col(NightMatches.run_id) == run_id, col(NightMatches.side) == NightSide.NEED.value)
        .order_by(col(NightMatches.record_id))
    )
    yield from session.execute(query.execution_options(yield_per=1000))


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


def matches(session: Session, where: MatchFilter, *, offset: int, limit: int) -> MatchPage:
    """The night's matches that meet the conditions, by need and rank."""
    run = last_run(session, where.until)
    if run is None or run.id is None:
        return MatchPage(run_id=None, total=0, items=[])
    wanted = needs_in(session, where.region)
    allowed = _patents(session, where)
    total, picked = 0, []
    for need_id, found in night_rows(session, run.id):
        if wanted is not None and need_id not in wanted:
            continue
        for rank, match in enumerate(found, 1):
            patent_id = int(match[0])
            if allowed is not None and patent_id not in allowed:
                continue
            if offset <= total < offset + limit:
                picked.append((need_id, patent_id, rank, float(match[1])))
            total += 1
    return MatchPage(run_id=run.id, total=total, items=_lines(session, picked))


def _patents(session: Session, where: MatchFilter) -> set[int] | None:
    """Patents of the requested holder and segments; None for all patents."""
    held = held_by(session, where.holder) if where.holder else None
    if not where.segment:
        return held
    inside = set(patent_classes.with_segment(session, where.segment))
    return inside if held is None else inside & held


def _lines(session: Session, picked: Sequence[tuple[int, int, int, float]]) -> list[MatchLine]:
    patent_ids = sorted({patent_id for _, patent_id, _, _ in picked})
    need_ids = sorted({need_id for need_id, _, _, _ in picked})
    named = {p.id: p for p in _all(session, Patent, patent_ids)}
    asked = {n.id: n for n in _all(session, Need, need_ids)}
    shares = segment_shares(session, patent_ids)
    return [
        MatchLine(
            need_id=need_id,
            need_title=asked[need_id].title,
            enterprise_id=asked[need_id].enterprise_id,
            patent_id=patent_id,
            application_number=named[patent_id].application_number,
            patent_title=named[patent_id].title,
            rank=rank,
            score=score,
            segments={code: round(share, 4) for code, share in shares.get(patent_id, {}).items()},
        )
        for need_id, patent_id, rank, score in picked
        if need_id in asked and patent_id in named
    ]


def _all(session: Session, model: Any, ids: Sequence[int]) -> Iterator[Any]:
    for chunk in chunks(ids):
        yield from session.execute(select(model).where(model.id.in_(chunk))).scalars()
