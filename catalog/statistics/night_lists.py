"""The night's list (夜间匹配清单) of one need or one patent, with the names of the other side.

Ranks and scores are those of the night; names and states are those of today. Records removed since are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Generic

from pydantic import field_validator
from sqlmodel import Field, Session, SQLModel

from catalog.demand import needs
from catalog.kit.paging import ItemT, Page, PageQuery
from catalog.kit.terms import Band, NeedStatus
from catalog.runs import matches as night_matches
from catalog.runs.matches import NightMatch, NightSide
from catalog.supply import patents, patents_shown

NO_NIGHT = "尚无已完成的夜间匹配；请先运行 patentdock nightly"
ABSENT = {
    NightSide.NEED: "该需求未参加当夜的匹配：当时不在征集中、没有可供匹配的内容，或其后才登记",
    NightSide.PATENT: "该专利未参加当夜的匹配：当日已失效或尚未授权，或其后才登记",
}


GONE = "当夜结果中有 {} 条的记录已删除，不再列出"
NOT_OPEN = "当夜结果中有 {} 条需求已截止或不在征集中，不再列出"
CLOSED = "这条需求{}，不再列出匹配的专利"


class NightScores(SQLModel):
    """A score of the night and the parts that add up to it."""

    rank: int = Field(description="当夜的名次")
    score: float = Field(description="得分，排序所依：相关度与因素分值之和")
    relevance: float = Field(description="相关度：document、sentence、lexical 之和")
    document: float = Field(description="需求与专利全文的语义相似度（已乘权重）")
    sentence: float = Field(description="需求与专利最相近一句的语义相似度（已乘权重）")
    lexical: float = Field(description="关键词匹配（已乘权重）")
    factors: float = Field(description="各因素分值之和")
    share: float | None = Field(description="评测集上同等得分的匹配中能解决需求的比例")
    band: Band | None = Field(description="匹配程度：high 高、medium 中、low 低；当夜无从比较时为空")
    band_name: str | None = Field(description="匹配程度的中文名称")


class NightPatent(NightScores):
    """A patent that the night found for a need."""

    patent_id: int = Field(description="专利的编号")
    application_number: str | None = Field(description="申请号；草稿为空")
    title: str = Field(description="名称")
    holders: list[str] = Field(description="专利权人，第一位在前")
    in_force: bool | None = Field(description="今日是否有效；未知为空")
    in_force_name: str = Field(description="今日是否有效的中文说明")


class NightNeed(NightScores):
    """A need that the night found for a patent."""

    need_id: int = Field(description="技术需求的编号")
    code: str = Field(description="代码")
    title: str = Field(description="名称")
    enterprise_id: int | None = Field(description="企业的编号")
    enterprise_name: str | None = Field(description="企业名称")
    status_name: str = Field(description="状态的中文名称")


class NightQuery(PageQuery):
    """The requested page of a night's list."""

    sort: None = Field(default=None, description="不可排序：依当夜的名次")
    min_band: Band | None = Field(default=None, description="匹配程度不低于：high 高、medium 中、low 低")

    @field_validator("min_band", mode="before")
    @classmethod
    def _by_label(cls, value: Any) -> Any:
        return Band.parse(value) if isinstance(value, str) else value

    def takes(self, match: NightMatch) -> bool:
        """Whether a match is good enough; one that was never judged is."""
        return self.min_band is None or match.band is None or match.band.is_at_least(self.min_band)


class NightList(Page[ItemT], Generic[ItemT]):
    """A page of a night's list with its basis; without a night all fields are empty and `notices` gives the reason."""

    run_id: int | None = Field(default=None, description="夜间批处理的编号")
    day: date | None = Field(default=None, description="匹配所按的日期")
    generation: str | None = Field(default=None, description="所用的索引版本")
    factor_rules: str | None = Field(default=None, description="影响排序的因素的规则版本；早期批处理未记录")
    finished_at: datetime | None = Field(default=None, description="夜间批处理的结束时间")
    notices: list[str] = Field(default_factory=list, description="清单为空或不全的原因")


def of_need(session: Session, need_id: int, wanted: NightQuery, today: date) -> NightList[NightPatent]:
    """The patents that the last night found for a need, best first. Raises NotFound."""
    status = needs.status_on(needs.get(session, need_id), today)
    matches, about = _found(session, NightSide.NEED, need_id)
    if matches and status is not NeedStatus.OPEN:
        return NightList[NightPatent](
            **_paged([], wanted), **_noting(about, [], {CLOSED.format(status.label): 1})
        )
    shown = patents_shown.many(session, [match.id for match in matches], today=today)
    lines = [
        NightPatent(
            **scores,
            patent_id=patent.id,
            application_number=patent.application_number,
            title=patent.title,
            holders=patent.holders,
            in_force=patent.in_force,
            in_force_name=patent.in_force_name,
        )
        for match, scores in _scored(matches)
        if (patent := shown.get(match.id)) and wanted.takes(match)
    ]
    return NightList[NightPatent](
        **_paged(lines, wanted), **_noting(about, matches, {GONE: len(matches) - len(shown)})
    )


def of_patent(session: Session, patent_id: int, wanted: NightQuery, today: date) -> NightList[NightNeed]:
    """The needs, open today, that the last night found for a patent, best first. Raises NotFound."""
    patents.get(session, patent_id)
    matches, about = _found(session, NightSide.PATENT, patent_id)
    shown = needs.many(session, [match.id for match in matches], today)
    lines = [
        NightNeed(
            **scores,
            need_id=need.id,
            code=need.code,
            title=need.title,
            enterprise_id=need.enterprise_id,
            enterprise_name=need.enterprise_name,
            status_name=need.status_name,
        )
        for match, scores in _scored(matches)
        if (need := shown.get(match.id)) and need.status is NeedStatus.OPEN and wanted.takes(match)
    ]
    still_open = sum(need.status is NeedStatus.OPEN for need in shown.values())
    left_out = {GONE: len(matches) - len(shown), NOT_OPEN: len(shown) - still_open}
    return NightList[NightNeed](**_paged(lines, wanted), **_noting(about, matches, left_out))


def _found(session: Session, side: NightSide, record_id: int) -> tuple[list[NightMatch], dict[str, Any]]:
    """The matches of a record in the last night, and the fields of a `NightList` that state their basis."""
    run = night_matches.last_run(session)
    if run is None or run.id is None:
        return [], {"notices": [NO_NIGHT]}
    matches = night_matches.get(session, run.id, side, record_id)
    stage = run.stages.get("match", {})
    return matches or [], {
        "run_id": run.id,
        "day": stage.get("day"),
        "generation": run.generation or None,
        "factor_rules": stage.get("factor_rules"),
        "finished_at": run.finished_at,
        "notices": [ABSENT[side]] if matches is None else [],
    }


def _scored(matches: Sequence[NightMatch]) -> Iterator[tuple[NightMatch, dict[str, Any]]]:
    """Each match with the fields of `NightScores`, rounded to the millionths in which scores are reckoned."""
    for rank, match in enumerate(matches, 1):
        parts = {name: value for name, value in match._asdict().items() if name != "id"}
        named = {"band_name": match.band.label if match.band else None}
        yield match, {"rank": rank, "relevance": match.relevance, **parts, **named}


def _paged(lines: Sequence[NightScores], wanted: PageQuery) -> dict[str, Any]:
    return {"total": len(lines), "page": wanted.page, "size": wanted.size, "items": wanted.cut(lines)}


def _noting(
    about: dict[str, Any], matches: Sequence[NightMatch], left_out: Mapping[str, int]
) -> dict[str, Any]:
    """`about` with notices of the matches that are left out, each with its number, and of those without a band."""
    more = [notice.format(count) for notice, count in left_out.items() if count]
    if any(match.band is None for match in matches):
        more.append("当夜的结果没有匹配程度，不据此筛选")
    return {**about, "notices": [*about["notices"], *more]}
