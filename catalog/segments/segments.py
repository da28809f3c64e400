"""Segment catalogues (产业目录): dated versions of the industry segments, edited by an operator.

Names and number of segments change, so they are data: a version names its source, its time
of validity and whether its list has been confirmed officially. One version is in use at a time.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import JSON, bindparam, delete, select, update
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import Schema, Timestamps, id_of, now
from catalog.kit.errors import InvalidInput, NotFound, NotReady


class SegmentCatalogue(Timestamps, table=True):
    """One dated version of the list of segments."""

    __tablename__ = "segment_catalogues"

    id: int | None = Field(default=None, primary_key=True)
    version: str = Field(max_length=64, unique=True)
    title: str = Field(max_length=200)
    valid_from: date
    valid_to: date | None = None
    source: str = Field(default="", max_length=500)
    official: bool = Field(default=False, description="False: 待官方核定")
    in_use: bool = False
    reclassified_to: int | None = Field(
        default=None, description="last patent done by a reclassification that has not ended; None for none"
    )


class Segment(SQLModel, table=True):
    """One segment (产业细分领域) of a catalogue version with the classes that lead to it."""

    __tablename__ = "segments"

    id: int | None = Field(default=None, primary_key=True)
    catalogue_id: int = Field(foreign_key="segment_catalogues.id", index=True)
    code: str = Field(max_length=32)
    name: str = Field(max_length=100)
    group_name: str = Field(default="", max_length=100)
    industry_codes: list[str] = Field(default_factory=list, sa_type=JSON)
    ipc_subclasses: list[str] = Field(default_factory=list, sa_type=JSON)
    source: str = Field(default="", max_length=500)
    note: str = Field(default="", max_length=500)
    position: int = 0


_IN_USE = select(SegmentCatalogue).where(col(SegmentCatalogue.in_use))
_NAMES = (
    select(col(Segment.code), col(Segment.name))
    .where(col(Segment.catalogue_id) == bindparam("catalogue"))
    .order_by(col(Segment.position))
)


class SegmentEntry(Schema):
    """A segment as an operator writes it."""

    code: str = Field(min_length=1, max_length=32)
    name: str = Field(min_length=1, max_length=100)
    group_name: str = Field(default="", max_length=100)
    industry_codes: list[str] = Field(default_factory=list)
    ipc_subclasses: list[str] = Field(default_factory=list)
    source: str = Field(default="", max_length=500)
    note: str = Field(default="", max_length=500)


class CatalogueEntry(Schema):
    """A whole catalogue version as an operator writes it."""

    version: str = Field(min_length=1, max_length=64)
    title: str = Field(min_length=1, max_length=200)
    valid_from: date
    valid_to: date | None = None
    source: str = Field(default="", max_length=500)
    official: bool = False
    segments: list[SegmentEntry] = Field(min_length=1)


class SegmentPublic(SQLModel):
    """A segment as shown to users."""

    code: str = Field(description="产业细分领域的代码")
    name: str = Field(description="产业细分领域的名称")
    group_name: str = Field(description="所属产业")
    industry_codes: list[str] = Field(description="对应的国民经济行业代码")
    ipc_subclasses: list[str] = Field(description="对应的 IPC 小类")
    source: str = Field(description="来源")
    note: str = Field(description="说明")


class CataloguePublic(SQLModel):
    """A catalogue version as shown to users."""

    version: str = Field(description="目录的版本")
    title: str = Field(description="目录的名称")
    valid_from: date = Field(description="启用日期")
    valid_to: date | None = Field(description="停用日期；未停用为空")
    source: str = Field(description="目录的来源")
    official: bool = Field(description="是否已由主管部门核定")
    status_name: str = Field(description="核定情况")
    in_use: bool = Field(description="是否正在使用")
    segments: list[SegmentPublic] = Field(description="产业细分领域")


def store(session: Session, entry: CatalogueEntry, *, use: bool = True) -> SegmentCatalogue:
    """Stores a catalogue version, replacing one of the same name, and optionally activates it.

    Raises InvalidInput when two segments share a code.
    """
    codes = [segment.code for segment in entry.segments]
    doubled = sorted({code for code in codes if codes.count(code) > 1})
    if doubled:
        raise InvalidInput(f"产业目录 {entry.version} 中代码重复：{'、'.join(doubled)}")
    row = session.execute(
        select(SegmentCatalogue).where(col(SegmentCatalogue.version) == entry.version)
    ).scalar_one_or_none()
    if row is None:
        row = SegmentCatalogue(**entry.model_dump(exclude={"segments"}))
        session.add(row)
    else:
        row.sqlmodel_update(entry.model_dump(exclude={"segments"}) | {"updated_at": now()})
        session.execute(delete(Segment).where(col(Segment.catalogue_id) == row.id))
    session.flush()
    session.add_all(
        Segment(**segment.model_dump(), catalogue_id=id_of(row), position=position)
        for position, segment in enumerate(entry.segments)
    )
    if use:
        session.execute(update(SegmentCatalogue).values(in_use=False))
        row.in_use, row.updated_at = True, now()
    session.flush()
    return row


def catalogue(session: Session, version: str | None = None) -> SegmentCatalogue:
    """The catalogue `version`, by default the one in use. Raises NotFound, or NotReady when none is in use."""
    query = _IN_USE
    if version is not None:
        query = select(SegmentCatalogue).where(col(SegmentCatalogue.version) == version)
    row: SegmentCatalogue | None = session.execute(query).scalar_one_or_none()
    if row is None and version is not None:
        raise NotFound(f"没有版本为“{version}”的产业目录")
    if row is None:
        raise NotReady("尚未启用任何产业目录", hint="请先运行 patentdock init")
    return row


def catalogues(session: Session) -> Sequence[SegmentCatalogue]:
    """All catalogue versions, newest first."""
    return (
        session.execute(select(SegmentCatalogue).order_by(col(SegmentCatalogue.valid_from).desc()))
        .scalars()
        .all()
    )


def segments_of(session: Session, row: SegmentCatalogue) -> Sequence[Segment]:
    """The segments of a catalogue version in their order."""
    query = select(Segment).where(col(Segment.catalogue_id) == row.id).order_by(col(Segment.position))
    return session.execute(query).scalars().all()


def names(session: Session, row: SegmentCatalogue) -> dict[str, str]:
    """The names of the segments of a catalogue version by code, in their order."""
    return dict(session.execute(_NAMES, {"catalogue": row.id}).all())


def finest(codes: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """The codes without those whose name a later segment of the catalogue has too: later groups are the finer ones."""
    return finest_each([list(codes)], names)[0]


def finest_each(records: Iterable[Collection[str]], names: Mapping[str, str]) -> list[list[str]]:
    """The finest codes of each record, as `finest` gives them."""
    places = {code: place for place, code in enumerate(names)}
    found = []
    for codes in records:
        last = {names[code]: code for code in sorted(places.keys() & set(codes), key=places.__getitem__)}
        found.append([code for code in codes if code not in names or last[names[code]] == code])
    return found


def names_in_use(session: Session) -> dict[str, str]:
    """The names of the segments in use by code; none where no catalogue is in use."""
    try:
        return names(session, catalogue(session))
    except NotReady:
        return {}


def industries_of(session: Session, codes: Iterable[str]) -> list[str]:
    """The codes of the industries (GB/T 4754) of these segments of the catalogue in use. Raises NotReady without one."""
    wanted = set(codes)
    among = (one for one in segments_of(session, catalogue(session)) if one.code in wanted)
    return sorted({code for one in among for code in one.industry_codes})


def public(session: Session, row: SegmentCatalogue) -> CataloguePublic:
    """A catalogue version with its segments as shown to users."""
    return CataloguePublic(
        **row.model_dump(
            include={"version", "title", "valid_from", "valid_to", "source", "official", "in_use"}
        ),
        status_name="已核定" if row.official else "待官方核定",
        segments=[SegmentPublic.model_validate(s, from_attributes=True) for s in segments_of(session, row)],
    )
