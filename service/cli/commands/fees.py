"""Commands of the fee bench (许可费测算)."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.kit.days import beijing_today
from catalog.kit.errors import InvalidInput
from service.cli.terminal.help import Panel
from service.cli.terminal.options import option
from service.cli.terminal.output import export_rules, note, print_json, print_table
from service.cli.terminal.runtime import any_runtime, ready_runtime

if TYPE_CHECKING:
    from assessment.fees.models import FeeInput, FeeSheet

EXAMPLE = """# 许可费测算的资料。删去没有的项目；金额为元，比例为 %。
# 填写申请号（专利须已导入）时，名称、类型、申请日与行业取自系统。
# application_number = "202119900008.0"
title = "一种示例装置"
licensor = "示例理工大学"
licensee = "示例新能源有限公司"
licensees = 3             # 预期被许可人数
years = 3                 # 许可年限
starts_on = 2026-01-01
industry = "3841"         # GB/T 4754 代码或名称
international = "electrical"  # 方法四的行业，见 patentdock fees rules

[own_use]                 # 方法一：自行实施收益
annual_revenue = 5000000
margin = 12
share = 25

[earlier]                 # 方法二：既往许可
fee = 300000
years = 3
licence_type = "exclusive"

[valuation]               # 方法五：资产评估
value = 1000000
discount = 10

[forecast]                # 企业预计的销售
net_sales = 8000000
growth = 10
profit = 15

[owner]
kind = "invention"
filing_date = 2018-03-01
"""
Json = Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出")]


def fees_estimate(
    file: Annotated[
        Path | None, typer.Argument(help="资料文件（TOML 或 JSON）", metavar="文件", show_default=False)
    ] = None,
    patent: Annotated[str | None, option("专利申请号，资料取自系统", "申请号")] = None,
    industry: Annotated[str | None, option("国民经济行业代码或名称", "行业")] = None,
    licensees: Annotated[int | None, option("预期被许可人数", "人数")] = None,
    years: Annotated[int | None, option("许可年限", "年")] = None,
    base: Annotated[str | None, option("以哪种方法为支付方式的基数：M1 至 M5", "方法")] = None,
    out: Annotated[Path | None, option("把协商参考表写入此文件（.docx 或 .xlsx）", "文件")] = None,
    as_json: Json = False,
) -> None:
    """测算许可费：五种方法并列，各支付方式的付款，年费减缴与发明人分成。选项优先于资料文件。

    示例：
    patentdock fees estimate 资料.toml --out 参考表.docx
    """

    from service.requests.dealings.fees import estimate_from_catalogue

    options = {
        "application_number": patent,
        "industry": industry,
        "licensees": licensees,
        "years": years,
        "base": base,
    }
    data = _input(_read(file) | {name: value for name, value in options.items() if value is not None})
    runtime = ready_runtime()
    with runtime.database.read() as session:
        sheet = estimate_from_catalogue(session, data, runtime.settings.data, beijing_today())
    if out is not None:
        _write(sheet, out)
    if as_json:
        print_json(sheet.model_dump(mode="json"))
        return
    _print(sheet)
    if out is not None:
        note(f"已写入 {out}")


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    text = path.read_text(encoding="utf-8-sig")
    try:
        found = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise InvalidInput(
            f"{path.name} 无法读取：{error}",
            hint="应为 TOML，或扩展名为 .json 的 JSON；样例：patentdock fees example",
        ) from error
    if not isinstance(found, dict):
        raise InvalidInput(f"{path.name} 应为一个对象", hint="样例：patentdock fees example")
    return found


def _input(values: dict[str, Any]) -> FeeInput:
    from pydantic import ValidationError

    from assessment.fees.models import FeeInput
    from service.requests.field_problems import InvalidFields, field_problems

    try:
        return FeeInput.model_validate(values)
    except ValidationError as error:
        raise InvalidFields(field_problems(error.errors()), hint="样例：patentdock fees example") from error


def _write(sheet: FeeSheet, out: Path) -> None:
    from service.sheets.documents import to_docx, to_xlsx
    from service.sheets.fees import document_of

    writers = {".docx": to_docx, ".xlsx": to_xlsx}
    writer = writers.get(out.suffix.lower())
    if writer is None:
        raise InvalidInput(f"--out：{out.name} 的扩展名应为 .docx 或 .xlsx")
    out.write_bytes(writer(document_of(sheet)))


def _print(sheet: FeeSheet) -> None:
    from service.sheets.fees import document_of

    document = document_of(sheet)
    print(document.title)
    for line in document.lines:
        print(line)
    for section in document.sections:
        print(f"\n{section.title}")
        if section.rows:
            print_table(section.headings, [["" if c is None else c for c in row] for row in section.rows])
        for remark in section.remarks:
            print(f"  {remark}")
    for line in document.closing[:-1]:
        print(line)


def fees_example() -> None:
    """输出一份资料文件样例（TOML），可存为文件后修改。

    示例：
    patentdock fees example > 资料.toml
    """
    print(EXAMPLE, end="")


def fees_rules(
    export: Annotated[Path | None, option("把规则写入此文件，修改后放到数据目录下即生效", "文件")] = None,
    as_json: Json = False,
) -> None:
    """查看或导出测算规则：一对多系数、上限、惯例费率、全国公开统计。

    示例：
    patentdock fees rules --export fees.toml
    """
    from assessment.fees.rules import load, source

    data_dir = any_runtime().settings.data
    rules = load(data_dir)
    if export is not None:
        export_rules(source(data_dir), data_dir, export)
        return
    if as_json:
        print_json(rules.model_dump(mode="json"))
        return
    print(f"{rules.title}（版本 {rules.version}）\n来源：{rules.source}")
    print_table(["预期被许可人数", "系数 k"], [[c.licensees, c.k] for c in rules.one_to_many.table])
    print(f"  来源：{rules.one_to_many.origin}")
    print(f"上限：{rules.caps.origin}")
    print_table(
        ["行业代码", "行业", "惯例费率（净销售额）"],
        [[f.code, f.name, f"{f.low}% 至 {f.high}%"] for f in rules.international],
    )
    print(f"  来源：{rules.international_source.origin}")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    sub = typer.Typer(cls=group, help="许可费测算：测算、样例、规则", no_args_is_help=True)
    sub.command("estimate", cls=command)(fees_estimate)
    sub.command("example", cls=command)(fees_example)
    sub.command("rules", cls=command)(fees_rules)
    app.add_typer(sub, name="fees", rich_help_panel=Panel.LICENSING)
