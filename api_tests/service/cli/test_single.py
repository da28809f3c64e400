"""The commands on single records: one of each kind is stored, shown, changed, and stored again as it is."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api_tests.catalog.mending.small_register import FIRST, fill
from service.cli.main import main
from service.cli.terminal.runtime import any_runtime
from service.installation.setup import initialise


class RecordCase(NamedTuple):
    kind: str
    record: dict[str, Any]
    identifier: str
    changes: dict[str, Any]
    line: str
    cleared: str


PATENT = {
    "application_number": "CN202119900008.0",
    "title": "一种隔膜泵",
    "kind": "发明",
    "holders": ["示例大学"],
    "first_claim": "一种泵",
}
NEED = {"external_id": "SZX-1", "title": "水泵异响", "text": "希望降低噪声", "contact": "张工"}
FIRM = {"name": "示例泵业有限公司", "staff": 20, "products": "水泵"}
CASES = (
    RecordCase(
        "patents",
        PATENT,
        "ZL202119900008",
        {"title": "耐磨隔膜泵", "first_claim": None},
        "耐磨隔膜泵",
        "first_claim",
    ),
    RecordCase("needs", NEED, "SZX-1", {"text": "希望降低啸叫", "contact": None}, "希望降低啸叫", "contact"),
    RecordCase("enterprises", FIRM, "示例泵业有限公司", {"staff": 30, "products": None}, "30", "products"),
)


@pytest.fixture(autouse=True)
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATENTDOCK_DATA", str(tmp_path))
    database = any_runtime().database
    initialise(database)
    fill(database)
    database.dispose()
    return tmp_path


def piped(monkeypatch: pytest.MonkeyPatch, content: bytes, *words: str) -> int:
    """The exit code of a command that reads this from standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    return main([*words, "-"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_a_record_is_stored_shown_and_changed(
    case: RecordCase, register: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = register / "记录.json"
    file.write_text(json.dumps(case.record), encoding="utf-8-sig")
    first, again = (
        json.loads(capsys.readouterr().out)
        for _ in range(2)
        if main([case.kind, "set", str(file), "--json"]) == 0
    )
    assert (first.pop("outcome"), again.pop("outcome")) == ("new", "unchanged")
    assert first == again
    for status in ("已更新", "未变更"):
        changes = json.dumps(case.changes).encode()
        assert piped(monkeypatch, changes, case.kind, "patch", case.identifier) == 0
        out = capsys.readouterr().out
        assert out.startswith(f"{status}：")
        assert f"（编号 {first['id']}）" in out
    for known_by in (case.identifier, str(first["id"])):
        assert main([case.kind, "show", known_by, "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        changed = {name for name in shown if shown[name] != first[name]}
        assert changed == {*case.changes, "updated_at"}
        assert not shown[case.cleared]
    assert main([case.kind, "show", case.identifier]) == 0
    assert case.line in capsys.readouterr().out


def test_a_record_without_a_number_is_known_as_an_import_would_know_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for content in (
        {"code": "N2", "title": "要阀", "text": "要耐腐蚀的阀"},
        {"title": "要管", "text": "耐压"},
    ):
        stored = []
        for _ in range(2):
            assert piped(monkeypatch, json.dumps(content).encode(), "needs", "set", "--json") == 0
            stored.append(json.loads(capsys.readouterr().out))
        assert stored[0]["id"] == stored[1]["id"]
        assert stored[1]["outcome"] == "unchanged"
    draft = json.dumps({"title": "一种未申请的泵", "holders": ["示例大学"]}).encode()
    for status in ("已新增", "未变更"):
        assert piped(monkeypatch, draft, "patents", "set") == 0
        assert capsys.readouterr().out.startswith(status)


@pytest.mark.parametrize(
    ("words", "content", "code", "message"),
    [
        (["needs", "show", "没有"], b"", 1, "没有标识为“没有”的技术需求"),
        (["needs", "show", "99"], b"", 1, "没有编号为 99 的技术需求"),
        (["patents", "show", FIRST[:-1] + "x"], b"", 2, "号码"),
        (["patents", "set", "-"], b'{"title": ', 1, "标准输入 不是有效的 JSON（第 1 行"),
        (["patents", "set", "-"], b"[]", 1, "内容应为一个 JSON 对象"),
        (["patents", "set", "-"], b"[" * 100_000, 1, "不是有效的 JSON"),
        (["patents", "set", "-"], b'{"title": "\\ud800"}', 1, "不是有效的 JSON"),
        (["patents", "set", "-"], b'{"title": "x", "filing_date": "2021-02-30"}', 2, "filing_date"),
        (["enterprises", "patch", "1", "-"], b'{"colour": 1}', 2, "colour：不支持此字段"),
        (["enterprises", "patch", "1", "-"], b'{"name": null}', 2, "企业名称（name）"),
        (["needs", "set", "没有.json"], b"", 1, "没有.json 无法读写：不存在"),
    ],
)
def test_mistakes_are_explained_and_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    content: bytes,
    code: int,
    message: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert main(words) == code
    out, err = capsys.readouterr()
    assert message in err
    assert not out


def test_a_deleted_record_is_gone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["records", "delete", "needs", "2", "--reason", "重复"]) == 0
    for known_by in ("N2", "2"):
        assert main(["needs", "show", known_by]) == 1
        assert "由命令行删除（重复）" in capsys.readouterr().err
