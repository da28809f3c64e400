"""The night's matches by segment, area and holder, and the shares of segments in patents."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlmodel import Field, Session, SQLModel, col

from catalog.demand import needs
from catalog.demand.needs import Need
from catalog.kit.base import Schema, chunks
from catalog.kit.terms import Band
from catalog.runs import matches as night_matches
from catalog.runs.matches import NightMatch, NightSide
from catalog.runs.nights import NightlyRun
from catalog.supply import holders, patent_classes, patents
from catalog.supply.patents import Patent, PatentHolder

ONE = Decimal(1)
COUNTED = "只统计匹配程度为高、中的结果"
NO_BANDS = "该次夜间匹配没有匹配程度，匹配数为 0；请重新运行 patentdock nightly"


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


def counted(
    session: Session, run_id: int, open_on: date | None
) -> Iterator[tuple[int, list[tuple[int, NightMatch]]]]:
    """The needs of a run with the pairs that count as matches, best first, each with its rank.

    Those still there; with `open_on` the needs open on that day.
    """
    for some in _batched(night_matches.every(session, run_id, NightSide.NEED)):
        there = _still_there(session, [need_id for need_id, _ in some], open_on)
        held = patents.existing(session, {match.id for _, found in some for match in found})
        for need_id, found in some:
            if need_id in there:
                ranked = enumerate(found, 1)
                yield need_id, [(at, one) for at, one in ranked if one.is_match and one.id in held]


def _batched(
    found: Iterable[tuple[int, Sequence[NightMatch]]],
) -> Iterator[list[tuple[int, Sequence[NightMatch]]]]:
    rows = iter(found)
    while some := list(islice(rows, 500)):
        yield some


def _still_there(session: Session, need_ids: Sequence[int], open_on: date | None) -> set[int]:
    query = select(col(Need.id)).where(col(Need.id).in_(need_ids))
    if open_on is not None:
        query = query.where(needs.open_on(open_on))
    return set(session.execute(query).scalars())


def notes_on(session: Session, run: NightlyRun | None) -> list[str]:
    """The reasons why there may be no matches to count."""
    if run is None or run.id is None:
        return ["没有已完成的夜间匹配，匹配数为 0；请先运行 patentdock nightly"]
    return [] if night_matches.knows_bands(session, run.id) else [NO_BANDS]


class MatchLine(SQLModel):
    """One match of the night with its segments."""

    need_id: int = Field(description="技术需求的编号")
    need_title: str = Field(description="需求名称")
    enterprise_id: int | None = Field(description="企业的编号")
    patent_id: int = Field(description="专利的编号")
    application_number: str | None = Field(description="申请号；草稿为空")
    patent_title: str = Field(description="专利名称")
    rank: int = Field(description="名次")
    score: float = Field(description="得分，排序所依")
    band: Band = Field(description="匹配程度：high 高、medium 中")
    band_name: str = Field(description="匹配程度的中文名称")
    segments: dict[str, Decimal] = Field(description="专利所属细分领域的代码与权重")


class MatchPage(SQLModel):
    """A part of the night's matches, those of the bands 高 and 中."""

    run_id: int | None
    total: int
    items: list[MatchLine]
    counted: str = COUNTED
    notes: list[str] = Field(default_factory=list)


class MatchFilter(Schema):
    """Conditions on the night's matches."""

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
    """The night's matches of the bands 高 and 中 that meet the conditions, by need and rank."""
    run = night_matches.last_run(session, where.until)
    notes = notes_on(session, run)
    if run is None or run.id is None:
        return MatchPage(run_id=None, total=0, items=[], notes=notes)
    wanted, allowed = needs_in(session, where.region), _patents(session, where)
    found = [
        (need_id, rank, match)
        for need_id, pairs in counted(session, run.id, where.open_on)
        if wanted is None or need_id in wanted
        for rank, match in pairs
        if allowed is None or match.id in allowed
    ]
    items = _lines(session, found[offset : offset + limit])
    return MatchPage(run_id=run.id, total=len(found), items=items, notes=notes)


def _patents(session: Session, where: MatchFilter) -> set[int] | None:
    """Patents of the requested holder and segments; None for all patents."""
    held = held_by(session, where.holder) if where.holder else None
    if not where.segment:
        return held
    inside = set(patent_classes.with_segment(session, where.segment))
    return inside if held is None else inside & held


def _lines(session: Session, picked: Sequence[tuple[int, int, NightMatch]]) -> list[MatchLine]:
    patent_ids = sorted({match.id for _, _, match in picked})
    need_ids = sorted({need_id for need_id, _, _ in picked})
    patents_by_id = {p.id: p for p in _all(session, Patent, patent_ids)}
    needs_by_id = {n.id: n for n in _all(session, Need, need_ids)}
    shares = segment_shares(session, patent_ids)
    return [
        MatchLine(
            need_id=need_id,
            need_title=needs_by_id[need_id].title,
            enterprise_id=needs_by_id[need_id].enterprise_id,
            patent_id=match.id,
            application_number=patents_by_id[match.id].application_number,
            patent_title=patents_by_id[match.id].title,
            rank=rank,
            score=match.score,
            band=match.band,
            band_name=match.band.label,
            segments={code: round(share, 4) for code, share in shares.get(match.id, {}).items()},
        )
        for need_id, rank, match in picked
        if match.band and need_id in needs_by_id and match.id in patents_by_id
    ]


def _all(session: Session, model: Any, ids: Sequence[int]) -> Iterator[Any]:
    for chunk in chunks(ids):
        yield from session.execute(select(model).where(model.id.in_(chunk))).scalars()
