"""Lists as Excel workbooks: all records that a list shows, in its order, and the conditions that it was made by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path

import xlsxwriter

from catalog.db import Session
from catalog.demand import enterprises, needs
from catalog.kit.base import ClassRef, chunks
from catalog.kit.days import BEIJING, beijing_today
from catalog.mending import tombstones
from catalog.segments import segments
from catalog.supply import patents, patents_shown
from catalog.supply.patents_shown import PatentPublic
from catalog.webhooks import lists as delivery_lists
from catalog.webhooks import shown as webhooks_shown
from service.sheets.documents import as_csv, printable

MOST_EXPORTED = 100_000
MAX_CELL = 32_767
DORMANT = {True: "沉睡", False: "非沉睡", None: "资料不足"}
DEMO = "演示数据"

Value = str | int | Decimal | date | None


@dataclass
class Listing:
    """A list on its way to a file: columns with their widths, rows of values in their order, conditions in words."""

    title: str
    columns: Sequence[tuple[str, int]]
    rows: Iterator[Sequence[Value]]
    conditions: Sequence[str]


PATENT_COLUMNS = (
    ("申请号", 18), ("名称", 44), ("类型", 10), ("专利权人", 32), ("专利权人类型", 12), ("地区", 14), ("申请日", 12), ("授权公告日", 12),
    ("状态", 12), ("状态依据", 12), ("最后有效日", 12), ("年费缴至日", 12), ("公开（公告）号", 18), ("IPC", 24), ("产业细分领域", 30),
    ("沉睡", 10), ("潜力分", 8), ("判断理由", 60), ("系统编号", 10), ("备注", 10),
)  # fmt: skip
NEED_COLUMNS = (
    ("需求编号", 18), ("外部编号", 18), ("需求名称", 36), ("需求描述", 60), ("企业", 30), ("地区", 12), ("行业", 24),
    ("产业细分领域", 30), ("预算（元）", 14),
    ("合作方式", 12), ("状态", 10), ("发布日期", 12), ("截止日期", 12), ("系统编号", 10), ("备注", 10),
)  # fmt: skip
ENTERPRISE_COLUMNS = (
    ("企业名称", 36), ("统一社会信用代码", 22), ("曾用名", 30), ("资质", 24), ("地区", 12), ("地址", 36), ("行业", 24), ("从业人员数", 10),
    ("营业收入（元）", 16),
    ("成立日期", 12), ("主要产品", 36), ("系统编号", 10), ("备注", 10),
)  # fmt: skip

DELETION_COLUMNS = (
    ("删除编号", 10), ("种类", 14), ("记录编号", 10), ("名称", 44), ("方式", 8), ("理由", 36), ("操作者", 16), ("时间（北京）", 18),
    ("并入编号", 10), ("随之删除于", 12), ("恢复时间（北京）", 18), ("恢复者", 16),
)  # fmt: skip
DELIVERY_COLUMNS = (
    ("编号", 8), ("事件", 22), ("内容", 20), ("记录种类", 12), ("记录编号", 10), ("发生时间（北京）", 20), ("推送情况", 10),
    ("尝试次数", 10), ("最近一次尝试（北京）", 20), ("状态码", 8), ("没有答复的原因", 36), ("下一次尝试（北京）", 20), ("事件编号", 40),
)  # fmt: skip


def patents_list(session: Session, ids: Sequence[int], conditions: Sequence[str]) -> Listing:
    """The patents with these ids."""
    names = segments.names_in_use(session)

    def rows() -> Iterator[Sequence[Value]]:
        for chunk in chunks(ids):
            found = patents_shown.many(session, chunk, today=beijing_today())
            yield from (_patent(found[key], names) for key in chunk if key in found)
            session.expunge_all()

    return Listing("专利清单", PATENT_COLUMNS, rows(), conditions)


def _patent(patent: PatentPublic, names: dict[str, str]) -> Sequence[Value]:
    life, screening = patent.life, patent.screening
    return (
        patent.application_number or patents.NO_NUMBER,
        patent.title,
        patent.kind_name,
        "；".join(patent.holders),
        patent.holder_kind_name,
        patent.region_name,
        patent.filing_date,
        patent.grant_date,
        life.status.label if life else None,
        life.status_basis.label if life else None,
        patent.last_valid_day,
        patent.annuity_paid_until,
        "；".join(patent.publications),
        "；".join(patent.ipc),
        _segments(patent.classes, names),
        DORMANT[screening.dormant] if screening else None,
        screening.potential if screening else None,
        screening.reason if screening else None,
        patent.id,
        DEMO if patent.is_demo else None,
    )


def needs_list(session: Session, ids: Sequence[int], conditions: Sequence[str]) -> Listing:
    """The needs with these ids."""
    names, today = segments.names_in_use(session), beijing_today()

    def rows() -> Iterator[Sequence[Value]]:
        for chunk in chunks(ids):
            found = needs.many(session, chunk, today)
            for need in (found[key] for key in chunk if key in found):
                yield (
                    need.code, need.external_id, need.title, need.text, need.enterprise_name, need.prefecture_name, need.industry_name,
                    _segments(need.classes, names), need.budget, need.cooperation_name, need.status_name, need.published_on,
                    need.closes_on, need.id, DEMO if need.is_demo else None,
                )  # fmt: skip
            session.expunge_all()

    return Listing("技术需求清单", NEED_COLUMNS, rows(), conditions)


def enterprises_list(session: Session, ids: Sequence[int], conditions: Sequence[str]) -> Listing:
    """The enterprises with these ids."""

    def rows() -> Iterator[Sequence[Value]]:
        for chunk in chunks(ids):
            found = enterprises.many(session, chunk)
            for firm in (found[key] for key in chunk if key in found):
                yield (
                    firm.name, firm.credit_code, "；".join(firm.former_names), "；".join(firm.titles), firm.prefecture_name, firm.address,
                    firm.industry_name, firm.staff, firm.revenue, firm.founded_on, firm.products, firm.id, DEMO if firm.is_demo else None,
                )  # fmt: skip
            session.expunge_all()

    return Listing("企业清单", ENTERPRISE_COLUMNS, rows(), conditions)


LISTINGS = {"patents": patents_list, "needs": needs_list, "enterprises": enterprises_list}
"""The lists of the kinds of records, by kind."""


def deletions_list(session: Session, ids: Sequence[int], conditions: Sequence[str]) -> Listing:
    """The deleted records with these ids."""

    def rows() -> Iterator[Sequence[Value]]:
        for chunk in chunks(ids):
            found = tombstones.many(session, chunk)
            for one in (found[key] for key in chunk):
                yield (
                    one.id, one.kind_name, one.record_id, one.name, "合并" if one.merged_into else "删除", one.reason, one.actor,
                    _minute(one.deleted_at), one.merged_into, one.taken_with, _minute(one.restored_at), one.restored_by,
                )  # fmt: skip
            session.expunge_all()

    return Listing("删除记录", DELETION_COLUMNS, rows(), conditions)


def deliveries_list(session: Session, ids: Sequence[int], conditions: Sequence[str]) -> Listing:
    """The deliveries with these ids."""

    def rows() -> Iterator[Sequence[Value]]:
        for chunk in chunks(ids):
            for one in webhooks_shown.deliveries(session, delivery_lists.many(session, chunk)):
                yield (
                    one.id, one.event, one.event_name, one.record_kind, one.record_id, _second(one.created_at), one.state_name,
                    one.attempts, _second(one.last_try), one.last_status, one.last_error, _second(one.next_try), one.event_id,
                )  # fmt: skip
            session.expunge_all()

    return Listing("推送记录", DELIVERY_COLUMNS, rows(), conditions)


def _minute(moment: datetime | None) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}" if moment else ""


def _second(moment: datetime | None) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}" if moment else ""


def _segments(classes: Sequence[ClassRef], names: dict[str, str]) -> str:
    return "；".join(
        f"{ref.code} {names.get(ref.code, '')}".strip() for ref in classes if ref.scheme == "segment"
    )


def to_csv(listing: Listing) -> bytes:
    """The list as CSV: its columns and rows."""
    rows = (["" if value is None else str(value) for value in row] for row in listing.rows)
    return as_csv(chain([[name for name, _ in listing.columns]], rows))


def write(path: Path, listing: Listing) -> int:
    """Writes the workbook; returns the number of records. Text is never evaluated as a formula."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        heading = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "valign": "vcenter"})
        body = book.add_format({"valign": "top"})
        sheet = book.add_worksheet(listing.title)
        sheet.freeze_panes(1, 2)
        for column, (name, width) in enumerate(listing.columns):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, name, heading)
        line = 0
        for line, row in enumerate(listing.rows, 1):
            for column, value in enumerate(row):
                if isinstance(value, int | Decimal):
                    sheet.write_number(line, column, float(value), body)
                elif value is not None and value != "":
                    sheet.write_string(line, column, printable(str(value))[:MAX_CELL], body)
        sheet.autofilter(0, 0, max(line, 1), len(listing.columns) - 1)
        about = book.add_worksheet("说明")
        about.set_column(0, 0, 100)
        lines = [
            f"{listing.title}，共 {line} 条，导出日 {beijing_today()}",
            *(listing.conditions or ["无筛选条件"]),
        ]
        for place, text in enumerate(lines):
            about.write_string(place, 0, printable(text))
    return line
