"""Merged blocks and spans, in every format: each row below the header says what the block over it says, in its own column."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from html import escape
from pathlib import Path

import openpyxl
import pytest
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.readers import readers
from ingestion.storing.tables import SheetTable, open_table

HEADER = ["专利名称", "专利权人", "发明人", "申请日"]
ROWS = [
    ["一种示例水泵", "示例大学", "张三", "2021-01-01"],
    ["一种示例阀门", "", "李四", "2021-01-02"],
    ["一种示例管道", "", "王五", "2021-01-03"],
    ["一种示例轴承", "示例学院", "赵六", "2021-01-04"],
]
DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns"


def tables(path: Path, kind: str = "patents") -> list[SheetTable]:
    found = []
    for sheet in readers.read(path):
        if table := open_table(kind, sheet):
            table.rows = iter(list(table.records()))
            found.append(table)
    return found


def records(path: Path, kind: str = "patents") -> list[list[object]]:
    return [list(row.cells) for table in tables(path, kind) for row in table.rows]


def xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in [HEADER, *ROWS]:
        sheet.append(row)
    sheet.merge_cells("B2:B4")
    book.save(path)


def xls(path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("表")
    for line, row in enumerate([HEADER, *ROWS]):
        for place, cell in enumerate(row):
            if place != 1 or line not in (1, 2, 3):
                sheet.write(line, place, cell)
    sheet.write_merge(1, 3, 1, 1, "示例大学")
    book.save(str(path))


def ods(path: Path) -> None:
    def cell(line: int, place: int, said: str) -> str:
        if line in (2, 3) and place == 1:
            return "<table:covered-table-cell/>"
        span = (
            ' table:number-rows-spanned="3" table:number-columns-spanned="1"'
            if (line, place) == (1, 1)
            else ""
        )
        return (
            f'<table:table-cell office:value-type="string"{span}><text:p>{said}</text:p></table:table-cell>'
        )

    lines = "".join(
        f"<table:table-row>{''.join(cell(line, place, said) for place, said in enumerate(row))}</table:table-row>"
        for line, row in enumerate([HEADER, *ROWS])
    )
    names = " ".join(f'xmlns:{name}="{DOCUMENT}:{name}:1.0"' for name in ("office", "table", "text"))
    body = f'<office:body><office:spreadsheet><table:table table:name="表">{lines}</table:table></office:spreadsheet></office:body>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{DOCUMENT}:manifest:1.0"/>'
        )
        archive.writestr("content.xml", f"<office:document-content {names}>{body}</office:document-content>")


def html(path: Path) -> None:
    lines = [f"<tr>{''.join(f'<th>{name}</th>' for name in HEADER)}</tr>"]
    for line, row in enumerate(ROWS):
        cells = [f"<td{' rowspan=3' if said == '示例大学' else ''}>{said}</td>" for said in row]
        lines.append(f"<tr>{''.join(cells if line in (0, 3) else [cells[0], *cells[2:]])}</tr>")
    path.write_text(f"<html><meta charset=utf-8><table>{''.join(lines)}</table></html>", encoding="utf-8")


def spreadsheet_of_2003(path: Path) -> None:
    lines = []
    for line, row in enumerate([HEADER, *ROWS]):
        cells = [f"<Cell><Data ss:Type='String'>{said}</Data></Cell>" for said in row]
        if line == 1:
            cells[1] = cells[1].replace("<Cell", "<Cell ss:MergeDown='2'")
        if line in (2, 3):
            cells = [cells[0], cells[2].replace("<Cell", "<Cell ss:Index='3'"), cells[3]]
        lines.append(f"<Row>{''.join(cells)}</Row>")
    path.write_text(
        f"<?xml version='1.0'?><Workbook xmlns:ss='urn:x'><Worksheet ss:Name='表'><Table>{''.join(lines)}</Table>"
        "</Worksheet></Workbook>",
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("make", "name"),
    [(xlsx, "a.xlsx"), (xls, "a.xls"), (ods, "a.ods"), (html, "a.xls"), (spreadsheet_of_2003, "a.xls")],
)
def test_each_row_of_a_merged_block_says_its_value(
    tmp_path: Path, make: Callable[[Path], None], name: str
) -> None:
    path = tmp_path / name
    make(path)
    (table,) = tables(path)
    said = [[str(cell) for cell in row.cells] for row in table.rows]
    assert said == [
        ["一种示例水泵", "示例大学", "张三", "2021-01-01"],
        ["一种示例阀门", "示例大学", "李四", "2021-01-02"],
        ["一种示例管道", "示例大学", "王五", "2021-01-03"],
        ["一种示例轴承", "示例学院", "赵六", "2021-01-04"],
    ]
    (remark,) = table.remarks()
    assert "2 个空单元格属于合并单元格" in remark
    assert "专利权人 2 个" in remark


def test_merged_names_and_titles_stay_what_they_are(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["A1"] = "示例大学专利清单"
    sheet.merge_cells("A1:D2")
    for place, (upper, lower) in enumerate(
        [("专利名称", ""), ("专利权人", ""), ("日期", "申请日"), ("", "授权公告日")], start=1
    ):
        sheet.cell(3, place, upper or None)
        sheet.cell(4, place, lower or None)
    for merged in ("A3:A4", "B3:B4", "C3:D3"):
        sheet.merge_cells(merged)
    sheet.append(["一种示例水泵", "示例大学", "2021-01-01", "2022-01-01"])
    sheet.append(["一种示例阀门", None, "2021-01-02", "2022-01-02"])
    sheet.merge_cells("B5:B6")
    book.save(tmp_path / "a.xlsx")
    (table,) = tables(tmp_path / "a.xlsx")
    assert table.mapping.headers == ["专利名称", "专利权人", "申请日", "授权公告日"]
    assert [row.cells[1] for row in table.rows] == ["示例大学", "示例大学"]
    assert table.filled == {"专利权人": 1}


def test_a_record_merged_over_two_rows_is_one_record(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["企业名称", "地址", "主营产品"])
    for line, name in enumerate(["示例机械有限公司", "示例电子有限公司"]):
        for place, said in enumerate([name, "湖北省武汉市示例路1号", "示例轴承"], start=1):
            sheet.cell(2 + 2 * line, place, said)
            sheet.merge_cells(
                start_row=2 + 2 * line, end_row=3 + 2 * line, start_column=place, end_column=place
            )
    book.save(tmp_path / "a.xlsx")
    assert [row[0] for row in records(tmp_path / "a.xlsx", "enterprises")] == [
        "示例机械有限公司",
        "示例电子有限公司",
    ]


def cells_of(path: Path, page: str) -> list[list[object]]:
    path.write_text(f"<html><meta charset=utf-8>{page}</html>", encoding="utf-8")
    return [list(row.cells) for sheet in readers.read(path) for row in sheet.rows]


def above_of(path: Path, page: str) -> list[dict[int, object]]:
    path.write_text(f"<html><meta charset=utf-8>{page}</html>", encoding="utf-8")
    return [
        {place: block.value for place, block in (row.above or {}).items()}
        for sheet in readers.read(path)
        for row in sheet.rows
    ]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<table><tr><td rowspan=2 colspan=2>甲<td>乙<tr><td>丙</table>", [["甲", "", "乙"], ["", "", "丙"]]),
        ("<table><tr><td>甲<td rowspan=2>乙<td>丙<tr><td>丁<td>戊</table>", [["甲", "乙", "丙"], ["丁", "", "戊"]]),
        ("<table><tr><td rowspan=9>甲<td>乙<tr><td>丙</table><table><tr><td>丁</table>", [["甲", "乙"], ["", "丙"], ["丁"]]),
        ("<table><tr><td rowspan=0>甲<td>乙<tr><td>丙<tr><td>丁</table>", [["甲", "乙"], ["", "丙"], ["", "丁"]]),
        ("<table><tbody><tr><td rowspan=3>甲<td>乙<tbody><tr><td>丙<td>丁</table>", [["甲", "乙"], ["丙", "丁"]]),
        ("<table><tr><td rowspan=x colspan=-1>甲<td>乙<tr><td>丙</table>", [["甲", "乙"], ["丙"]]),
    ],
)  # fmt: skip
def test_no_cell_shifts_under_another_column(tmp_path: Path, page: str, expected: list[list[object]]) -> None:
    assert cells_of(tmp_path / "a.xls", page) == expected


def test_a_span_says_its_value_down_to_its_end(tmp_path: Path) -> None:
    page = "<table><tr><td rowspan=2>甲<td>乙<tr><td>丙<tr><td>丁<td>戊</table>"
    assert above_of(tmp_path / "a.xls", page) == [{}, {0: "甲"}, {}]


def test_a_table_inside_a_record_is_text_of_its_cell(tmp_path: Path) -> None:
    inner = "<table><tr><td>张三<td>李四<tr><td>王五</table>"
    page = f"<table><tr><th>名称<th>发明人<th>日期<tr><td>一种泵<td>{inner}<td>2021-01-01</table>"
    assert cells_of(tmp_path / "a.xls", page) == [
        ["名称", "发明人", "日期"],
        ["一种泵", "张三 李四\n王五", "2021-01-01"],
    ]


def test_a_table_in_a_page_that_is_laid_out_by_tables_is_read(tmp_path: Path) -> None:
    inner = "<table><tr><td>名称<td rowspan=2>甲<tr><td>一种泵</table>"
    page = f"<table><tr><td>查询结果</tr><tr><td>{inner}</td></tr></table>"
    found = cells_of(tmp_path / "a.xls", page)
    assert [row for row in found if any(row)] == [["查询结果"], ["名称", "甲"], ["一种泵"]]


def test_the_remark_on_a_cell_of_an_xml_spreadsheet_is_no_part_of_it(tmp_path: Path) -> None:
    page = (
        "<?xml version='1.0'?><Workbook xmlns:ss='urn:x'><Worksheet><Table><Row><Cell><Data>一种泵</Data>"
        "<Comment><ss:Data>请核对</ss:Data></Comment></Cell></Row></Table></Worksheet></Workbook>"
    )
    (tmp_path / "a.xls").write_text(page, encoding="utf-8")
    assert [row.cells for sheet in readers.read(tmp_path / "a.xls") for row in sheet.rows] == [["一种泵"]]


@st.composite
def layouts(draw: st.DrawFn) -> list[list[tuple[int, int, int, int]]]:
    """A grid of up to 5 columns laid out in blocks: by row, the blocks that begin in it (column, height, width, number)."""
    height, width = draw(st.integers(1, 7)), draw(st.integers(1, 5))
    taken: set[tuple[int, int]] = set()
    blocks: list[list[tuple[int, int, int, int]]] = [[] for _ in range(height)]
    for row in range(height):
        for column in range(width):
            if (row, column) in taken:
                continue
            down, across = draw(st.integers(1, height - row)), draw(st.integers(1, width - column))
            while any((row, column + step) in taken for step in range(across)):
                across -= 1
            taken |= {(row + a, column + b) for a in range(down) for b in range(across)}
            blocks[row].append((column, down, across, len(taken)))
    return blocks


def expected_of(blocks: list[list[tuple[int, int, int, int]]]) -> list[dict[int, str]]:
    """The value of the first column of each block, for each row that it covers."""
    said: list[dict[int, str]] = [{} for _ in blocks]
    for row, begun in enumerate(blocks):
        for column, down, _, number in begun:
            for step in range(down):
                said[row + step][column] = f"值{number}"
    return said


def read_blocks(path: Path) -> list[dict[int, str]]:
    found = []
    for sheet in readers.read(path):
        for row in sheet.rows:
            own = {place: str(cell) for place, cell in enumerate(row.cells) if cell}
            found.append({place: str(block.value) for place, block in (row.above or {}).items()} | own)
    return found


@settings(deadline=None, max_examples=80)
@given(layouts())
def test_any_layout_of_an_html_table_keeps_every_cell_in_its_column(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[list[tuple[int, int, int, int]]]
) -> None:
    lines = "".join(
        "<tr>" + "".join(f"<td rowspan={down} colspan={across}>{escape(f'值{number}')}</td>" for _, down, across, number in begun)
        for begun in blocks
    )  # fmt: skip
    path = tmp_path_factory.mktemp("html") / "a.xls"
    path.write_text(f"<html><meta charset=utf-8><table>{lines}</table></html>", encoding="utf-8")
    assert read_blocks(path) == expected_of(blocks)


@settings(deadline=None, max_examples=60)
@given(layouts())
def test_any_layout_of_a_workbook_keeps_every_cell_in_its_column(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[list[tuple[int, int, int, int]]]
) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for line, begun in enumerate(blocks, start=1):
        for column, down, across, number in begun:
            sheet.cell(line, column + 1, f"值{number}")
            if down * across > 1:
                sheet.merge_cells(
                    start_row=line,
                    end_row=line + down - 1,
                    start_column=column + 1,
                    end_column=column + across,
                )
    path = tmp_path_factory.mktemp("xlsx") / "a.xlsx"
    book.save(path)
    # A workbook ends with the last row in which a cell has a value of its own.
    found = read_blocks(path)
    assert found == expected_of(blocks)[: len(found)]
    assert len(found) >= max(line for line, begun in enumerate(blocks, start=1) if begun)
