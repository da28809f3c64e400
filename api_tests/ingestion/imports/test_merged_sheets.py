"""Sheets as people make them: merged blocks, guards, titles, blank rows and totals cost no record and move no value."""

from __future__ import annotations

import tempfile
from pathlib import Path

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_tests.ingestion.imports.test_properties import run
from api_tests.ingestion.invented import Import, counts, number

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = ["序号", "申请号", "专利名称", "专利权人", "发明人"]
HOLDERS = ["示例南湖理工大学", "示例北岭学院", "示例机械有限公司"]

Group = tuple[int, int, bool]
"""The records of one holder: which holder, how many records, whether the cells of the holder are merged."""


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[Group], list[str], int, bool]:
    """Groups of records, what stands behind each group, how numbers are guarded, whether a title stands above."""
    groups = draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.booleans()), min_size=1, max_size=3)
    )
    noise = draw(
        st.lists(st.sampled_from(["", "空行", "小计", "表头"]), min_size=len(groups), max_size=len(groups))
    )
    return groups, noise, draw(st.integers(0, 3)), draw(st.booleans())


def guarded(said: str, how: int) -> str:
    return [said, f'="{said}"', f'=T("{said}")', f"'{said}"][how]


def rows_of(groups: list[Group], noise: list[str], how: int) -> tuple[list[list[str]], list[tuple[int, int]]]:
    """The rows of a list from its header on, and the first and last of the rows over which a holder is merged."""
    rows, merged = [NAMES], []
    serial = 0
    for (holder, size, is_merged), after in zip(groups, noise, strict=True):
        first = len(rows)
        for place in range(size):
            serial += 1
            said = HOLDERS[holder] if not is_merged or place == 0 else ""
            rows.append([str(serial), guarded(number(serial), how), f"一种示例水泵之{serial}", said, "张三"])
        if is_merged and size > 1:
            merged.append((first, len(rows) - 1))
        rows += {"": [], "空行": [[""] * 5], "小计": [["小计", "", "", "", str(size)]], "表头": [NAMES]}[
            after
        ]
    return rows, merged


def workbook(path: Path, rows: list[list[str]], merged: list[tuple[int, int]], has_title: bool) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    above = 0
    if has_title:
        sheet["A1"], above = "示例单位专利清单", 2
        sheet.merge_cells("A1:E2")
    for line, row in enumerate(rows, start=above + 1):
        for place, said in enumerate(row, start=1):
            sheet.cell(line, place, said or None)
    for first, last in merged:
        sheet.merge_cells(start_row=first + above + 1, end_row=last + above + 1, start_column=4, end_column=4)
    book.save(path)


def page(path: Path, rows: list[list[str]], merged: list[tuple[int, int]], has_title: bool) -> None:
    spans = dict(merged)
    covered = {line for first, last in merged for line in range(first + 1, last + 1)}
    lines = ["<tr><td colspan=5 rowspan=2>示例单位专利清单</td></tr><tr></tr>"] if has_title else []
    for line, row in enumerate(rows):
        cells = [f"<td>{said}</td>" for said in row]
        if line in spans:
            cells[3] = f"<td rowspan={spans[line] - line + 1}>{row[3]}</td>"
        lines.append(f"<tr>{''.join(cells if line not in covered else cells[:3] + cells[4:])}</tr>")
    path.write_text(f"<html><meta charset=utf-8><table>{''.join(lines)}</table></html>", encoding="utf-8")


@FEW
@given(lists(), st.sampled_from([(workbook, "a.xlsx"), (page, "a.xls")]))
def test_every_record_is_imported_under_its_holder(
    template: Path, made: tuple[list[Group], list[str], int, bool], how: tuple[object, str]
) -> None:
    groups, noise, guard, has_title = made
    rows, merged = rows_of(groups, noise, guard)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / how[1]
        how[0](path, rows, merged, has_title)  # type: ignore[operator]
        first, second = run(template, path, "patents")
    total = sum(size for _, size, _ in groups)
    assert (first.rows, first.new, first.rejected) == (total, total, 0)
    assert (second.unchanged, second.new) == (total, 0)
    expected = [HOLDERS[holder] for holder, size, _ in groups for _ in range(size)]
    assert [shown["专利权人"] for shown in first.preview] == expected[:5]
    filled = sum(last - begun for begun, last in merged)
    told = [message for message in first.messages if "合并单元格" in message]
    assert told == ([f"工作表“{'Sheet' if how[1] == 'a.xlsx' else 'a'}”：{filled} 个空单元格属于合并单元格，"
                     f"已按合并区域的内容补齐（专利权人 {filled} 个）"] if filled else [])  # fmt: skip


def test_a_merged_enterprise_speaks_for_each_of_its_needs(import_text: Import) -> None:
    report = import_text(
        "<table><tr><th>企业名称<th>需求名称<th>需求描述<th>联系人"
        "<tr><td rowspan=2>示例东岭机械有限公司<td>冲压件在线去毛刺<td>冲压件毛刺多，希望在线去毛刺。<td>示例甲"
        "<tr><td>焊缝气孔检测<td>焊缝气孔率高，需要无损检测方法。<td>示例乙</table>",
        "需求.xls",
        "needs",
    )
    assert counts(report) == (2, 0, 0, 0)
    assert [(shown["需求名称"], shown["企业名称"]) for shown in report.preview] == [
        ("冲压件在线去毛刺", "示例东岭机械有限公司"),
        ("焊缝气孔检测", "示例东岭机械有限公司"),
    ]


def test_titles_of_groups_are_no_records(tmp_path: Path, template: Path) -> None:
    rows = [NAMES[1:], ["机械学院", "", "", ""], [number(1), "一种示例水泵", "示例大学", "张三"]]
    rows += [["二、材料学院", "", "", ""], [number(2), "一种示例阀门", "示例大学", "李四"]]
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    sheet.merge_cells("A2:D2")
    book.save(tmp_path / "a.xlsx")
    for report in run(template, tmp_path / "a.xlsx", "patents"):
        assert (report.rows, report.rejected) == (2, 0)
        assert any("分组标题，第 2、4 行" in message for message in report.messages)
