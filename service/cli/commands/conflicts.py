"""Commands on conflicts under a number (冲突): list, show, decide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.kit.ids import MAX_ID
from service.cli.terminal.help import Panel
from service.cli.terminal.options import checked, option
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import ready_runtime
from service.requests.field_problems import FieldProblem, InvalidFields

if TYPE_CHECKING:
    from catalog.conflicts.shown import ConflictPublic
    from service.requests.conflicts import ConflictConditions, DecisionInput

ACTOR = "命令行"
SHOWN = 40
Json = Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出，与接口同形")]
Number = Annotated[int, typer.Argument(help="冲突编号", metavar="编号", min=1, max=MAX_ID)]
Choice = Annotated[str, typer.Argument(help="keep 保留原记录；replace 采用新记录", metavar="决定")]
Remark = Annotated[str, typer.Option("--note", help="说明，随决定留存", metavar="文字", show_default=False)]
NAMES = {"status": "--status", "kind": "--kind", "import_id": "--import"}
OfImport = Annotated[
    int | None, typer.Option("--import", help="只看这次导入的", metavar="导入编号", min=1, max=MAX_ID)
]


def conflicts_list(
    status: Annotated[str | None, option("处理情况：待定、采用新记录、保留原记录", "情况")] = None,
    import_id: OfImport = None,
    kind: Annotated[str | None, option("记录种类，如 patents", "类型")] = None,
    limit: Annotated[int, typer.Option(help="最多列出多少条", metavar="条数", min=1, max=200)] = 50,
    out: Annotated[Path | None, option("把全部写入此 Excel 或 CSV 文件", "文件")] = None,
    as_json: Json = False,
) -> None:
    """列出冲突：号码已属于名称不同的另一件专利或另一家企业的行，未写入，待决定。

    示例：
    patentdock conflicts list --status 待定 --out 冲突.xlsx
    """
    from catalog.conflicts import shown as conflicts_shown
    from catalog.imports import conflicts
    from catalog.kit.paging import PageQuery
    from service.requests.conflicts import ConflictConditions, filter_of

    wanted = checked(ConflictConditions, NAMES, {"status": status, "kind": kind, "import_id": import_id})
    with ready_runtime().database.read() as session:
        rows = conflicts.page(session, PageQuery(size=limit), filter_of(wanted))
        found = conflicts_shown.publics(session, rows.rows)
    if out is not None:
        _write(out, wanted)
    if as_json:
        print_json({"total": rows.total, "items": [item.model_dump(mode="json") for item in found]})
        return
    print_table(
        ["编号", "处理", "号码", "原记录", "新记录", "导入", "行", "备注"],
        [
            [
                item.id,
                item.status_name,
                item.number,
                _subject(item.stored_name, item.stored_owners),
                _subject(item.name, item.owners),
                "、".join(str(id_) for id_ in dict.fromkeys(row.import_id for row in item.rows)),
                "、".join(str(row.line) for row in item.rows[:3]),
                item.remark,
            ]
            for item in found
        ],
    )
    note(f"共 {rows.total} 个。对照：patentdock conflicts show 编号")
    note("决定：patentdock conflicts decide 编号 keep（保留原记录）或 replace（采用新记录）")


def _write(out: Path, wanted: ConflictConditions) -> None:
    from catalog.imports import conflicts
    from catalog.kit.paging import PageQuery
    from service.requests.conflicts import filter_of
    from service.requests.filters import described
    from service.sheets.conflicts import conflicts_list as listing_of
    from service.sheets.lists import MOST_EXPORTED, to_csv, write

    if out.suffix.lower() not in (".xlsx", ".csv"):
        reason = "应为 .xlsx 或 .csv 文件"
        raise InvalidFields([FieldProblem(field="--out", value=str(out), reason=reason)])
    with ready_runtime().database.read() as session:
        ids = conflicts.listed(session, PageQuery(), filter_of(wanted), at_most=MOST_EXPORTED)
        listing = listing_of(session, ids, described(wanted))
        if out.suffix.lower() == ".csv":
            out.write_bytes(to_csv(listing))
        else:
            write(out, listing)
    note(f"已写入 {out}：{len(ids)} 个冲突")


def _subject(name: str, owners: list[str]) -> str:
    return name[:SHOWN] + (f"（{'、'.join(owners)[:SHOWN]}）" if owners else "")


def conflicts_show(number: Number, as_json: Json = False) -> None:
    """对照一个冲突的原记录与新记录。

    示例：
    patentdock conflicts show 3
    """
    from catalog.conflicts import shown as conflicts_shown
    from catalog.imports import conflicts

    with ready_runtime().database.read() as session:
        (found,) = conflicts_shown.publics(session, [conflicts.get(session, number)])
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _print(found)


def _print(found: ConflictPublic) -> None:
    from service.sheets.conflicts import places

    print(f"冲突 {found.id}　{found.field} {found.number}　{found.status_name}")
    print(f"  原记录：{_subject(found.stored_name, found.stored_owners)}")
    print(f"  新记录：{_subject(found.name, found.owners)}")
    for place in places(found):
        print(f"  来自：{place}")
    if found.remark:
        print(f"  提示：{found.remark}")
    if found.differs:
        print_table(
            ["不同之处", "原记录", "新记录"],
            [[value.label, value.stored, value.stated] for value in found.differs],
        )
    if found.decided_at:
        print(
            f"  {found.decided_by}于 {found.decided_at:%Y-%m-%d %H:%M}（UTC）决定：{found.status_name}　{found.note}"
        )
    else:
        print(f"  决定：patentdock conflicts decide {found.id} keep（保留原记录）或 replace（采用新记录）")


def conflicts_decide(number: Number, decision: Choice, remark: Remark = "", as_json: Json = False) -> None:
    """决定一个冲突：保留原记录，或采用新记录（专利取代原记录，企业更名；撤销该次导入即恢复）。

    示例：
    patentdock conflicts decide 3 keep --note "号码经核对属于原记录"
    """
    from catalog.conflicts import edits as conflict_edits
    from catalog.conflicts import shown as conflicts_shown

    data = _decision(decision, remark)
    with ready_runtime().database.write() as session:
        row = conflict_edits.decide(session, number, data.decision, actor=ACTOR, note=data.note)
        (found,) = conflicts_shown.publics(session, [row])
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    print(f"冲突 {found.id}（{found.field} {found.number}）已决定：{found.status_name}")


def conflicts_decide_import(
    import_id: Annotated[int, typer.Argument(help="导入编号", metavar="导入编号", min=1, max=MAX_ID)],
    decision: Choice,
    remark: Remark = "",
    as_json: Json = False,
) -> int:
    """一并决定一次导入中全部待定的冲突；不能照此决定的仍为待定，此时退出码为 1。

    示例：
    patentdock conflicts decide-import 5 replace
    """
    from catalog.conflicts import edits as conflict_edits

    data = _decision(decision, remark)
    with ready_runtime().database.write() as session:
        found = conflict_edits.decide_all(session, import_id, data.decision, actor=ACTOR, note=data.note)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print(f"编号 {import_id} 的导入：{found.decided} 个冲突已决定（{data.decision.label}）")
        for left in found.undecided:
            print(f"  冲突 {left.id}（{left.number}）仍待定：{left.reason}")
    return 1 if found.undecided else 0


def _decision(decision: str, remark: str) -> DecisionInput:
    from service.requests.conflicts import DecisionInput

    return checked(DecisionInput, {"decision": "决定"}, {"decision": decision, "note": remark})


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    sub = typer.Typer(cls=group, help="号码冲突：列出、对照、决定", no_args_is_help=True)
    sub.command("list", cls=command)(conflicts_list)
    sub.command("show", cls=command)(conflicts_show)
    sub.command("decide", cls=command)(conflicts_decide)
    sub.command("decide-import", cls=command)(conflicts_decide_import)
    app.add_typer(sub, name="conflicts", rich_help_panel=Panel.DATA)
