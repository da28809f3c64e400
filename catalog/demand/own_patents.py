"""Patents of the enterprises themselves: a firm and a holder of one name are the same."""

from sqlalchemy import func, select
from sqlmodel import Session, col

from catalog.demand.enterprises import Enterprise
from catalog.supply.holders import Holder
from catalog.supply.patents import PatentHolder


def of_firms(session: Session) -> list[tuple[int, int]]:
    """Enterprise and patent, by id, of all enterprises that hold patents, first or with others."""
    kept = func.coalesce(col(Holder.merged_into), col(Holder.id))
    query = (
        select(col(Enterprise.id), col(PatentHolder.patent_id))
        .join(Holder, col(Holder.name_key) == col(Enterprise.name_key))
        .join(PatentHolder, col(PatentHolder.holder_id) == kept)
        .order_by(col(Enterprise.id), col(PatentHolder.patent_id))
    )
    return [(firm, patent) for firm, patent in session.execute(query)]
