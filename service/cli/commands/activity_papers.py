"""The command on the papers of a docking activity; it joins the group `activities`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.kit.ids import MAX_ID
from service.cli.terminal.options import option
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import ready_runtime

if TYPE_CHECKING:
    from service.sheets.docking.programme import PrintedProgramme

ZIP = ".zip"


def activities_papers(
    activity: Annotated[int, typer.Argument(help="活动的系统编号", metavar="活动", min=1, max=MAX_ID)],
    out: Annotated[Path | None, option("写入此文件夹；以 .zip 结尾的写作一个压缩包", "文件夹")] = None,
    name: Annotated[str | None, option("只写这一份，如 对接手册", "名称")] = None,
    party: Annotated[
        int | None,
        typer.Option(
            help="只写这个参会方的（邀请编号），与 --name 合用",
            metavar="邀请",
            min=1,
            max=MAX_ID,
            show_default=False,
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="替换文件夹中已有的同名文件")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出，与接口同形")] = False,
) -> None:
    """写出一项活动的纸面材料；不写 --out 时列出全部材料，尚不能生成的说明应先办理什么。

    示例：
    patentdock activities papers 1 --out 材料
    """
    from catalog.kit.errors import InvalidInput
    from service.sheets.docking import papers

    if name is None and party is not None:
        raise InvalidInput("--party 须与 --name 合用", hint="请用 --name 指定材料，如 --name 参会日程")
    if name is not None and out is None:
        raise InvalidInput("--name 须与 --out 合用", hint="请用 --out 指定文件夹")
    found = _programme(activity)
    if out is None:
        _print_list(found, as_json)
    elif name is not None:
        paper = papers.named(name)
        _write(out, [(paper.file_name, papers.made(paper, found, party))], replace)
    elif out.suffix.lower() == ZIP:
        _write(out.parent, [(out.name, papers.bundle(found))], replace)
    else:
        _write(out, papers.files(found), replace)
        _print_waiting(found)


def _programme(activity: int) -> PrintedProgramme:
    from assessment.eligibility import gate
    from catalog.kit.days import beijing_today
    from service.sheets.docking import programme

    runtime = ready_runtime()
    with runtime.database.read() as session:
        table = gate.load_table(runtime.settings.data)
        return programme.read(session, activity, beijing_today(), table)


def _print_list(found: PrintedProgramme, as_json: bool) -> None:
    from service.sheets.docking import papers

    items = papers.listed(found)
    if as_json:
        print_json([item.model_dump(mode="json") for item in items])
        return
    print_table(
        ["名称", "格式", "供谁使用", "内容", "现在能否生成"],
        [
            [
                one.name,
                one.format,
                "、".join(one.audience),
                one.about,
                "可以" if one.is_ready else f"{one.missing}；{one.hint}",
            ]
            for one in items
        ],
    )


def _print_waiting(found: PrintedProgramme) -> None:
    from service.sheets.docking import papers

    for one in papers.listed(found):
        if not one.is_ready:
            note(f"未写“{one.name}”：{one.missing}。{one.hint}")


def _write(folder: Path, files: Iterable[tuple[str, bytes]], replace: bool) -> None:
    """Writes the files; none that is there already is replaced unasked. Raises Conflict before anything is written."""
    from catalog.kit.errors import Conflict

    made = list(files)
    there = [name for name, _ in made if (folder / name).exists()]
    if there and not replace:
        raise Conflict(
            f"{folder} 中已有 {'、'.join(there[:3])}{' 等' if len(there) > 3 else ''}",
            hint="请换一个文件夹，或加 --replace 替换",
        )
    for name, content in made:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    note(f"已写入 {folder}：{len(made)} 个文件")


def register(app: typer.Typer, command: type, _group: type) -> None:
    """Adds the command to the group `activities`, which is registered before."""
    activities = next(one.typer_instance for one in app.registered_groups if one.name == "activities")
    if activities is not None:
        activities.command("papers", cls=command)(activities_papers)
