"""Collects the input data of the statistics by segment; shared by REST and command line."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db import Session
from catalog.deals import lists as deal_lists
from catalog.deals.lists import DealFilter
from catalog.kit.terms import DealKind, DealStatus
from catalog.licences import shown as licences_shown
from catalog.statistics import matches as match_statistics
from catalog.statistics import segments as segment_statistics
from catalog.statistics.matches import MatchFilter
from catalog.statistics.segments import SegmentFilter
from service.sheets.documents import PrintedDocument
from service.sheets.segments import document_of

MOST_MATCHES = 20_000
"""Lines of matches in a workbook: a night has a million of them."""


def workbook(session: Session, where: SegmentFilter, conditions: Sequence[str]) -> PrintedDocument:
    """The statistics with the deals, declarations and matches behind them."""
    report = segment_statistics.report(session, where)
    signed = DealFilter(region=where.region, giver=where.holder, since=where.since, until=where.until)
    deals = [
        deal
        for deal in deal_lists.every(session, signed)
        if deal.status != DealStatus.VOID and deal.kind != DealKind.PLEDGE
    ]
    declared = licences_shown.publics(
        session, segment_statistics.declared_in(session, where), today=where.today
    )
    wanted = MatchFilter(region=where.region, holder=where.holder, until=where.until, today=where.today)
    matches = match_statistics.matches(session, wanted, offset=0, limit=MOST_MATCHES)
    concerned = {row.patent_id for row in declared}
    concerned |= {patent.patent_id for deal in deals for patent in deal.patents}
    shares = match_statistics.segment_shares(session, sorted(concerned))
    return document_of(report, conditions, deals, declared, matches, shares)
