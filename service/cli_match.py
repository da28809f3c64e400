"""The command that matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli_options import as_options, option
from service.cli_output import print_json
from service.cli_runtime import ready_runtime
from service.field_problems import FieldProblem, InvalidFields, field_problems

if TYPE_CHECKING:
    from matching.results import MatchResponse, NeedMatch, PatentMatch
    from service.match_request import MatchQuery

Many = list[str] | None
OPTION_NAMES = {"top_k": "--top", "text": "文本"}
MAX_ID = 2**31 - 1  # of a 32-bit key column


def _id_option(text: str) -> Any:
    return typer.Option(help=text, metavar="编号", show_default=False, min=1, max=MAX_ID)


def match(
    text: Annotated[str | None, typer.Argument(help="需求文本", metavar="文本", show_default=False)] = None,
    need: Annotated[int | None, _id_option("改为按目录中的一条技术需求匹配")] = None,
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
    eligibility: Annotated[
        Many, option("开放许可资格（按当日判定）：eligible、blocked、unknown，可重复")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出，与接口同形")] = False,
) -> None:
    """匹配：按文本或需求找专利，或按专利找需求。"""
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
        eligibility=eligibility or [],
    )
    response = _run(text, need, patent, wanted)
    if as_json:
        print_json(response.model_dump(mode="json"))
        return
    _print(response)


def _query(**values: Any) -> MatchQuery:
    from pydantic import ValidationError

    from service.match_request import MatchQuery

    try:
        return MatchQuery(**values)
    except ValidationError as error:
        raise as_options(field_problems(error.errors()), OPTION_NAMES) from error


def _run(
    text: str | None, need: int | None, patent: int | None, wanted: MatchQuery
) -> MatchResponse[PatentMatch] | MatchResponse[NeedMatch]:
    if [text, need, patent].count(None) != 2:
        reason = "请给出且只给出其中一项"
        raise InvalidFields([FieldProblem(field="文本、--need、--patent", value="", reason=reason)])
    if text is not None:
        text = _checked_text(text)
    from service.filters import resolve

    runtime = ready_runtime()
    try:
        with runtime.database.read() as session:
            filters = resolve(session, wanted)
    except InvalidFields as error:
        raise as_options(error.fields, OPTION_NAMES) from error
    if text is not None:
        return runtime.matcher.patents_for_text(text, wanted.top_k, filters)
    if need is not None:
        return runtime.matcher.patents_for_need(need, wanted.top_k, filters)
    return runtime.matcher.needs_for_patent(patent or 0, wanted.top_k, filters)


def _checked_text(text: str) -> str:
    from pydantic import ValidationError

    from service.match_request import MatchRequest

    try:
        return MatchRequest(text=text).text
    except ValidationError as error:
        raise as_options(field_problems(error.errors()), OPTION_NAMES) from error


def _print(response: MatchResponse[PatentMatch] | MatchResponse[NeedMatch]) -> None:
    from matching.results import PatentMatch

    if not response.items:
        print("没有符合条件的结果；请放宽筛选条件，或换一种说法。")
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
    patent = item.patent
    marks = [patent.application_number or "缺申请号", patent.kind_name, "、".join(patent.holders)]
    if patent.is_demo:
        marks.append("演示数据")
    print(f"{item.rank:>3}. {patent.title}（{'，'.join(mark for mark in marks if mark)}）")
    segments = "、".join(
        f"{segment.code} {segment.name}〔{segment.basis_name}〕" for segment in item.segments
    )
    for label, value in (
        ("领域", segments),
        ("开放许可", f"{item.licence.status_name}，{item.licence.terms}" if item.licence else ""),
        ("依据", item.evidence[0].sentence if item.evidence else ""),
    ):
        if value:
            print(f"     {label}：{value}")


def _print_need(item: NeedMatch) -> None:
    need = item.need
    marks = [need.code, need.enterprise_name, need.cooperation_name, "演示数据" if need.is_demo else None]
    print(f"{item.rank:>3}. {need.title}（{'，'.join(mark for mark in marks if mark)}）")
    if item.evidence:
        print(f"     依据：{item.evidence[0].sentence}")


def register(app: typer.Typer, command: type, _group: type) -> None:
    """Add these commands to the command line."""
    app.command("match", cls=command)(match)
