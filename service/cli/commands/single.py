"""Commands on single records of three kinds: show one, store one, change parts of one."""

# Annotations are evaluated where they stand: they name the kind that a function is made for.

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import typer

from service.cli.terminal.help import EXAMPLES, Panel
from service.cli.terminal.json_input import read_json
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import ready_runtime

Json = Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出，与接口同形")]
_STATUS = {"new": "已新增", "changed": "已更新", "unchanged": "未变更"}
_MORE = ("abstract", "first_claim", "contact", "remark")
"""The fields of a record that a list has no column for."""


class KindCommands(NamedTuple):
    """A kind on the command line: its names, what one of its records is known by, and an example of that."""

    name: str
    label: str
    one: str
    metavar: str
    known_by: str
    example: str


KINDS = (
    KindCommands(
        "patents",
        "专利",
        "一件专利",
        "号码",
        "申请号、专利号、公开（公告）号，任何写法；也可用系统编号",
        "202119900008.0",
    ),
    KindCommands(
        "needs",
        "技术需求",
        "一条技术需求",
        "标识",
        "外部编号、需求编号或系统编号，依次查找",
        "SZX-2026-0001",
    ),
    KindCommands(
        "enterprises",
        "企业",
        "一家企业",
        "标识",
        "统一社会信用代码、企业名称或系统编号，依次查找",
        "91420100MA00000000",
    ),
)


def _show(kind: KindCommands) -> Callable[..., None]:
    def show(
        identifier: Annotated[
            str, typer.Argument(help=kind.known_by, metavar=kind.metavar, show_default=False)
        ],
        as_json: Json = False,
    ) -> None:
        from service.requests.field_problems import labels_of
        from service.requests.single.kinds import SINGLE_KINDS, row_of
        from service.sheets.lists import LISTINGS

        runtime, single = ready_runtime(), SINGLE_KINDS[kind.name]
        with runtime.database.read() as session:
            row = row_of(single, session, runtime.circumstances(strict=True), identifier)
            public = single.public(session, row)
            listing = LISTINGS[kind.name](session, [row.id], [])
            names, values = [name for name, _ in listing.columns], next(listing.rows)
        if as_json:
            print_json(public.model_dump(mode="json"))
            return
        labels = labels_of(type(public))
        shown = [
            *zip(names, values, strict=True),
            *((labels.get(x), getattr(public, x, None)) for x in _MORE),
        ]
        print_table(["字段", "内容"], [pair for pair in shown if pair[1] not in (None, "")])

    return show


def _set(kind: KindCommands) -> Callable[..., None]:
    def set_(
        source: Annotated[
            str,
            typer.Argument(
                help="内容为一个 JSON 对象的文件，- 为标准输入", metavar="文件", show_default=False
            ),
        ],
        as_json: Json = False,
    ) -> None:
        from service.requests.single.kinds import SINGLE_KINDS, store

        raw, runtime, single = read_json(source), ready_runtime(), SINGLE_KINDS[kind.name]
        with runtime.database.write() as session:
            stored = store(single, session, runtime.circumstances(strict=True), raw)
            outcome = _outcome(single, session, stored)
        _print(outcome, as_json=as_json)

    return set_


def _patch(kind: KindCommands) -> Callable[..., None]:
    def patch(
        identifier: Annotated[
            str, typer.Argument(help=kind.known_by, metavar=kind.metavar, show_default=False)
        ],
        source: Annotated[
            str,
            typer.Argument(
                help="含要改动的字段的 JSON 文件，- 为标准输入；null 为清空",
                metavar="文件",
                show_default=False,
            ),
        ],
        as_json: Json = False,
    ) -> None:
        from service.requests.single import kinds

        changes, runtime, single = read_json(source), ready_runtime(), kinds.SINGLE_KINDS[kind.name]
        with runtime.database.write() as session:
            stored = kinds.patch(single, session, runtime.circumstances(strict=True), identifier, changes)
            outcome = _outcome(single, session, stored)
        _print(outcome, as_json=as_json)

    return patch


class PrintedOutcome(NamedTuple):
    """A stored record as it is printed, once it is committed."""

    name: str
    status: str
    notes: list[str]
    public: dict[str, Any]


def _outcome(single: Any, session: Any, stored: Any) -> PrintedOutcome:
    public = single.public(session, stored.row).model_dump(mode="json")
    return PrintedOutcome(single.named(session, stored.row), stored.status, stored.notes, public)


def _print(outcome: PrintedOutcome, *, as_json: bool) -> None:
    if as_json:
        print_json(outcome.public | {"outcome": outcome.status, "notes": outcome.notes})
        return
    print(f"{_STATUS[outcome.status]}：{outcome.name}")
    for text in outcome.notes:
        note(f"提示：{text}")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    for kind in KINDS:
        sub = typer.Typer(cls=group, help=f"{kind.label}：查看、登记或更新、修改", no_args_is_help=True)
        for name, made, text, rest in (
            ("show", _show, f"查看{kind.one}的登记内容。", kind.example),
            (
                "set",
                _set,
                f"登记{kind.one}，已有的以文件的内容整体替换；检查与接口相同。",
                "记录.json",
            ),
            (
                "patch",
                _patch,
                f"修改{kind.one}的部分字段（JSON Merge Patch），其余不变。",
                f"{kind.example} 改动.json",
            ),
        ):
            example = f"patentdock {kind.name} {name} {rest}"
            sub.command(name, cls=command, help=f"{text}\n\n{EXAMPLES}\n{example}")(made(kind))
        app.add_typer(sub, name=kind.name, rich_help_panel=Panel.DATA)
