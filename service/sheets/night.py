"""A night's list (夜间匹配清单) of a need or a patent as a workbook, with its basis in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from catalog.statistics.night_lists import NightList, NightNeed, NightPatent, NightScores
from catalog.supply.patents import NO_NUMBER
from service.sheets.documents import Cell, PrintedDocument, Section

SCORES = ("得分", "其中相关度", "其中因素", "相关度中全文语义", "相关度中最相近一句", "相关度中关键词")


def of_need(found: NightList[NightPatent], name: str) -> PrintedDocument:
    """The patents of a need, which the title calls `name`."""
    headings = ("名次", "专利名称", "匹配程度", "申请号", "专利权人", "有效性", *SCORES, "专利编号")
    rows: list[list[Cell]] = [
        [
            item.rank, item.title, item.band_name, item.application_number or NO_NUMBER, "；".join(item.holders), item.in_force_name,
            *_scores(item), item.patent_id,
        ]
        for item in found.items
    ]  # fmt: skip
    return PrintedDocument(f"{name}的夜间匹配专利", lines_of(found), [Section("匹配专利", headings, rows)])


def of_patent(found: NightList[NightNeed], name: str) -> PrintedDocument:
    """The needs of a patent, which the title calls `name`."""
    headings = ("名次", "需求名称", "匹配程度", "需求编号", "企业", "需求状态", *SCORES, "系统编号")
    rows: list[list[Cell]] = [
        [item.rank, item.title, item.band_name, item.code, item.enterprise_name, item.status_name, *_scores(item), item.need_id]
        for item in found.items
    ]  # fmt: skip
    return PrintedDocument(f"{name}的夜间匹配需求", lines_of(found), [Section("匹配需求", headings, rows)])


def _scores(item: NightScores) -> list[Cell]:
    parts = (item.score, item.relevance, item.factors, item.document, item.sentence, item.lexical)
    return [Decimal(f"{part:.6f}") for part in parts]


def lines_of(found: NightList[Any]) -> list[str]:
    """The basis of the list."""
    if found.run_id is None:
        return found.notices
    return [
        f"第 {found.run_id} 次夜间批处理，按 {found.day or '当日'} 的状态匹配；索引 {found.generation or '未记录'}，"
        f"因素规则 {found.factor_rules or '未记录'}",
        *found.notices,
    ]
