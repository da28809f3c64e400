"""Answers to matches as an Excel list."""

from collections.abc import Iterator, Sequence
from typing import Any

from catalog.db import Session
from catalog.demand import feedback
from catalog.demand.feedback import FeedbackPublic
from catalog.kit.base import chunks
from service.sheets.lists import Listing, Value

COLUMNS = (
    ("编号", 8), ("登记时间（UTC）", 18), ("作答企业", 32), ("判断", 8), ("原因", 16), ("补充说明", 40), ("专利名称", 44), ("申请号", 18),
    ("专利权人", 32), ("需求名称", 36), ("需求文本", 50), ("需求编号", 10), ("索引版本", 22), ("名次", 8), ("得分", 10), ("登记人", 16),
    ("计入统计", 10),
)  # fmt: skip


def feedback_list(session: Session, ids: Sequence[int], conditions: Sequence[str]) -> Listing:
    """The answers with these ids in the order given; loaded while they are written."""
    return Listing("匹配反馈", COLUMNS, _rows(session, ids), conditions)


def _rows(session: Session, ids: Sequence[int]) -> Iterator[Sequence[Value]]:
    for chunk in chunks(ids):
        found = feedback.many(session, chunk)
        yield from (_cells(found[key]) for key in chunk if key in found)
        session.expunge_all()


def _cells(item: FeedbackPublic) -> list[Any]:
    score = None if item.score is None else f"{item.score:.4f}"
    return [
        item.id, f"{item.created_at:%Y-%m-%d %H:%M}", item.who, item.verdict_name, item.reason_name, item.note,
        item.patent_title, item.application_number, "；".join(item.holders), item.need_title, item.text, item.need_id,
        item.generation, item.rank, score, item.actor, "是" if item.counts else "否（已被后来的答复取代）",
    ]  # fmt: skip
