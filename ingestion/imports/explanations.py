"""Explanations of refused files: what was found in the file and what is required."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from ingestion.errors import NotARegister
from ingestion.storing.tables import SheetTable
from ingestion.values.cells import is_blank, text

LOOKED_AT = 5


def what_was_found(table: SheetTable, missing: list[str]) -> str:
    """One sentence on a table that is no register of the requested kind."""
    ahead = list(islice(table.rows, LOOKED_AT))
    problem = next((row.problem for row in ahead if row.problem), "")
    names = [header for header in table.mapping.headers if header]
    first = [text(cell)[:20] for row in ahead[:1] for cell in row.cells if not is_blank(cell)]
    seen = f"列名：{'、'.join(names[:15])}" if names else f"没有可识别的表头，第一行：{'、'.join(first[:15])}"
    if table.mapping.source:
        return f"工作表“{table.name}”没有列{'、'.join(missing)}（{seen}）"
    understood = "、".join(table.mapping.describe()) or "无"
    found = f"工作表“{table.name}”缺少{'、'.join(missing)}（{seen}；已识别：{understood}）"
    if table.mapping.counts_something(ahead):
        found += "；疑为按单位统计的数量表"
    return f"{found}；{problem}" if problem else found


def misfit(path: Path, source: str, unrecognised: list[str]) -> NotARegister:
    """The refusal of a file that a saved mapping does not fit."""
    return NotARegister(
        f"文件 {path.name} 与列对应关系“{source}”不符：{'；'.join(unrecognised[:5])}",
        hint="请核对是否选错了来源；列名有变时修改该列对应关系，文件中可以没有的列写入其中的 optional",
    )


def no_register(path: Path, name: str, unrecognised: list[str]) -> NotARegister:
    """The refusal of a file in which no table of the kind of this Chinese name was recognised."""
    return NotARegister(
        f"文件 {path.name} 不是{name}清单：{'；'.join(unrecognised[:5])}",
        hint=f"{name}清单应每行一条记录，至少有上述缺少的列；请核对文件或导入类别",
    )


def no_rows(path: Path, name: str, empty: list[str]) -> NotARegister:
    """The refusal of a file without a record: its sheets are empty or hold names alone."""
    found = f"：{'；'.join(empty[:5])}" if empty else ""
    return NotARegister(f"文件 {path.name} 中没有数据行{found}", hint=f"请提供{name}清单，每行一条记录")


def listed(lines: list[int]) -> str:
    """The first few line numbers."""
    return "、".join(map(str, lines[:5])) + ("…" if len(lines) > 5 else "")
