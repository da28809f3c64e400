"""The kinds of records whose changes are noted, and the tables that make up a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.kit.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class ChangingKind:
    """Records of one table; `parts` are tables whose rows belong to them, by the column that holds the id of the record.

    A change of such a row is one of the record. Parts that are written only together with their record, which then has another
    `updated_at`, need not stand here, nor does what is only its history.
    """

    name: str
    label: str
    table: str
    parts: Mapping[str, str] = field(default_factory=dict)


PATENTS = ChangingKind("patents", "专利", "patents")
NEEDS = ChangingKind("needs", "技术需求", "needs")
ENTERPRISES = ChangingKind("enterprises", "企业", "enterprises")

KINDS = (
    PATENTS,
    NEEDS,
    ENTERPRISES,
    ChangingKind("holders", "专利权人", "holders"),
    ChangingKind("licences", "开放许可声明", "licences"),
    # Merging patents or firms lets other deals name another record without touching the deals themselves.
    ChangingKind(
        "deals",
        "交易",
        "deals",
        {
            "deal_patents": "deal_id",
            "deal_parties": "deal_id",
            "deal_receipts": "deal_id",
            "deal_evidence": "deal_id",
        },
    ),
    ChangingKind("facts", "运用与评价记录", "patent_facts"),
    ChangingKind("feedback", "匹配反馈", "feedback"),
    ChangingKind("pipeline", "对接事项", "pipeline_cases"),
    ChangingKind("activities", "对接活动", "activities"),
    ChangingKind("invitations", "活动邀请", "invitations"),
    ChangingKind("meetings", "会谈", "meetings"),
    ChangingKind("outcomes", "对接结果", "meeting_outcomes", {"follow_ups": "outcome_id"}),
)
KIND_OF = {kind.name: kind for kind in KINDS}


def kind_named(name: str) -> ChangingKind:
    """The kind of this name. Raises InvalidInput naming those that there are."""
    if name not in KIND_OF:
        raise InvalidInput(f"没有“{name}”这一类记录", hint="可用的类别：" + "、".join(KIND_OF))
    return KIND_OF[name]
