"""Likely licensees and chances over REST, as workbooks and on the command line."""

from __future__ import annotations

import io

import httpx
import openpyxl
import pytest

from service.cli.main import main
from service.installation.runtime import Runtime


@pytest.fixture(scope="module")
def patent_id(client: httpx.Client) -> int:
    found = client.get("/api/v1/patents", params={"size": 1, "holder": "大学"}).json()["items"]
    return int(found[0]["id"])


def test_filters_take_names_and_the_workbook_holds_the_same_firms(
    client: httpx.Client, patent_id: int
) -> None:
    path = f"/api/v1/patents/{patent_id}/licensees"
    asked: dict[str, str | int] = {"region": "武汉市", "size": 200}
    answer = client.get(path, params=asked).json()
    assert answer["items"]
    assert all(item["enterprise"]["prefecture"] == "420100" for item in answer["items"])
    assert answer["rules"].startswith("默认-")
    response = client.get(f"{path}.xlsx", params={"region": "武汉市", "size": 1})
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[0]
    names = [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert names == [item["enterprise"]["name"] for item in answer["items"]]


def test_the_chances_of_a_holder_and_their_workbook(client: httpx.Client) -> None:
    # Other tests of the session bring in holders whose patents no index has seen.
    for holder in client.get("/api/v1/holders", params={"size": 50, "sort": "-patents"}).json()["items"]:
        path = f"/api/v1/holders/{holder['id']}/chances"
        answer = client.get(path, params={"in_force": False, "per_patent": 2, "size": 200}).json()
        assert answer["patents"] == holder["patents"]
        if answer["matched"]:
            break
    assert answer["total"] == 2 * answer["matched"] > 0
    item = answer["items"][0]
    assert item["eligibility"]["verdict_name"]
    assert "screening" in item["patent"]
    response = client.get(f"{path}.xlsx", params={"in_force": False, "per_patent": 2})
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[0]
    assert sheet.max_row == answer["total"] + 1


def test_what_cannot_be_asked_is_refused(client: httpx.Client, patent_id: int) -> None:
    assert client.get("/api/v1/patents/999999/licensees").status_code == 404
    assert client.get("/api/v1/holders/999999/chances").status_code == 404
    wrong = client.get(f"/api/v1/patents/{patent_id}/licensees", params={"region": "火星"})
    assert wrong.status_code == 422
    assert "火星" in wrong.json()["detail"]
    order = client.get(f"/api/v1/patents/{patent_id}/licensees", params={"sort": "price"})
    assert order.status_code == 422
    assert "可用的排序字段" in order.json()["hint"]
    assert client.get("/api/v1/holders/1/chances", params={"per_patent": 11}).status_code == 422


def test_both_commands_show_what_they_found(
    installation: Runtime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], patent_id: int
) -> None:
    monkeypatch.setattr("service.cli.commands.chances.ready_runtime", lambda: installation)
    assert main(["licensees", str(patent_id), "--size", "2"]) == 0
    shown = capsys.readouterr().out
    assert "产品 0." in shown
    assert "不是成交概率" in shown
    assert main(["chances", "1", "--all", "--size", "2"]) == 0
    assert "参加匹配" in capsys.readouterr().out
    assert main(["chances", "1", "--region", "火星"]) == 2
    assert "--region" in capsys.readouterr().err
