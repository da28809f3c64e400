"""The statistics by segment as an Excel workbook: the figures, and the deals, declarations and matches behind them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from catalog.deals.shown import DealPublic
from catalog.kit.money import plain
from catalog.licences.shown import LicencePublic
from catalog.statistics.contracts import FLOOR
from catalog.statistics.matches import MatchPage
from catalog.statistics.segments import SegmentFigures, SegmentReport
from service.sheets.documents import Cell, PrintedDocument, Section
from service.sheets.fees import wan

HEADINGS = (
    "代码",
    "细分领域",
    "类别",
    "高、中匹配（对）",
    "有高、中匹配的专利（件）",
    "期内开放许可声明（份）",
    "期末公告中声明（份）",
    "交易（笔）",
    "交易专利（件次）",
    "合同金额（万元）",
    "到账金额（万元）",
    "平均合同金额（万元）",
)
Shares = dict[int, dict[str, Decimal]]


def row_of(code: str, name: str, group: str, figures: SegmentFigures) -> list[Cell]:
    """The cells of a segment, in the order of HEADINGS."""
    counts = (
        figures.matches,
        figures.matched_patents,
        figures.declared,
        figures.open_now,
        figures.deals,
        figures.deal_patents,
    )
    average = wan(figures.average_amount) if figures.average_amount is not None else "不公布"
    return [
        code,
        name,
        group,
        *(Decimal(plain(count)) for count in counts),
        wan(figures.contract_amount),
        wan(figures.received),
        average,
    ]


def rows_of(report: SegmentReport) -> list[list[Cell]]:
    """All segments and the total."""
    rows = [row_of(row.code, row.name, row.group_name, row) for row in report.rows]
    return [*rows, row_of("", "合计", "", report.total)]


def lines_of(report: SegmentReport, conditions: Sequence[str]) -> list[str]:
    """The basis of the figures."""
    run = (
        f"第 {report.run_id} 次夜间批处理（{report.run_finished_at:%Y-%m-%d}）"
        if report.run_finished_at
        else "无"
    )
    return [
        f"产业目录：{report.catalogue}（{report.catalogue_status}）",
        f"期间：{report.since or '最早'} 至 {report.until or '今日'}；其他条件：{'；'.join(conditions) or '无'}",
        f"计数：{report.counting.label}。{report.rule}",
        "地区：匹配按需求所在地，声明按专利登记地址，交易按受让方登记簿地址；专利权人：交易按出让方",
        f"匹配取自：{run}，{report.counted}；到账按到账日计；平均合同金额仅在有金额的合同多于 {FLOOR} 份时公布",
        *report.notes,
    ]


def document_of(
    report: SegmentReport,
    conditions: Sequence[str],
    deals: Sequence[DealPublic],
    licences: Sequence[LicencePublic],
    matches: MatchPage,
    shares: Shares,
) -> PrintedDocument:
    """The workbook of the statistics."""
    return PrintedDocument(
        "产业细分领域统计",
        lines_of(report, conditions),
        [
            Section("按细分领域", HEADINGS, rows_of(report)),
            Section("交易明细", DEAL_HEADINGS, _deal_rows(deals, shares)),
            Section("声明明细", LICENCE_HEADINGS, [_licence_row(row, shares) for row in licences]),
            Section(
                "匹配明细",
                (
                    "需求编号",
                    "需求名称",
                    "申请号",
                    "专利名称",
                    "匹配程度",
                    "名次",
                    "得分",
                    "细分领域（权重）",
                ),
                [_match_row(line) for line in matches.items],
                [f"{matches.counted}；共 {matches.total} 对，列出前 {len(matches.items)} 对", *matches.notes],
            ),
        ],
    )


DEAL_HEADINGS = (
    "合同编号",
    "交易种类",
    "签约日",
    "申请号",
    "专利名称",
    "出让方",
    "受让方",
    "本件专利分摊比例",
    "细分领域（权重）",
    "合同金额（万元）",
    "到账合计（万元）",
)
LICENCE_HEADINGS = ("申请号", "专利名称", "声明日", "状态", "许可条件", "细分领域（权重）")


def _classes(shares: dict[str, Decimal] | None) -> str:
    return (
        "；".join(f"{code}（{plain(round(share, 4))}）" for code, share in (shares or {}).items()) or "未分类"
    )


def _deal_rows(deals: Sequence[DealPublic], shares: Shares) -> list[list[Cell]]:
    """One row per patent; amounts are given in the first row of the deal only, so that they add up."""
    return [
        [
            deal.code,
            deal.kind_name,
            str(deal.signed_on),
            patent.application_number,
            patent.title,
            "；".join(party.name for party in deal.givers),
            "；".join(party.name for party in deal.takers),
            Decimal(plain(round(Decimal(1) / len(deal.patents), 4))),
            _classes(shares.get(patent.patent_id)),
            wan(deal.contract_amount) if place == 0 else None,
            wan(deal.received) if place == 0 else None,
        ]
        for deal in deals
        for place, patent in enumerate(deal.patents)
    ]


def _licence_row(row: LicencePublic, shares: Shares) -> list[Cell]:
    return [
        row.application_number,
        row.patent_title,
        str(row.declared_on) if row.declared_on else None,
        row.status_name,
        row.terms,
        _classes(shares.get(row.patent_id)),
    ]


def _match_row(line: Any) -> list[Cell]:
    return [
        line.need_id,
        line.need_title,
        line.application_number,
        line.patent_title,
        line.band_name,
        line.rank,
        Decimal(f"{line.score:.4f}"),
        _classes(line.segments),
    ]
