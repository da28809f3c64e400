"""Commands on declarations of open licences (开放许可声明) and on eligibility (开放许可资格核查)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.kit.days import beijing_today
from catalog.kit.errors import InvalidInput
from service.cli.terminal.help import Panel
from service.cli.terminal.options import option
from service.cli.terminal.output import note, print_json, print_table, step_progress
from service.cli.terminal.runtime import any_runtime, ready_runtime

if TYPE_CHECKING:
    from catalog.db import Session
    from catalog.licences.lists import LicenceFilter
    from service.requests.dealings.declarations import LicenceShown
    from service.requests.dealings.eligibility import CheckedItem, RequestedPatent, VerdictTally

ACTOR = "命令行"
Json = Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出")]
Number = Annotated[int, typer.Argument(help="声明编号，见 licences list", metavar="编号", show_default=False)]


Status = Annotated[str | None, option("声明状态：草稿、已公告、已变更、已撤回、已届满", "状态")]
Holder = Annotated[str | None, option("专利权人名称（部分）", "名称")]
Patent = Annotated[str | None, option("专利申请号", "申请号")]


def _day(text: str | None, option: str) -> date:
    try:
        return date.fromisoformat(text) if text else beijing_today()
    except ValueError as error:
        raise InvalidInput(f"{option}：应为日期，如 2026-06-30（现为 {text}）") from error


def _where(status: str | None, holder: str | None, patent: str | None) -> LicenceFilter:
    from catalog.kit.terms import LicenceStatus
    from catalog.licences.lists import LicenceFilter
    from ingestion.identifiers import application_number

    try:
        return LicenceFilter(
            status=LicenceStatus.parse(status) if status else None,
            holder=holder,
            application_number=application_number.validate(patent, today=beijing_today()) if patent else None,
        )
    except ValueError as error:
        raise InvalidInput(str(error)) from error


def licences_list(
    status: Status = None, holder: Holder = None, patent: Patent = None, as_json: Json = False
) -> None:
    """列出开放许可声明及其条件、状态、提醒。

    示例：
    patentdock licences list --status 已公告
    """
    from catalog.licences.rules import load
    from service.requests.dealings.declarations import every

    runtime = ready_runtime()
    with runtime.database.read() as session:
        found = list(every(session, _where(status, holder, patent), load(runtime.settings.data)))
    if as_json:
        print_json([licence.model_dump(mode="json") for licence in found])
        return
    print_table(
        ["编号", "申请号", "专利名称", "状态", "许可条件", "提醒"],
        [
            [li.id, li.application_number, li.patent_title, li.status_name, li.terms, "；".join(_warned(li))]
            for li in found
        ],
    )
    print(f"共 {len(found)} 份")


def _warned(licence: LicenceShown) -> list[str]:
    return [f"{warning.text}（{warning.article}）" for warning in licence.warnings]


def licences_history(id: Number, as_json: Json = False) -> None:
    """显示一份声明的变动记录：时间、办理人、变动前后的内容。

    示例：
    patentdock licences history 12
    """
    from catalog.kit.base import id_of
    from catalog.licences import history as licence_history
    from catalog.licences import licences

    with ready_runtime().database.read() as session:
        changes = licence_history.of_licence(session, id_of(licences.get(session, id)))
    if as_json:
        print_json([change.model_dump(mode="json") for change in changes])
        return
    print_table(
        ["时间（UTC）", "变动", "操作者", "内容", "说明"],
        [
            [f"{c.happened_at:%Y-%m-%d %H:%M}", c.action_name, c.actor, _changed(c.before, c.after), c.note]
            for c in changes
        ],
    )


def _changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    from catalog.licences.licences import Licence

    names = {name: field.description or name for name, field in Licence.model_fields.items()}
    names |= {"status": "状态", "region": "许可地域", "patent_id": "专利编号"}
    changed = {
        name: value for name, value in after.items() if value not in (None, "", []) or before.get(name)
    }
    before, changed = _named(before), _named(changed)
    return "；".join(
        f"{names.get(name, name)}：{before[name]} → {value}"
        if before.get(name)
        else f"{names.get(name, name)}：{value}"
        for name, value in changed.items()
    )


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the Chinese terms of those that have one."""
    from catalog.kit.terms import Conclusion, LicenceStatus, OwnerConsent, PaymentForm, RoyaltyBase, Term

    kinds: dict[str, type[Term]] = {
        "status": LicenceStatus,
        "payment_form": PaymentForm,
        "royalty_base": RoyaltyBase,
        "report_conclusion": Conclusion,
    }
    named = {
        name: kinds[name](value).label if name in kinds and value else value for name, value in values.items()
    }
    if consents := values.get("consents"):
        named["consents"] = "、".join(f"{c['holder']}{OwnerConsent(c['consent']).label}" for c in consents)
    return named


def licences_publish(
    id: Number,
    on: Annotated[str | None, option("公告日；缺省为今日", "日期")] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="资料不足时确认已另行核实、仍然公告；须写明理由")
    ] = False,
    reason: Annotated[str, option("确认的理由，记入变动记录", "理由")] = "",
    as_json: Json = False,
) -> None:
    """公告一份草稿；声明不齐备、专利有阻却事由或资料不足而未确认时不予公告，并逐条说明。

    示例：
    patentdock licences publish 12 --confirm --reason "质权人来函同意"
    """
    from service.requests.dealings.declarations import Announcement, publish

    runtime, day = ready_runtime(), _day(on, "--on")
    with runtime.database.write() as session:
        wanted = Announcement(id, day, ACTOR, confirm, reason)
        row, verdict = publish(session, wanted, runtime.settings.data)
        result = {
            "id": row.id,
            "status": row.status,
            "published_on": day,
            "eligibility": verdict.model_dump(mode="json"),
        }
    if as_json:
        print_json(result)
        return
    print(f"声明 {id} 已公告（{day}）；专利资格：{verdict.verdict_name}")
    for todo in verdict.todo:
        print(f"  待办：{todo}")


def licences_withdraw(
    id: Number,
    on: Annotated[str | None, option("撤回日；缺省为今日", "日期")] = None,
    reason: Annotated[str, option("撤回理由", "理由")] = "",
) -> None:
    """撤回一份现行声明；在先给予的开放许可继续有效，之后可重新声明。

    示例：
    patentdock licences withdraw 12 --reason 专利权转让
    """
    from catalog.licences import edits as licence_edits
    from catalog.licences import shown as licences_shown
    from service.requests.dealings.declarations import withdrawal_effect

    day = _day(on, "--on")
    with ready_runtime().database.write() as session:
        row = licence_edits.withdraw(session, id, day, actor=ACTOR, reason=reason)
        licence = licences_shown.publics(session, [row], today=beijing_today())[0]
    print(f"声明 {id}（专利 {licence.application_number}）已于 {day} 撤回。{withdrawal_effect(licence)}")


def licences_export(
    out: Annotated[Path, typer.Argument(help="写入此 xlsx 文件", metavar="文件", show_default=False)],
    status: Status = None,
    holder: Holder = None,
    patent: Patent = None,
) -> None:
    """把开放许可声明清单导出为 Excel。

    示例：
    patentdock licences export 清单.xlsx --status 已公告
    """
    from catalog.licences.rules import load
    from service.requests.dealings.declarations import described, every
    from service.sheets import declarations as declaration_sheets
    from service.sheets.documents import to_xlsx

    runtime, where = ready_runtime(), _where(status, holder, patent)
    with runtime.database.read() as session:
        found = [(li, li.warnings) for li in every(session, where, load(runtime.settings.data))]
    out.write_bytes(to_xlsx(declaration_sheets.listing(found, described(where))))
    print(f"已写入 {out}：{len(found)} 份声明")


def licences_sheet(
    id: Number,
    out: Annotated[
        Path, typer.Option(help="写入此文件（.docx 或 .xlsx）", metavar="文件", show_default=False)
    ],
) -> None:
    """写出一份声明的公告单（撤回的为撤回公告）。

    示例：
    patentdock licences sheet 12 --out 公告单.docx
    """
    from catalog.licences import licences
    from catalog.licences import shown as licences_shown
    from service.sheets.declarations import announcement
    from service.sheets.documents import to_docx, to_xlsx

    writers = {".docx": to_docx, ".xlsx": to_xlsx}
    writer = writers.get(out.suffix.lower())
    if writer is None:
        raise InvalidInput(f"--out：文件名应以 .docx 或 .xlsx 结尾（现为 {out.name}）")
    with ready_runtime().database.read() as session:
        licence = licences_shown.publics(session, [licences.get(session, id)], today=beijing_today())[0]
    out.write_bytes(writer(announcement(licence, [])))
    print(f"公告单已写入 {out}")


def licences_check(
    file: Annotated[
        Path | None, typer.Argument(help="含申请号的清单", metavar="文件", show_default=False)
    ] = None,
    out: Annotated[Path | None, option("把核查结果写入此 xlsx 文件", "文件")] = None,
    everything: Annotated[bool, typer.Option("--all", help="核查系统中的全部专利，不用清单")] = False,
    as_of: Annotated[str | None, option("按此日的状态核查；缺省为今日", "日期")] = None,
    as_json: Json = False,
) -> None:
    """批量核查开放许可资格：可以、不得或资料不足，附依据条款、数据和待办事项；未查到的照常列出。

    示例：
    patentdock licences check 清单.xlsx --out 结果.xlsx
    """
    from assessment.eligibility.gate import load_table
    from service.requests.dealings.eligibility import VerdictTally
    from service.sheets.eligibility import about, write

    if (file is None) == (not everything):
        raise InvalidInput("请给出一个清单文件，或用 --all 核查全部专利（二者选一）")
    if out is not None and out.suffix.lower() != ".xlsx":
        raise InvalidInput(f"--out：文件名应以 .xlsx 结尾（现为 {out.name}）")
    runtime, day = ready_runtime(), _day(as_of, "--as-of")
    table, tally = load_table(runtime.settings.data), VerdictTally()
    with runtime.database.read() as session:
        requested = _requested(session, file)
        items = _counted(session, requested, day, table, tally)
        if out is not None:
            write(out, items, _late(lambda: about(str(day), table.version, tally.counts)))
        else:
            for _ in items:
                pass
    if as_json:
        print_json({"as_of": day, "table_version": table.version, "counts": tally.counts.model_dump()})
        return
    for name, text in about(str(day), table.version, tally.counts)[:3]:
        print(f"{name}：{text}")
    if out is not None:
        print(f"结果已写入 {out}")
    else:
        note("用 --out 文件.xlsx 写出逐件的依据与待办事项")


def _late(made: Any) -> Iterator[tuple[str, str]]:
    yield from made()


def _requested(session: Session, file: Path | None) -> list[RequestedPatent]:
    from catalog.licences import eligibility_records
    from service.requests.dealings.eligibility import RequestedPatent, by_numbers
    from service.sheets.eligibility import numbers_in

    if file is None:
        return [RequestedPatent(str(id_), id_) for id_ in eligibility_records.patent_ids(session)]
    return by_numbers(session, numbers_in(file))


def _counted(
    session: Session, requested: list[RequestedPatent], day: date, table: Any, tally: VerdictTally
) -> Iterator[CheckedItem]:
    from service.requests.dealings.eligibility import check

    with step_progress() as progress:
        for done, item in enumerate(check(session, requested, day, table), 1):
            tally.add(item)
            if done % 500 == 0 or done == len(requested):
                progress("核查开放许可资格", done, len(requested))
            yield item


def licences_rules(
    export: Annotated[Path | None, option("把正在使用的判定表写入此文件，供修改", "文件")] = None,
    install: Annotated[Path | None, option("检查并启用修改后的判定表", "文件")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="恢复默认判定表")] = False,
) -> None:
    """查看、导出、启用开放许可资格判定表；法律规定的规则不能改动，一般知识的规则可以。

    示例：
    patentdock licences rules --export 判定表.toml
    patentdock licences rules --install 判定表.toml
    """
    from assessment.eligibility.gate import load_table
    from assessment.eligibility.table import FILE_NAME, text

    data = any_runtime().settings.data
    if install is not None:
        _install(install, data / FILE_NAME)
    if reset:
        (data / FILE_NAME).unlink(missing_ok=True)
    if export is not None:
        export.write_text(text(data), encoding="utf-8")
        print(f"判定表已写入 {export}；修改后用 patentdock licences rules --install 启用")
    table = load_table(data)
    print(f"{table.title}（版本 {table.version}，{len(table.rule)} 条）")
    if export is None:
        print_table(
            ["规则", "效力", "依据", "理由", "核对"],
            [
                [r.id, r.effect.label, r.article, r.text, "已核对" if r.checked else "可修改"]
                for r in table.rule
            ],
        )


def _install(path: Path, target: Path) -> None:
    from assessment.eligibility.gate import check_table

    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path.name} 不是 UTF-8 编码", hint="请另存为 UTF-8 文本") from error
    check_table(text)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    print(f"判定表已启用：{target}")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    sub = typer.Typer(
        cls=group, help="开放许可：声明的列出、公告、撤回、导出，资格核查", no_args_is_help=True
    )
    commands: dict[str, Callable[..., None]] = {
        "list": licences_list,
        "history": licences_history,
        "publish": licences_publish,
        "withdraw": licences_withdraw,
        "export": licences_export,
        "sheet": licences_sheet,
        "check": licences_check,
        "rules": licences_rules,
    }
    for name, function in commands.items():
        sub.command(name, cls=command)(function)
    app.add_typer(sub, name="licences", rich_help_panel=Panel.LICENSING)
