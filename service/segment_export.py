"""Gathers what stands behind the statistics by segment; shared by REST and command line."""

from __future__ import annotations

from collections.abc import Sequence

from catalog import deal_lists, licences, segment_matches, segment_statistics
from catalog.db import Session
from catalog.deal_lists import DealFilter
from catalog.segment_matches import MatchFilter
from catalog.segment_statistics import SegmentFilter
from catalog.terms import DealKind, DealStatus
from service.documents import Document
from service.segment_sheet import document_of

MOST_MATCHES = 20_000
"""Lines of matches in a workbook: a night has a million of them."""


def workbook(session: Session, where: SegmentFilter, conditions: Sequence[str]) -> Document:
    """The statistics with the deals, declarations and matches behind them."""
    report = segment_statistics.report(session, where)
    signed = DealFilter(region=where.region, giver=where.holder, since=where.since, until=where.until)
    deals = [
        deal
        for deal in deal_lists.every(session, signed)
        if deal.status != DealStatus.VOID and deal.kind != DealKind.PLEDGE
    ]
    declared = licences.publics(session, segment_statistics.declared_in(session, where))
    wanted = MatchFilter(region=where.region, holder=where.holder, until=where.until)
    matches = segment_matches.matches(session, wanted, offset=0, limit=MOST_MATCHES)
    concerned = {row.patent_id for row in declared}
    concerned |= {patent.patent_id for deal in deals for patent in deal.patents}
    shares = segment_matches.segment_shares(session, sorted(concerned))
    return document_of(report, conditions, deals, declared, matches, shares)
