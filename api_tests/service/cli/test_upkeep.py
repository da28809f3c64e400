"""Commands that keep the catalogue in order: imports, holders, segments, screening, answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from api_tests.ingestion.invented import number
from ingestion.reviews.workbook import HEADER_ROW
from service.cli.main import main

REGISTER = (
    "专利名称,申请号,申请人,申请日,授权公告日,专利类型,IPC\n"
    f"一种泵,{number(1)},示例理工大学,2019-01-02,2020-05-06,发明,F04D29/22\n"
    f"一种屏,{number(2)},示例理工 大学（东区）,2019-01-02,2020-05-06,发明,G02F1/13\n"
    "一种坏,201310699744.5,示例理工大学,,,,\n"
)


@pytest.fixture
def patents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new installation with two patents and a rejected row; answers the file they came from."""
    monkeypatch.setenv("PATENTDOCK_DATA", str(tmp_path / "data"))
    path = tmp_path / "专利.csv"
    path.write_text(REGISTER, "utf-8")
    assert main(["init"]) == 0
    assert main(["import", "patents", str(path)]) == 0
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(arguments)
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, out, err = run(capsys, *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_an_import_is_listed_shown_and_undone(capsys: pytest.CaptureFixture[str], patents: Path) -> None:
    assert [(row["id"], row["new"]) for row in answer(capsys, "imports", "list")] == [(1, 2)]
    code, out, _ = run(capsys, "imports", "show", "1")
    assert code == 0
    assert "总行数 3，新增 2，更新 0，未变更 0，退回 1" in out
    assert "第 4 行 申请号“201310699744.5”" in out
    assert "申请人" in out
    code, out, _ = run(capsys, "imports", "undo", "1")
    assert (code, "删去 2 条，恢复 0 条" in out) == (0, True)
    assert "已撤销" in run(capsys, "imports", "list")[1]
    code, _, err = run(capsys, "imports", "undo", "1")
    assert (code, "它已经撤销" in err) == (1, True)
    assert answer(capsys, "holders", "list") == []


def test_holders_are_offered_merged_and_parted(capsys: pytest.CaptureFixture[str], patents: Path) -> None:
    with patents.open("a", encoding="utf-8") as file:
        file.write(f"一种阀,{number(3)},示例理工大学 东区,2019-01-02,2020-05-06,发明,F16K1/00\n")
    assert run(capsys, "import", "patents", str(patents))[0] == 0
    (pair,) = answer(capsys, "holders", "duplicates")["items"]
    assert "标点或括号" in pair["reason"]
    keep, other = str(pair["keep"]["id"]), str(pair["other"]["id"])
    code, out, _ = run(capsys, "holders", "merge", keep, other, "--reason", "同一单位")
    assert (code, "涉及专利 1 件" in out) == (0, True)
    assert answer(capsys, "holders", "duplicates")["total"] == 0
    assert {row["patents"] for row in answer(capsys, "holders", "list", "--kind", "高校")} == {1, 2}
    assert run(capsys, "holders", "merge", keep, other)[0] == 1
    assert answer(capsys, "holders", "unmerge", "1") == {"merge_id": 1, "restored": 1, "left": 0}
    assert "已撤回" in run(capsys, "holders", "merges")[1]
    assert run(capsys, "holders", "list", "--kind", "火星")[0] == 1


def test_a_segment_catalogue_is_exported_edited_and_used(
    capsys: pytest.CaptureFixture[str], patents: Path
) -> None:
    book = patents.with_name("目录.xlsx")
    assert run(capsys, "segments", "export", str(book))[0] == 0
    workbook = openpyxl.load_workbook(book)
    sheet = workbook.active
    rows = {sheet.cell(line, 1).value: line for line in range(1, sheet.max_row + 1)}
    sheet.cell(rows["产业目录版本"], 2).value = "HB-2026.1"
    sheet.append(["HB36", "水泵阀门", "试行", "3441", "F04D", "", ""])
    workbook.save(book)
    code, out, _ = run(capsys, "segments", "diff", str(book))
    assert (code, "增加：HB36 水泵阀门" in out, "HB-2021.1 → HB-2026.1" in out) == (0, True, True)
    assert answer(capsys, "segments", "import", str(book), "--no-use")["in_use"] is False
    report = answer(capsys, "segments", "use", "HB-2026.1")
    assert (report["version"], report["patents"], report["patents_changed"]) == ("HB-2026.1", 2, 1)
    assert [row["version"] for row in answer(capsys, "segments", "versions") if row["in_use"]] == [
        "HB-2026.1"
    ]
    assert answer(capsys, "segments", "diff", "HB-2021.1", "HB-2026.1")["removed"] == ["HB36 水泵阀门"]
    sheet.cell(rows["HB01"], 5).value = "Z99"
    workbook.save(book)
    code, _, err = run(capsys, "segments", "import", str(book))
    assert (code, f"第 {rows['HB01']} 行 IPC 小类“Z99”" in err) == (1, True)
    code, _, err = run(capsys, "imports", "undo", "1")
    assert code == 0, err


def test_weights_are_exported_edited_and_used(capsys: pytest.CaptureFixture[str], patents: Path) -> None:
    table = patents.with_name("权重.csv")
    shipped = answer(capsys, "weights", "show")["version"]
    assert run(capsys, "weights", "export", str(table))[0] == 0
    text = table.read_text("utf-8-sig")
    table.write_bytes(text.replace("min_age_years,3", "min_age_years,5").encode("gb18030"))
    assert run(capsys, "weights", "import", str(table))[0] == 0
    changed = answer(capsys, "weights", "show")
    assert (changed["min_age_years"], changed["version"].startswith("自定义-")) == (5, True)
    assert answer(capsys, "screen")["weights_version"] == changed["version"]
    table.write_text(text.replace("term,10,20", "term,10,90"), "utf-8")
    code, _, err = run(capsys, "weights", "import", str(table))
    assert (code, "超过 100" in err) == (1, True)
    assert answer(capsys, "weights", "show") == changed
    assert run(capsys, "weights", "reset")[0] == 0
    assert answer(capsys, "weights", "show")["version"] == shipped
    assert run(capsys, "weights", "import", str(table.with_name("没有.csv")))[0] == 1


def test_dormant_patents_are_screened_reviewed_and_answered(
    capsys: pytest.CaptureFixture[str], patents: Path
) -> None:
    folder = patents.with_name("盘点")
    result = answer(capsys, "screen", "--as-of", "2026-06-30", "--export", str(folder))
    assert (result["as_of"], result["screened"], result["exported"]) == ("2026-06-30", 2, 2)
    assert result["messages"][-1].startswith("索引尚未建立")
    book = Path(result["files"][0])
    workbook = openpyxl.load_workbook(book)
    sheet = workbook.active
    columns = {cell.value: cell.column for cell in sheet[HEADER_ROW]}
    sheet.cell(HEADER_ROW + 1, columns["处置意见"]).value = "许可"
    sheet.cell(HEADER_ROW + 1, columns["产业化前景"]).value = "很好"
    workbook.save(book)
    code, out, _ = run(capsys, "answers", "import", str(book))
    assert (code, "产业化前景“很好”" in out) == (0, True)
    sheet.cell(HEADER_ROW + 1, columns["产业化前景"]).value = "高"
    workbook.save(book)
    (report,) = answer(capsys, "answers", "import", str(book), "--on", "2026-06-30")["files"]
    assert (report["new"], report["rejected"]) == (1, [])
    assert run(capsys, "answers", "import", str(patents))[0] == 1
    assert run(capsys, "screen", "--as-of", "明天")[0] == 1
