"""Preview of an import on the command line, and mappings saved, edited, used, shown and removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.cli.main import main

LIST = "内部台账\n单位,规模,序\n示例甲有限公司,20,1\n,30,2\n"


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A new installation; answers the file of a list of firms beside it."""
    monkeypatch.setenv("PATENTDOCK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "企业.csv").write_text(LIST, "utf-8")
    run(capsys, "init")
    return tmp_path / "企业.csv"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err


def edited(path: Path) -> Path:
    """The mapping that an operator writes for `LIST`."""
    path.write_text(
        'kind = "enterprises"\n[columns]\n"企业名称" = ["单位"]\n"从业人员数" = "规模"\n', "utf-8"
    )
    return path


def test_a_mapping_is_saved_by_hand_previewed_saved_and_used(
    capsys: pytest.CaptureFixture[str], fresh: Path
) -> None:
    mapping = edited(fresh.with_name("我的.toml"))
    code, out, err = run(
        capsys,
        "import",
        "enterprises",
        str(fresh),
        "--dry-run",
        "--mapping",
        str(mapping),
        "--save-mapping",
        "台账",
    )
    assert code == 0, err
    for shown in ("从业人员数（staff）", "规模", "列对应关系", "示例甲有限公司", "缺少企业名称", "4"):
        assert shown in out
    saved = fresh.parent / "data" / "mappings" / "台账.toml"
    assert str(saved) in err.replace("\n", "")
    code, out, _ = run(capsys, "import", "enterprises", str(fresh), "--source", "台账", "--json")
    report = json.loads(out)["files"][0]
    assert (code, report["source"], report["new"], report["rejected"]) == (0, "台账", 1, 1)
    assert {column["column"]: (column["field"], column["by"]) for column in report["columns"]} == {
        "单位": ("name", "mapping"),
        "规模": ("staff", "mapping"),
        "序": ("", "ignored"),
    }
    out = run(capsys, "imports", "show", "1")[1]
    for shown in ("按列对应关系“台账”", "从业人员数（staff）", "无需导入"):
        assert shown in out
    assert json.loads(run(capsys, "imports", "show", "1", "--json")[1])["columns"] == report["columns"]
    again = json.loads(run(capsys, "import", "enterprises", str(fresh), "--source", "台账", "--json")[1])[
        "files"
    ][0]
    assert (again["columns"], again["preview"]) == (report["columns"], report["preview"])


def test_the_names_of_places_of_the_operator_are_in_force(
    capsys: pytest.CaptureFixture[str], fresh: Path
) -> None:
    data = fresh.parent / "data"
    rules = 'abroad = []\n[zones]\n"示例片区" = "420506"\n[groups]\n'
    (data / "places.toml").write_text(rules, "utf-8")
    fresh.write_text("企业名称,所属地市\n示例甲有限公司,示例片区\n", "utf-8")
    report = json.loads(run(capsys, "import", "enterprises", str(fresh), "--json")[1])["files"][0]
    assert (report["preview"][0]["区县"], report["places_version"][:4]) == ("夷陵区", "自定义-")
    kept = json.loads(run(capsys, "imports", "show", "1", "--json")[1])
    assert kept["places_version"] == report["places_version"]
    (data / "places.toml").write_text("zones = 1", "utf-8")
    code, _, err = run(capsys, "import", "enterprises", str(fresh))
    assert (code, "places.toml" in err) == (1, True)


def test_mappings_are_listed_shown_and_removed(capsys: pytest.CaptureFixture[str], fresh: Path) -> None:
    assert "尚未保存" in run(capsys, "mappings", "list")[1]
    folder = fresh.parent / "data" / "mappings"
    folder.mkdir()
    edited(folder / "台账.toml")
    (folder / "坏.toml").write_text("kind = ", "utf-8")
    entries = json.loads(run(capsys, "mappings", "list", "--json")[1])
    assert {entry["source"]: "problem" in entry for entry in entries} == {"台账": False, "坏": True}
    assert '"企业名称" = ["单位"]' in run(capsys, "mappings", "show", "台账")[1]
    assert json.loads(run(capsys, "mappings", "show", "台账", "--json")[1])["columns"]["staff"] == ["规模"]
    assert run(capsys, "mappings", "remove", "台账")[0] == 0
    code, _, err = run(capsys, "mappings", "show", "台账")
    assert (code, "坏" in err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--source", "无"], 1, "没有名为“无”的列对应关系"),
        (["--mapping", "无.toml"], 1, "无法打开：不存在"),
        (["--source", "甲", "--mapping", "乙.toml"], 2, "不能与 --mapping 同时使用"),
        (["--save-mapping", "///"], 1, "需要一个来源名称"),
        (["--save-mapping", "台账", "另一个.csv"], 2, "一次只能保存一个文件"),
    ],
)
def test_wrong_use_of_mappings_is_explained(
    capsys: pytest.CaptureFixture[str], fresh: Path, arguments: list[str], code: int, message: str
) -> None:
    answer, out, err = run(capsys, "import", "enterprises", str(fresh), *arguments)
    assert (answer, out) == (code, "")
    assert message in err


def test_a_saved_mapping_is_not_overwritten_and_one_that_does_not_fit_is_refused(
    capsys: pytest.CaptureFixture[str], fresh: Path
) -> None:
    folder = fresh.parent / "data" / "mappings"
    folder.mkdir()
    edited(folder / "台账.toml")
    code, _, err = run(capsys, "import", "enterprises", str(fresh), "--save-mapping", "台账")
    assert (code, "mappings remove 台账" in err) == (1, True)
    fresh.write_text("名称,规模\n示例丙有限公司,3\n", "utf-8")
    code, _, err = run(capsys, "import", "enterprises", str(fresh), "--source", "台账")
    assert code == 1
    assert "没有列单位（企业名称）（列名：名称、规模）" in err
