"""The types of events that other systems can subscribe to, one object each in one list.

What an event holds is what its receiver needs to look the record up: ids, states and counts, no texts, names or amounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ACTION = {"action": "动作的代码", "action_name": "动作"}


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event: `kind` of its record as in REST, the `address` of that with `{id}`, the meaning of each field of `data`."""

    name: str
    title: str
    kind: str
    address: str
    data: Mapping[str, str]
    example: Mapping[str, Any]

    def record(self, record_id: int) -> dict[str, Any]:
        """The record as the payload names it."""
        return {"kind": self.kind, "id": record_id, "url": self.address.format(id=record_id)}


IMPORT_FINISHED = EventType(
    "import.finished",
    "导入结束",
    "imports",
    "/api/v1/imports/{id}",
    {
        "kind": "记录种类",
        "status": "finished 完成，failed 失败，interrupted 已中断，undone 已撤销",
        "rows": "总行数",
        "new": "新增的行数",
        "changed": "更新的行数",
        "unchanged": "未变更的行数",
        "rejected": "退回的行数",
        "waiting": "待决定的行数",
    },
    {"kind": "patents", "status": "finished", "rows": 12, "new": 5, "changed": 0, "unchanged": 1, "rejected": 6, "waiting": 0},
)  # fmt: skip
NIGHT_FINISHED = EventType(
    "night.finished",
    "夜间批处理结束",
    "nightly",
    "/api/v1/nightly/{id}",
    {
        "status": "finished 完成，failed 失败",
        "generation": "启用的索引版本",
        "needs_changed": "匹配有变化的需求数；首次计算时为空",
        "matches_new": "新出现的匹配数；首次计算时为空",
        "matches_gone": "不再匹配的数；首次计算时为空",
    },
    {"status": "finished", "generation": "20261201-013112-204", "needs_changed": 3, "matches_new": 4, "matches_gone": 1},
)  # fmt: skip
NEED_MATCHES_CHANGED = EventType(
    "need.matches_changed",
    "需求的匹配有变化",
    "needs",
    "/api/v1/needs/{id}/matches/night",
    {
        "run_id": "夜间批处理的编号",
        "new": "新出现的匹配（匹配程度为高、中）的专利编号",
        "gone": "不再匹配的专利编号",
        "rebanded": "匹配程度改变的：专利编号、原匹配程度、现匹配程度",
    },
    {"run_id": 12, "new": [197], "gone": [], "rebanded": [[52, "medium", "high"]]},
)
LICENCE_CHANGED = EventType(
    "licence.changed",
    "开放许可声明有变动",
    "licences",
    "/api/v1/licences/{id}",
    {
        **_ACTION,
        "patent_id": "专利编号；删除、合并、恢复、撤销导入时为空",
        "status": "变动后的状态；何时为空同上",
    },
    {"action": "published", "action_name": "公告", "patent_id": 5, "status": "published"},
)
_DEAL_DATA = {**_ACTION, "kind": "交易种类；删除、合并、恢复、撤销导入时为空", "status": "登记状态；同上"}
DEAL_RECORDED = EventType(
    "deal.recorded",
    "交易登记",
    "deals",
    "/api/v1/deals/{id}",
    _DEAL_DATA,
    {"action": "created", "action_name": "登记", "kind": "licence", "status": "valid"},
)
DEAL_CHANGED = EventType(
    "deal.changed",
    "交易有变动",
    "deals",
    "/api/v1/deals/{id}",
    _DEAL_DATA,
    {"action": "received", "action_name": "到账", "kind": "licence", "status": "valid"},
)

EVENT_TYPES: Sequence[EventType] = (
    IMPORT_FINISHED,
    NIGHT_FINISHED,
    NEED_MATCHES_CHANGED,
    LICENCE_CHANGED,
    DEAL_RECORDED,
    DEAL_CHANGED,
)
BY_NAME = {event.name: event for event in EVENT_TYPES}

TEST_EVENT = EventType("webhook.test", "试发", "webhooks", "/api/v1/webhooks/{id}", {}, {})
"""The event of a trial; nobody can subscribe to it."""
