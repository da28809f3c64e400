"""Demonstration data and real records are not laid over each other unasked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import demo
from catalog.registers.demonstration import NOTICE
from service.cli.main import main

REAL = "企业名称,地址\n示例正式有限公司,湖北省襄阳市\n"


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A new installation with few demonstration records at hand; answers a file of a real firm."""
    monkeypatch.setenv("PATENTDOCK_DATA", str(tmp_path / "data"))
    for kind in ("enterprises", "patents"):
        rows = demo.path(kind).read_text("utf-8").splitlines(keepends=True)[:3]
        (tmp_path / f"{kind}.jsonl").write_text("".join(rows), "utf-8")
    monkeypatch.setattr(demo, "path", lambda kind: tmp_path / f"{kind}.jsonl")
    (tmp_path / "企业.csv").write_text(REAL, "utf-8")
    run(capsys, "init")
    return tmp_path / "企业.csv"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def test_demo_data_is_refused_where_real_data_is(capsys: pytest.CaptureFixture[str], fresh: Path) -> None:
    assert NOTICE not in run(capsys, "import", "enterprises", str(fresh))[1]
    code, out, err = run(capsys, "demo", "load")
    assert (code, out) == (1, "")
    assert "系统中已有正式数据（企业 1），未载入演示数据" in err
    for way_out in ("PATENTDOCK_DATA", "patentdock serve", "--force"):
        assert way_out in err
    code, out, _ = run(capsys, "demo", "load", "--force")
    assert (code, "专利：新增 3" in out) == (0, True)


def test_demo_data_is_loaded_again_until_real_data_comes(
    capsys: pytest.CaptureFixture[str], fresh: Path
) -> None:
    assert run(capsys, "demo", "load")[0] == 0
    code, out, _ = run(capsys, "demo", "load", "--json")
    assert (code, {kind: report["new"] for kind, report in json.loads(out).items()}) == (
        0,
        {"enterprises": 0, "patents": 0},
    )
    for more in (["--dry-run"], []):
        assert NOTICE in run(capsys, "import", "enterprises", str(fresh), *more)[1]
    assert run(capsys, "demo", "load")[0] == 1
