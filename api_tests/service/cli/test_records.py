"""The commands on records: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from api_tests.catalog.mending.small_register import FIRST, fill
from service.cli.main import main
from service.cli.terminal.runtime import any_runtime
from service.installation.setup import initialise


@pytest.fixture(autouse=True)
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATENTDOCK_DATA", str(tmp_path))
    database = any_runtime().database
    initialise(database)
    fill(database)
    database.dispose()
    return tmp_path


def test_records_are_deleted_listed_and_restored(register: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = register / "删除.xlsx"
    words = ["records", "delete", "needs", "1", "2", "--reason", "重复", "--by", "小王"]
    assert main(words) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("未删除编号 1：需求 N1已有匹配反馈 1（编号 1）")
    assert out[1] == "已删除需求 N2；恢复：patentdock records restore 1"
    assert main(["records", "deleted", "--kind", "needs", "--out", str(sheet), "--json"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["items"]
    assert (item["record_id"], item["actor"], item["reason"]) == (2, "小王", "重复")
    assert openpyxl.load_workbook(sheet)["删除记录"].max_row == 2
    assert main(["records", "restore", "1", "--by", "小李"]) == 0
    assert capsys.readouterr().out == "已恢复需求 N2，共 1 条记录\n"
    assert main([*words, "--cascade"]) == 0
    assert main(["records", "deleted"]) == 0
    assert "对接事项 1" in capsys.readouterr().out


def test_records_are_merged(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["records", "merge", "needs", "1", "2", "--reason", "同一条"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("已将需求 N2并入编号 1 的记录，转移引用 0 条；撤销：patentdock records restore 1")
    assert "要阀" in out
    assert main(["match", "--need", "2"]) == 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["delete", "holders", "1", "--reason", "重复"], 2, "种类"),
        (["delete", "needs", "1"], 2, "缺少 理由"),
        (["restore", "7"], 1, "没有编号为 7 的删除记录"),
        (["merge", "patents", "1", "2", "--reason", "重复"], 1, f"申请号不同（{FIRST}"),
    ],
)
def test_mistakes_are_explained(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, message: str
) -> None:
    assert main(["records", *words]) == code
    assert message in capsys.readouterr().err
