"""Conflicts on the command line: told by the import, listed, shown, exported, decided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from api_tests.ingestion.invented import number
from service.cli.main import main

HEADER = "名称,申请号,专利权人,摘要\n"
STORED = [f"一种{n}号水泵,{number(n)},示例大学,泵\n" for n in (1, 2, 3)]
OTHERS = [f"一种{n}号面板,{number(n)},样本公司,屏\n" for n in (1, 2, 3)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new installation with three patents; answers the folder of a file that states others under their numbers."""
    monkeypatch.setenv("PATENTDOCK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "甲.csv").write_text(HEADER + "".join(STORED), "utf-8")
    (tmp_path / "乙.csv").write_text(HEADER + "".join(OTHERS), "utf-8")
    assert main(["init"]) == 0
    assert main(["import", "patents", str(tmp_path / "甲.csv")]) == 0
    return tmp_path


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


def test_the_import_says_how_many_wait_and_what_to_do(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    _, out, _ = run(capsys, "import", "patents", str(folder / "乙.csv"), "--dry-run")
    assert "待决定 3" in out
    assert "“一种1号水泵”（示例大学）" in out
    _, out, _ = run(capsys, "import", "patents", str(folder / "乙.csv"))
    assert "待决定 3" in out
    assert "patentdock conflicts list --import 2" in out
    _, out, _ = run(capsys, "imports", "show", "2")
    assert "3 行还待决定，见 patentdock conflicts list --import 2" in out
    assert answer(capsys, "imports", "list")[0]["waiting"] == 3
    assert answer(capsys, "import", "patents", str(folder / "乙.csv"))["waiting"] == 3
    assert answer(capsys, "conflicts", "list")["total"] == 3


def test_conflicts_are_listed_shown_decided_and_undone(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    run(capsys, "import", "patents", str(folder / "乙.csv"))
    _, out, _ = run(capsys, "conflicts", "list", "--status", "待定", "--out", str(folder / "冲突.xlsx"))
    assert number(1) in out
    sheet = openpyxl.load_workbook(folder / "冲突.xlsx").worksheets[0]
    assert sheet.max_row == 4
    run(capsys, "conflicts", "list", "--out", str(folder / "冲突.csv"))
    assert len((folder / "冲突.csv").read_text("utf-8-sig").splitlines()) >= 4
    _, out, _ = run(capsys, "conflicts", "show", "1")
    assert "原记录：一种1号水泵（示例大学）" in out
    assert "导入 2（乙.csv）" in out
    code, out, _ = run(capsys, "conflicts", "decide", "1", "replace", "--note", "经核对")
    assert (code, "已决定：采用新记录" in out) == (0, True)
    assert "经核对" in run(capsys, "conflicts", "show", "1")[1]
    code, _, err = run(capsys, "conflicts", "decide", "1", "keep")
    assert (code, "已由命令行于" in err) == (1, True)
    code, out, _ = run(capsys, "conflicts", "decide-import", "2", "保留原记录")
    assert (code, "2 个冲突已决定" in out) == (0, True)
    assert {item["status"] for item in answer(capsys, "conflicts", "list")["items"]} == {"kept", "replaced"}
    _, out, _ = run(capsys, "imports", "undo", "2")
    assert "恢复 1 条" in out


def test_an_undo_says_how_many_rows_wait_no_more(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    run(capsys, "import", "patents", str(folder / "乙.csv"))
    assert "待决定的 3 行不再等待" in run(capsys, "imports", "undo", "2")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["list", "--status", "未知"], 2, "pending（待定）"),
        (["list", "--out", "冲突.doc"], 2, "应为 .xlsx 或 .csv 文件"),
        (["show", "9"], 1, "没有编号为 9 的冲突"),
        (["decide", "9", "也许"], 2, "replace（采用新记录）"),
        (["decide-import", "9", "keep"], 1, "没有编号为 9 的导入记录"),
    ],
)
def test_wrong_use_is_explained(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], code: int, message: str
) -> None:
    result, _, err = run(capsys, "conflicts", *arguments)
    assert (result, message in err) == (code, True)
