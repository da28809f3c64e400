"""The command that matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.kit.ids import MAX_ID
from service.cli.terminal.help import Panel
from service.cli.terminal.options import as_options, checked, option
from service.cli.terminal.output import print_json
from service.cli.terminal.runtime import ready_runtime
from service.requests.field_problems import FieldProblem, InvalidFields

if TYPE_CHECKING:
    from matching.answers.results import MatchResponse, NeedMatch, PatentMatch
    from service.requests.matches import PatentMatchQuery, PatentsRequest

Many = list[str] | None
OPTION_NAMES = {"top_k": "--top", "text": "文本"}
NEW_TEXTS = 50
"""Maximum number of new or changed texts embedded before a response, which states when there are more."""


def _id_option(text: str) -> Any:
    return typer.Option(help=text, metavar="编号", show_default=False, min=1, max=MAX_ID)


def match(
    text: Annotated[str | None, typer.Argument(help="需求文本", metavar="文本", show_default=False)] = None,
    need: Annotated[int | None, _id_option("改为按系统中的一条技术需求匹配")] = None,
    patent: Annotated[int | None, _id_option("反向：为一件专利匹配技术需求")] = None,
    top: Annotated[int, typer.Option(help="返回多少条（1 至 200）", metavar="条数")] = 10,
    segment: Annotated[Many, option("产业细分领域的代码或名称，可重复")] = None,
    region: Annotated[Many, option("省、地级行政区划的代码或名称，可重复")] = None,
    industry: Annotated[Many, option("国民经济行业代码或名称，可重复")] = None,
    ipc: Annotated[Many, option("IPC 前缀，如 G06F 或 H01M10，可重复")] = None,
    holder_kind: Annotated[Many, option("第一专利权人类型，如 高校，可重复")] = None,
    kind: Annotated[Many, option("专利类型：发明、实用新型、外观设计，可重复")] = None,
    open_licence: Annotated[
        bool | None,
        typer.Option("--open-licence/--no-open-licence", help="只看（不看）开放许可专利", show_default=False),
    ] = None,
    in_force_on: Annotated[str | None, option("只看在此日有效的专利，如 2026-06-30", "日期")] = None,
    include_ended: Annotated[
        bool, typer.Option("--include-ended", help="包括已失效和尚未授权的专利；缺省只列有效或有效性未知的")
    ] = False,
    eligibility: Annotated[
        Many, option("开放许可资格（按当日判定）：eligible、blocked、unknown，可重复")
    ] = None,
    min_band: Annotated[str | None, option("匹配程度不低于：高、中、低", "档")] = None,
    need_segment: Annotated[Many, option("按文本匹配时，需求所属的产业细分领域，可重复")] = None,
    need_region: Annotated[str | None, option("按文本匹配时，需求方所在的省或地级市")] = None,
    by_relevance: Annotated[
        bool, typer.Option("--by-relevance", help="仅按相关度排序，不计因素分值")
    ] = False,
    fold: Annotated[
        bool, typer.Option("--fold/--no-fold", help="同一专利权人的近似专利合并显示，或逐件显示")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出，与接口同形")] = False,
) -> None:
    """匹配：按文本或需求查找专利，或按专利查找需求。

    示例：
    patentdock match "动力电池低温充电慢" --top 5 --region 武汉市
    patentdock match --need 17
    patentdock match --patent 5
    """
    wanted = _query(
        top_k=top,
        segment=segment or [],
        region=region or [],
        industry=industry or [],
        ipc=ipc or [],
        holder_kind=holder_kind or [],
        kind=kind or [],
        open_licence=open_licence,
        in_force_on=in_force_on,
        include_ended=include_ended,
        eligibility=eligibility or [],
        min_band=min_band,
        factors=not by_relevance,
        fold=fold,
    )
    response = _run(text, need, patent, wanted, {"segment": need_segment or [], "region": need_region})
    if as_json:
        print_json(response.model_dump(mode="json"))
        return
    _print(response)


def _query(**values: Any) -> PatentMatchQuery:
    from service.requests.matches import PatentMatchQuery

    return checked(PatentMatchQuery, OPTION_NAMES, values)


def _run(
    text: str | None, need: int | None, patent: int | None, wanted: PatentMatchQuery, context: dict[str, Any]
) -> MatchResponse[PatentMatch] | MatchResponse[NeedMatch]:
    from service.requests.matches import TextQuery, answer_to_text, needs_for_patent, patents_for_need

    if [text, need, patent].count(None) != 2:
        reason = "请给出且只给出其中一项"
        raise InvalidFields([FieldProblem(field="文本、--need、--patent", value="", reason=reason)])
    request = _request(text, wanted, context)
    runtime = ready_runtime()
    if runtime.settings.follow_seconds > 0:
        runtime.recent.catch_up(NEW_TEXTS)
    try:
        if request is not None:
            return answer_to_text(runtime, TextQuery(request)).matches
        if need is not None:
            return patents_for_need(runtime, need, wanted)
        return needs_for_patent(runtime, patent or 0, wanted)
    except InvalidFields as error:
        raise as_options([_of_need(problem) for problem in error.fields], OPTION_NAMES) from error


def _request(text: str | None, wanted: PatentMatchQuery, context: dict[str, Any]) -> PatentsRequest | None:
    """The request for the patents of a text; None without one. Raises InvalidFields."""
    from service.requests.filters import ContextInput
    from service.requests.matches import PatentsRequest

    if text is None:
        if any(context.values()):
            reason = "只用于按文本匹配；系统中的需求有自己的领域和地区"
            raise InvalidFields(
                [FieldProblem(field="--need-segment、--need-region", value="", reason=reason)]
            )
        return None
    values = {
        "text": text,
        "top_k": wanted.top_k,
        "filters": wanted,
        "context": checked(ContextInput, {"segment": "--need-segment", "region": "--need-region"}, context),
        "factors": wanted.factors,
        "fold": wanted.fold,
    }
    return checked(PatentsRequest, OPTION_NAMES, values)


def _of_need(problem: FieldProblem) -> FieldProblem:
    """A problem of the context under the names of its options."""
    return problem.model_copy(update={"field": problem.field.replace("context.", "need_")})


def _print(response: MatchResponse[PatentMatch] | MatchResponse[NeedMatch]) -> None:
    from matching.answers.results import NO_CONTENT, NO_NEED_SUITABLE, NOTHING_SUITABLE, PatentMatch

    if not response.items and NO_CONTENT not in response.notices:
        print("没有符合条件的结果；请放宽筛选条件，或更换表述。")
    elif response.items and not response.suitable:
        print(NOTHING_SUITABLE if isinstance(response.items[0], PatentMatch) else NO_NEED_SUITABLE)
    for item in response.items:
        if isinstance(item, PatentMatch):
            _print_patent(item)
        else:
            _print_need(item)
    print(
        *(f"提示：{notice}\n" for notice in response.notices),
        f"索引 {response.generation}，模型 {response.model}，产业目录 {response.segment_catalogue}，"
        f"用时 {response.took_ms:.0f} 毫秒",
        sep="",
    )


def _print_patent(item: PatentMatch) -> None:
    from service.sheets.matches import broken_text, family_text

    patent = item.patent
    marks = [patent.application_number or "缺申请号", patent.kind_name, "、".join(patent.holders)]
    if patent.is_demo:
        marks.append("演示数据")
    print(f"{item.rank:>3}. {patent.title}（{'，'.join(mark for mark in marks if mark)}）{_band(item)}")
    segments = "、".join(
        f"{segment.code} {segment.name}〔{segment.basis_name}〕" for segment in item.segments
    )
    for label, value in (
        ("有效性", "" if patent.in_force else patent.in_force_name),
        ("排除要求", broken_text(item.exclusions_broken)),
        ("领域", segments),
        ("开放许可", f"{item.licence.status_name}，{item.licence.terms}" if item.licence else ""),
        ("依据", item.evidence[0].sentence if item.evidence else ""),
        ("得分", _score(item)),
        ("同族或近似", "；".join(family_text(member) for member in item.family)),
    ):
        if value:
            print(f"     {label}：{value}")


def _band(item: PatentMatch | NeedMatch) -> str:
    return f"匹配程度：{item.confidence.band_name}" if item.confidence else ""


def _score(item: PatentMatch | NeedMatch) -> str:
    from service.sheets.matches import factors_text

    parts = [f"{item.score:.6f}，相关度 {item.relevance:.6f}", factors_text(item.factors)]
    return "；".join(part for part in parts if part)


def _print_need(item: NeedMatch) -> None:
    from service.sheets.matches import broken_text

    need = item.need
    marks = [need.code, need.enterprise_name, need.cooperation_name, "演示数据" if need.is_demo else None]
    print(f"{item.rank:>3}. {need.title}（{'，'.join(mark for mark in marks if mark)}）{_band(item)}")
    if item.exclusions_broken:
        print(f"     排除要求：{broken_text(item.exclusions_broken)}")
    if item.evidence:
        print(f"     依据：{item.evidence[0].sentence}")
    print(f"     得分：{_score(item)}")


def register(app: typer.Typer, command: type, _group: type) -> None:
    """Add these commands to the command line."""
    app.command("match", cls=command, rich_help_panel=Panel.MATCHING)(match)
