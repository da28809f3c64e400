"""Match results as CSV and Excel files: the rows on the screen, and their basis."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import xlsxwriter

from catalog.kit.terms import Band
from matching.answers.results import NO_NEED_SUITABLE, NOTHING_SUITABLE, MatchResponse, NeedMatch, PatentMatch
from matching.need.exclusions import BrokenExclusion
from matching.ranking.families import FamilyMember
from matching.ranking.pair_factors import FactorAmount
from matching.retrieval.confidence import Confidence
from service.requests.batches import NamedAnswer
from service.sheets.documents import Cell, PrintedDocument, Section, as_csv

COLUMNS = (
    ("名次", 6),
    ("专利名称", 44),
    ("匹配程度", 10),
    ("排除要求", 24),
    ("申请号", 18),
    ("专利类型", 10),
    ("专利权人", 30),
    ("专利权人类型", 12),
    ("地区", 14),
    ("申请日", 12),
    ("授权公告日", 12),
    ("有效性", 14),
    ("法律状态", 10),
    ("IPC", 24),
    ("产业细分领域（依据）", 36),
    ("开放许可条件", 44),
    ("依据", 60),
    ("同族或近似专利", 50),
    ("得分", 10),
    ("其中相关度", 10),
    ("其中因素", 10),
    ("加分项与减分项", 44),
    ("相关度中全文语义", 14),
    ("相关度中最相近一句", 16),
    ("相关度中关键词", 12),
    ("语义名次", 8),
    ("关键词名次", 8),
    ("备注", 12),
)
QUERY_COLUMNS = ("查询", "最高匹配程度", "结果数", "排在最前的结果", "说明")
HIT_COLUMNS = (
    "查询", "名次", "匹配程度", "申请号或需求编号", "名称", "专利权人或企业", "开放许可条件", "开放许可判定", "排除要求", "最相近的一句",
)  # fmt: skip


def broken_text(broken: Sequence[BrokenExclusion]) -> str:
    """The exclusions of the need that the patent breaks, in words."""
    return "；".join(one.text for one in broken)


def band_name(confidence: Confidence | None) -> str | None:
    """The band of a pair in a word; None where there is nothing to compare with."""
    return confidence.band_name if confidence else None


def factors_text(factors: Sequence[FactorAmount]) -> str:
    """The factors that raise or lower a row in words: names, amounts with sign and reasons."""
    return "；".join(f"{one.name} {one.amount:+.6f}（{one.reason}）" for one in factors if one.amount)


def family_text(member: FamilyMember) -> str:
    """A folded patent in words: its identity, why it is folded, whether it may be openly licensed."""
    about = (member.kind_name, member.reason_name, member.eligibility_name, member.note)
    return f"{member.application_number or '缺申请号'} {member.title}（{'，'.join(one for one in about if one)}）"


def cells(item: PatentMatch) -> list[str]:
    """The cells of one result, in the order of COLUMNS."""
    patent = item.patent
    values = (
        item.rank,
        patent.title,
        band_name(item.confidence),
        broken_text(item.exclusions_broken) or None,
        patent.application_number or "缺申请号",
        patent.kind_name,
        "；".join(patent.holders),
        patent.holder_kind_name,
        patent.region_name,
        patent.filing_date,
        patent.grant_date,
        patent.in_force_name,
        patent.legal_status_name,
        "；".join(patent.ipc),
        "；".join(f"{segment.code} {segment.name}（{segment.basis_name}）" for segment in item.segments),
        item.licence.terms if item.licence else None,
        " / ".join(evidence.sentence for evidence in item.evidence),
        "；".join(family_text(member) for member in item.family),
        f"{item.score:.6f}",
        f"{item.relevance:.6f}",
        f"{sum(factor.amount for factor in item.factors):.6f}",
        factors_text(item.factors),
        f"{item.scores.document:.6f}",
        f"{item.scores.sentence:.6f}",
        f"{item.scores.lexical:.6f}",
        item.scores.dense_rank,
        item.scores.lexical_rank,
        "演示数据" if patent.is_demo else None,
    )
    return ["" if value is None else str(value) for value in values]


def notes(
    text: str, conditions: Sequence[str], ordering: Sequence[str], response: MatchResponse[PatentMatch]
) -> list[tuple[str, str]]:
    """The basis of the results."""
    return [
        ("需求文本", text),
        ("筛选条件", "；".join(conditions) or "无"),
        ("排序", "；".join(ordering) or "按综合匹配度排序，未提供需求方所在地区"),
        ("结果条数", str(len(response.items))),
        ("合并显示的近似专利", str(sum(len(item.family) for item in response.items))),
        ("索引版本", response.generation),
        ("语义模型", response.model),
        ("产业目录版本", response.segment_catalogue),
        *(("提示", notice) for notice in (_verdict(response) + response.notices)),
    ]


def _verdict(response: MatchResponse[PatentMatch]) -> list[str]:
    return [NOTHING_SUITABLE] if response.items and not response.suitable else []


def to_csv(response: MatchResponse[PatentMatch], about: Sequence[tuple[str, str]]) -> bytes:
    """The results as CSV, followed by what they rest on."""
    return as_csv(_rows(response, about))


def _rows(response: MatchResponse[PatentMatch], about: Sequence[tuple[str, str]]) -> Iterator[Sequence[str]]:
    yield [heading for heading, _ in COLUMNS]
    yield from (cells(item) for item in response.items)
    yield []
    yield from about


def to_xlsx(response: MatchResponse[PatentMatch], about: Sequence[tuple[str, str]]) -> bytes:
    """The results as an Excel workbook; every cell is written as text, so nothing runs as a formula."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as workbook:
        heading = workbook.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "valign": "vcenter"})
        body = workbook.add_format({"text_wrap": True, "valign": "top", "border": 1})
        sheet = workbook.add_worksheet("匹配结果")
        sheet.freeze_panes(1, 2)
        for column, (name, width) in enumerate(COLUMNS):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, name, heading)
        for line, item in enumerate(response.items, 1):
            for column, cell in enumerate(cells(item)):
                sheet.write_string(line, column, cell, body)
        sheet.autofilter(0, 0, max(len(response.items), 1), len(COLUMNS) - 1)
        about_sheet = workbook.add_worksheet("说明")
        about_sheet.set_column(0, 0, 16)
        about_sheet.set_column(1, 1, 80)
        for line, (name, value) in enumerate(about):
            about_sheet.write_string(line, 0, name, heading)
            about_sheet.write_string(line, 1, value, body)
    return out.getvalue()


def best_band(response: MatchResponse[PatentMatch] | MatchResponse[NeedMatch]) -> str:
    """The highest band of the results in a word; empty without any."""
    order = list(Band)
    bands = [item.confidence for item in response.items if item.confidence]
    return min(bands, key=lambda one: order.index(one.band)).band_name if bands else ""


def query_row(answer: NamedAnswer) -> list[Cell]:
    """A query of a batch with what was found, or why nothing was, in the order of QUERY_COLUMNS."""
    if answer.matches is None:
        return [answer.name, "", "", "", answer.error.message if answer.error else ""]
    items = answer.matches.items
    first = _of_hit(items[0])[1] if items else ""
    notices = list(answer.matches.notices)
    if items and not answer.matches.suitable:
        notices.insert(0, NOTHING_SUITABLE if isinstance(items[0], PatentMatch) else NO_NEED_SUITABLE)
    return [answer.name, best_band(answer.matches), len(items), first, "；".join(notices)]


def batch_document(
    answers: Sequence[NamedAnswer], generation: str, conditions: Sequence[str]
) -> PrintedDocument:
    """The answers to a batch as one document: the queries, and all results of all of them."""
    about = [f"查询 {len(answers)} 条，索引 {generation}", *(conditions or ["无共同的筛选条件"])]
    hits = [
        [answer.name, item.rank, band_name(item.confidence), *_of_hit(item)]
        for answer in answers
        for item in (answer.matches.items if answer.matches else ())
    ]
    queries = Section("查询", QUERY_COLUMNS, [query_row(answer) for answer in answers])
    return PrintedDocument("批量匹配结果", about, [queries, Section("匹配结果", HIT_COLUMNS, hits)])


def _of_hit(item: PatentMatch | NeedMatch) -> list[Cell]:
    """The cells of a result of a batch from its number on."""
    sentence = item.evidence[0].sentence if item.evidence else ""
    broken = broken_text(item.exclusions_broken)
    if isinstance(item, NeedMatch):
        return [item.need.code, item.need.title, item.need.enterprise_name, "", "", broken, sentence]
    patent, licence = item.patent, item.licence
    return [
        patent.application_number or "缺申请号",
        patent.title,
        "；".join(patent.holders),
        licence.terms if licence else "",
        item.eligibility.verdict_name,
        broken,
        sentence,
    ]
