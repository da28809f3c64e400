"""Statistics of the answers to matches (匹配反馈统计) by reason, segment and holder, suppressed for small groups.

A handful of answers, or many of one firm, is no evidence about a segment or a holder: below the floor (feedback.toml) a group
shows the number of its answers only. No ranking uses these statistics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from catalog.db import Session
from catalog.demand import feedback
from catalog.demand.feedback import FeedbackFilter, FeedbackTally
from catalog.kit.terms import FeedbackReason, FeedbackVerdict
from catalog.reference.rule_files import parse, read
from catalog.segments import segments
from catalog.supply import holders

FILE_NAME = "feedback.toml"
TOO_FEW = "样本不足"
NO_EFFECT = "答复只供积累与统计，不改变任何人的匹配排序；同一企业对同一需求和专利只计最后一次"


class Floor(BaseModel):
    """The least numbers of answers and of responding firms at which the figures of a group are shown."""

    model_config = ConfigDict(extra="forbid")

    answers: int = Field(ge=1, description="答复条数")
    firms: int = Field(ge=1, description="不同企业数")


class ReasonCount(BaseModel):
    """The number of answers that name a reason."""

    reason: FeedbackReason = Field(description="不合适的原因")
    reason_name: str = Field(description="原因的中文名称")
    answers: int = Field(description="答复条数")
    firms: int = Field(description="不同企业数")


class FeedbackGroup(BaseModel):
    """The answers of one group; `suitable`, `unsuitable` and `reasons` are null where there are too few."""

    key: str = Field(description="细分领域代码或专利权人编号；全部为空")
    name: str = Field(description="分组的名称：产业细分领域或专利权人")
    answers: int = Field(description="答复条数")
    firms: int = Field(description="作答企业数")
    enough: bool = Field(description="是否达到统计门槛")
    note: str = Field(description="未达门槛时为“样本不足”及还差多少")
    suitable: int | None = Field(description="答复合适的条数；样本不足时为空")
    unsuitable: int | None = Field(description="答复不合适的条数；样本不足时为空")
    reasons: list[ReasonCount] | None = Field(description="不合适的原因，多的在前")


class FeedbackSummary(BaseModel):
    """All groups and the floor they were held against."""

    floor: Floor = Field(description="显示数字所需的最少答复条数与企业数")
    floor_version: str = Field(description="上述最少数所在规则的版本")
    note: str = Field(default=NO_EFFECT, description="说明：反馈不改变排序")
    whole: FeedbackGroup = Field(description="全部答复")
    by_segment: list[FeedbackGroup] = Field(description="按产业细分领域")
    by_holder: list[FeedbackGroup] = Field(description="按专利权人")


def summary(session: Session, where: FeedbackFilter, data_dir: Path | None = None) -> FeedbackSummary:
    """The answers that meet the conditions, counted. Raises InvalidInput for an unusable floor."""
    file = read(__name__, FILE_NAME, data_dir)
    floor = parse(file, Floor)
    tallies = {group: feedback.tallies(session, where, group) for group in ("all", "segment", "holder")}
    names = holders.names_of(session, [int(key) for key in {t.key for t in tallies["holder"]}])
    whole = _groups(tallies["all"], {"": "全部"}, floor)
    return FeedbackSummary(
        floor=floor,
        floor_version=file.version,
        whole=whole[0] if whole else _group("", "全部", FeedbackTally("", None, None, 0, 0), [], floor),
        by_segment=_groups(tallies["segment"], segments.names_in_use(session), floor),
        by_holder=_groups(tallies["holder"], {str(id_): name for id_, name in names.items()}, floor),
    )


def _groups(tallies: Sequence[FeedbackTally], names: Mapping[str, str], floor: Floor) -> list[FeedbackGroup]:
    """The groups, in descending order of answers."""
    wholes = {tally.key: tally for tally in tallies if tally.verdict is None}
    parts: dict[str, list[FeedbackTally]] = {key: [] for key in wholes}
    for tally in tallies:
        if tally.verdict is not None:
            parts[tally.key].append(tally)
    found = [_group(key, names.get(key, key), whole, parts[key], floor) for key, whole in wholes.items()]
    return sorted(found, key=lambda group: (-group.answers, group.key))


def _group(
    key: str, name: str, whole: FeedbackTally, parts: Sequence[FeedbackTally], floor: Floor
) -> FeedbackGroup:
    enough = whole.answers >= floor.answers and whole.firms >= floor.firms
    counts = {verdict: sum(p.answers for p in parts if p.verdict == verdict) for verdict in FeedbackVerdict}
    lacking = f"{TOO_FEW}：须有 {floor.firms} 家企业的 {floor.answers} 条答复"
    return FeedbackGroup(
        key=key,
        name=name,
        answers=whole.answers,
        firms=whole.firms,
        enough=enough,
        note="" if enough else lacking,
        suitable=counts[FeedbackVerdict.SUITABLE] if enough else None,
        unsuitable=counts[FeedbackVerdict.UNSUITABLE] if enough else None,
        reasons=_reasons(parts) if enough else None,
    )


def _reasons(parts: Sequence[FeedbackTally]) -> list[ReasonCount]:
    found = [
        ReasonCount(reason=p.reason, reason_name=p.reason.label, answers=p.answers, firms=p.firms)
        for p in parts
        if p.reason is not None
    ]
    return sorted(found, key=lambda count: (-count.answers, count.reason.value))
