"""The index's view of needs: text and filter values."""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from catalog.demand.needs import Need, full_text
from catalog.kit.base import chunks, id_of
from catalog.kit.terms import NeedStatus
from catalog.reference.content import has_content


class NeedText(SQLModel):
    """The fields of a need that are indexed; one that `is_open` takes part in matching and says something.

    On which days it can be matched, its `closes_on` decides.
    """

    id: int
    text: str
    industry: str | None
    province: str | None
    prefecture: str | None
    segments: list[str]
    is_open: bool
    closes_on: date | None = None


def texts(session: Session) -> Iterator[NeedText]:
    """All needs in the order of their ids, as the index needs them."""
    query = select(Need).order_by(col(Need.id)).execution_options(yield_per=2000)
    yield from map(_text, session.execute(query).scalars())


def texts_of(session: Session, ids: Sequence[int]) -> Iterator[NeedText]:
    """The existing needs among these ids, as `texts` gives them."""
    for chunk in chunks(ids):
        query = select(Need).where(col(Need.id).in_(chunk))
        yield from map(_text, session.execute(query).scalars())


def _text(row: Need) -> NeedText:
    text = full_text(row.title, row.text)
    return NeedText(
        id=id_of(row),
        text=text,
        industry=row.industry,
        province=row.province,
        prefecture=row.prefecture,
        segments=[str(c["code"]) for c in row.classes if c["scheme"] == "segment"],
        is_open=row.status == NeedStatus.OPEN.value and has_content(text),
        closes_on=row.closes_on,
    )
