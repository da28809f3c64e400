"""Papers of an activity over REST and the command line."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import docx
import httpx
import openpyxl
import pytest

from service.cli.main import main
from service.installation.runtime import Runtime
from service.sheets.docking.papers import MEDIA_TYPES, PAPERS

SESSION = {"day": "2027-06-15", "starts": "09:00", "slots": 3, "places": [{"room": "一号厅", "tables": 2}]}


@pytest.fixture
def activity(client: httpx.Client) -> dict[str, Any]:
    body = {"name": "示例材料对接会", "sessions": [SESSION]}
    response = client.post("/api/v1/activities", json=body)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    invitation = {"role": "专家", "name": "示例材料研究院", "answer": "参加"}
    client.post(f"/api/v1/activities/{made['id']}/invitations", json=invitation).raise_for_status()
    return made


def test_papers_are_listed_made_and_bundled_by_what_is_there(
    client: httpx.Client, activity: dict[str, Any]
) -> None:
    address = f"/api/v1/activities/{activity['id']}/papers"
    listed = client.get(address).json()["items"]
    assert [one["name"] for one in listed] == [paper.name for paper in PAPERS]
    ready = {one["name"]: one["format"] for one in listed if one["is_ready"]}
    assert set(ready) == {"邀请函", "参会名册", "签到表", "满意度调查表"}
    for name, format_ in ready.items():
        response = client.get(f"{address}/{name}")
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].split(";")[0] == MEDIA_TYPES[format_]
        if format_ == "docx":
            docx.Document(io.BytesIO(response.content))
    roster = openpyxl.load_workbook(io.BytesIO(client.get(f"{address}/参会名册").content)).worksheets[0]
    assert roster["C2"].value == "示例材料研究院"
    with zipfile.ZipFile(io.BytesIO(client.get(f"{address}.zip").content)) as bundled:
        assert len(bundled.namelist()) == len(ready) + 1


def test_a_paper_before_its_time_says_what_to_do_first(
    client: httpx.Client, activity: dict[str, Any]
) -> None:
    address = f"/api/v1/activities/{activity['id']}/papers"
    early = client.get(f"{address}/对接手册")
    assert early.status_code == 409
    assert "尚未编排日程" in early.text
    assert "请先编排日程" in early.text
    assert client.get(f"{address}/菜单").status_code == 404
    assert client.get("/api/v1/activities/999999/papers").status_code == 404
    assert client.get(f"{address}/邀请函", params={"party": 999999}).status_code == 404


def test_the_command_line_writes_the_same_papers_and_replaces_none_unasked(
    installation: Runtime,
    activity: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATENTDOCK_DATA", str(installation.settings.data))
    command = ["activities", "papers", str(activity["id"])]
    assert main([*command, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(PAPERS)
    folder = tmp_path / "材料"
    assert main([*command, "--out", str(folder)]) == 0
    assert {path.name for path in folder.iterdir()} == {
        "邀请函.docx",
        "参会名册.xlsx",
        "签到表.docx",
        "满意度调查表.docx",
    }
    assert "未写“桌牌”：尚未编排日程" in capsys.readouterr().err
    assert main([*command, "--out", str(folder), "--name", "邀请函"]) == 1
    assert "--replace" in capsys.readouterr().err
    assert main([*command, "--out", str(folder), "--name", "邀请函", "--replace"]) == 0
    assert main([*command, "--out", str(tmp_path / "全部.zip")]) == 0
    assert zipfile.is_zipfile(tmp_path / "全部.zip")
    assert main([*command, "--out", str(folder), "--name", "桌牌"]) == 1
    assert "请先编排日程" in capsys.readouterr().err
