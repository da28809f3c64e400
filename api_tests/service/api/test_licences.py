"""Declarations and eligibility over REST and the command line: draft to withdrawal, documents, checks by the thousand."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import docx
import httpx
import openpyxl
import pytest

from catalog.kit.days import beijing_today
from ingestion.identifiers.application_number import check_digit
from service.cli.main import main
from service.installation.runtime import Runtime

TODAY = beijing_today()
Made = Callable[..., dict[str, Any]]


def number_of(serial: int, kind: int = 1) -> str:
    body = f"2021{kind}{serial:07d}"
    return f"{body}.{check_digit(body)}"


@pytest.fixture
def made(client: httpx.Client) -> Made:
    """A granted patent of this serial, stored."""

    def make(serial: int, kind: int = 1, **changes: Any) -> dict[str, Any]:
        body = {
            "title": f"一种示例许可装置{serial}",
            "application_number": number_of(serial, kind),
            "filing_date": "2021-03-12",
            "grant_date": f"{TODAY - timedelta(30)}",
            "legal_status": "有效",
            "legal_status_date": f"{TODAY - timedelta(10)}",
            "holders": ["示例许可大学"],
        }
        response = client.post("/api/v1/patents", json=body | changes)
        assert response.status_code == 201, response.text
        patent: dict[str, Any] = response.json()
        return patent

    return make


def terms(serial: int, kind: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "application_number": number_of(serial, kind),
        "payment_form": "一次总付",
        "fixed_fee": 30000,
        "starts_on": f"{TODAY}",
        "ends_on": f"{TODAY + timedelta(365)}",
        "status": "草稿",
    } | changes


def post(client: httpx.Client, path: str, expected: int, /, **body: Any) -> dict[str, Any]:
    response = client.post(f"/api/v1/{path}", json=body)
    assert response.status_code == expected, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_from_draft_to_withdrawal(client: httpx.Client, made: Made) -> None:
    patent = made(9970001)
    draft = post(client, "licences", 201, **terms(9970001, know_how="国际领先", fixed_fee=30000000))
    assert draft["status_name"] == "草稿"
    assert {warning["code"] for warning in draft["warnings"]} == {"advertising", "cap_fixed_fee"}
    published = post(client, f"licences/{draft['id']}/publish", 200)
    assert (published["status"], published["published_on"]) == ("published", f"{TODAY}")
    assert published["eligibility"]["verdict"] == "eligible"
    changed = client.put(f"/api/v1/licences/{draft['id']}", json=terms(9970001, fixed_fee=20000, status=None))
    assert (changed.json()["status_name"], changed.json()["terms"][:11]) == ("已变更", "一次总付，2 万元，许")
    withdrawn = post(client, f"licences/{draft['id']}/withdraw", 200, reason="另行转让")
    assert withdrawn["status"] == "withdrawn"
    assert "不影响在先给予的开放许可" in withdrawn["effect"]
    history = client.get(f"/api/v1/licences/{draft['id']}/history").json()["items"]
    assert [(entry["action_name"], entry["actor"]) for entry in history] == [
        (name, "测试平台") for name in ("登记", "公告", "变更", "撤回")
    ]
    assert (history[2]["before"]["fixed_fee"], history[2]["after"]["fixed_fee"]) == (
        "30000000.00",
        "20000.00",
    )
    post(client, f"licences/{draft['id']}/publish", 409)
    anew = post(client, "licences", 201, **terms(9970001))
    listed = client.get(
        "/api/v1/licences", params={"application_number": patent["application_number"]}
    ).json()
    assert {item["id"]: item["status"] for item in listed["items"]} == {
        draft["id"]: "withdrawn",
        anew["id"]: "draft",
    }


def test_a_share_of_profit_stays_one(client: httpx.Client, made: Made) -> None:
    """细则 85, item 3: 40 % of profit is within the cap of profit, stated in English or Chinese, by POST and by PUT."""
    made(9970011)
    royalty: dict[str, Any] = {"payment_form": "提成", "fixed_fee": None, "royalty_rate": 40}
    draft = post(client, "licences", 201, **terms(9970011, **royalty, royalty_base="profit"))
    assert (draft["royalty_base"], draft["warnings"]) == ("profit", [])
    for base, stored, warned in (
        ("利润额", "profit", set()),
        ("profit", "profit", set()),
        ("净销售额", "net_sales", {"cap_net_sales"}),
        ("net_sales", "net_sales", {"cap_net_sales"}),
    ):
        body = terms(9970011, **royalty, royalty_base=base)
        saved = client.put(f"/api/v1/licences/{draft['id']}", json=body).json()
        assert (saved["royalty_base"], {w["code"] for w in saved["warnings"]}) == (stored, warned)
    over = client.put(
        f"/api/v1/licences/{draft['id']}",
        json=terms(9970011, **royalty | {"royalty_rate": 40.001}, royalty_base="profit"),
    )
    assert [warning["code"] for warning in over.json()["warnings"]] == ["cap_profit"]


def test_a_declaration_states_its_status_and_an_announced_one_what_it_lacks(
    client: httpx.Client, made: Made
) -> None:
    made(9970012, kind=2, holders=["示例许可大学", "示例许可公司"])
    refused = post(client, "licences", 422, **terms(9970012, kind=2, status=None))
    assert [(error["field"], "草稿" in error["reason"]) for error in refused["errors"]] == [("status", True)]
    bare = terms(9970012, kind=2, status="已公告", fixed_fee=None, ends_on=None)
    announced = post(client, "licences", 201, **bare)
    assert [warning["code"] for warning in announced["warnings"]] == ["no_fee"]
    told = "；".join(announced["notes"])
    for gap in ("缺许可使用费支付标准", "缺许可期限", "共有人尚未同意", "专利权评价报告"):
        assert gap in told
    made(9970013)
    assert post(client, "licences", 201, **terms(9970013, status="已公告"))["notes"] == []


def test_what_is_unknown_is_announced_only_when_confirmed_with_a_reason(
    client: httpx.Client, made: Made
) -> None:
    """细则 86, items 3 and 4: pledged with the pledgee's consent not recorded."""
    made(9970014, legal_status="质押")
    draft = post(client, "licences", 201, **terms(9970014))
    address = f"licences/{draft['id']}/publish"
    refused = post(client, address, 422)
    assert "质权人是否同意没有记录（专利法实施细则第八十六条第四项）" in refused["detail"]
    post(client, address, 422, confirmed=True)
    post(client, address, 422, confirmed=True, reason="  ")
    post(client, address, 422, reason="银行来函同意")
    published = post(client, address, 200, confirmed=True, reason="银行来函同意")
    assert (published["status"], published["eligibility"]["verdict"]) == ("published", "unknown")
    step = client.get(f"/api/v1/licences/{draft['id']}/history").json()["items"][-1]
    assert (step["action_name"], step["actor"]) == ("公告", "测试平台")
    assert step["happened_at"].startswith(f"{TODAY:%Y}")
    assert "理由：银行来函同意" in step["note"]
    assert "质权人" in step["note"]
    # What can be licensed for sure needs no confirmation and leaves no note.
    made(9970015)
    sure = post(client, "licences", 201, **terms(9970015))
    post(client, f"licences/{sure['id']}/publish", 200)
    assert client.get(f"/api/v1/licences/{sure['id']}/history").json()["items"][-1]["note"] == ""


def test_the_command_line_asks_for_the_same_confirmation(
    installation: Runtime,
    client: httpx.Client,
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATENTDOCK_DATA", str(installation.settings.data))
    made(9970016, legal_status="质押")
    draft = str(post(client, "licences", 201, **terms(9970016))["id"])
    assert main(["licences", "publish", draft]) == 1
    assert "资料不足" in capsys.readouterr().err
    assert main(["licences", "publish", draft, "--confirm", "--reason", "银行来函同意"]) == 0
    capsys.readouterr()
    assert main(["licences", "history", draft, "--json"]) == 0
    step = json.loads(capsys.readouterr().out)[-1]
    assert (step["actor"], "银行来函同意" in step["note"]) == ("命令行", True)


def test_a_blocked_patent_is_not_declared(client: httpx.Client, made: Made) -> None:
    made(9970002, legal_status="中止或保全", grant_date="2023-01-01")
    draft = post(client, "licences", 201, **terms(9970002))
    refused = post(client, f"licences/{draft['id']}/publish", 422)
    assert "第八十六条第二项" in refused["detail"]
    assert "保全解除" in refused["hint"]
    made(9970003, kind=2)
    model = post(client, "licences", 201, **terms(9970003, kind=2))
    assert "专利权评价报告" in post(client, f"licences/{model['id']}/publish", 422)["detail"]


def test_one_patent_on_any_day(client: httpx.Client, made: Made) -> None:
    patent = made(9970004)
    address = f"/api/v1/patents/{patent['id']}/eligibility"
    verdict = client.get(address).json()
    assert (verdict["verdict"], verdict["verdict_name"]) == ("eligible", "可以开放许可")
    before = client.get(address, params={"as_of": f"{TODAY - timedelta(31)}"}).json()
    assert before["verdict"] == "blocked"
    assert before["grounds"][0]["article"] == "专利法实施细则第八十五条"
    assert client.get("/api/v1/patents/2147483647/eligibility").status_code == 404
    assert client.get(address, params={"as_of": "昨天"}).status_code == 422


def test_many_at_once(client: httpx.Client, made: Made) -> None:
    patent = made(9970005)
    shared = made(9970006, holders=["示例许可大学", "示例许可公司"])
    answer = post(
        client,
        "licences/check",
        200,
        ids=[shared["id"], 2147483647],
        application_numbers=[f"ZL{patent['application_number']}", "202119999999", "胡写"],
    )
    assert answer["counts"] == {"eligible": 1, "blocked": 0, "unknown": 1, "not_found": 3}
    verdicts = [item["verdict"] and item["verdict"]["verdict"] for item in answer["items"]]
    assert verdicts == ["unknown", None, "eligible", None, None]
    assert "共有人同意" in "；".join(answer["items"][0]["verdict"]["todo"])
    assert all(item["reason"] for item in answer["items"] if not item["verdict"])
    assert answer["items"][0]["verdict"]["table_version"] == answer["table_version"]
    for body in ({}, {"ids": [1] * 1001}, {"ids": [1] * 600, "application_numbers": ["1"] * 600}):
        assert client.post("/api/v1/licences/check", json=body).status_code == 422


def test_documents(client: httpx.Client, made: Made) -> None:
    made(9970007)
    consents = [{"holder": "示例许可大学", "consent": "已同意", "on": "2026-01-02"}]
    licence = post(client, "licences", 201, **terms(9970007, consents=consents, contact="示例处"))
    address = f"/api/v1/licences/{licence['id']}/announcement"
    word = docx.Document(io.BytesIO(client.get(address).content))
    cells = {row.cells[0].text: row.cells[1].text for row in word.tables[0].rows}
    assert cells["专利权人同意情况"] == "示例许可大学：已同意（2026-01-02）"
    assert (cells["许可使用费标准"], cells["联系方式"]) == ("30000 元（3 万元）", "示例处")
    assert any("不得就该专利给予独占或者排他许可" in paragraph.text for paragraph in word.paragraphs)
    sheet = openpyxl.load_workbook(
        io.BytesIO(client.get(address, params={"format": "xlsx"}).content)
    ).worksheets[0]
    assert {row[0].value: row[1].value for row in sheet.iter_rows()}["专利号"] == f"ZL {number_of(9970007)}"
    exported = client.get("/api/v1/licences/export.xlsx", params={"status": "草稿", "holder": "示例许可"})
    rows = list(
        openpyxl.load_workbook(io.BytesIO(exported.content)).worksheets[0].iter_rows(values_only=True)
    )
    assert {row[6] for row in rows[1:]} == {"草稿"}
    assert number_of(9970007) in {row[1] for row in rows[1:]}


def test_a_list_in_and_verdicts_out(
    installation: Runtime,
    made: Made,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATENTDOCK_DATA", str(installation.settings.data))
    patent = made(9970008)
    asked, out = tmp_path / "清单.xlsx", tmp_path / "结果.xlsx"
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (
        ["某校专利清单"],
        ["序号", "专利名称", "专利号"],
        [1, "甲", patent["application_number"]],
        [2, "乙", "20212990000"],
    ):
        book.active.append(row)
    book.save(asked)
    assert main(["licences", "check", str(asked), "--out", str(out), "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert counts == {"eligible": 1, "blocked": 0, "unknown": 0, "not_found": 1}
    rows = list(openpyxl.load_workbook(out).worksheets[0].iter_rows(values_only=True))
    assert [(row[0], row[3]) for row in rows[1:]] == [
        (patent["application_number"], "可以开放许可"),
        ("20212990000", "未查到"),
    ]
    assert main(["licences", "check"]) == 1
    (tmp_path / "空.csv").write_text("名称,备注\n甲,乙\n", "utf-8")
    assert main(["licences", "check", str(tmp_path / "空.csv")]) == 1
    assert "没有找到申请号" in capsys.readouterr().err


def test_the_decision_table_is_edited_by_the_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATENTDOCK_DATA", str(tmp_path))
    own = tmp_path / "我的判定表.toml"
    assert main(["licences", "rules", "--export", str(own)]) == 0
    lenient = own.read_text("utf-8").replace('effect = "blocks"', 'effect = "note"', 1)
    own.write_text(lenient, "utf-8")
    assert main(["licences", "rules", "--install", str(own)]) == 1
    assert not (tmp_path / "eligibility.toml").exists()
    own.write_text(lenient.replace('effect = "note"', 'effect = "blocks"', 1) + "\n# 已审\n", "utf-8")
    assert main(["licences", "rules", "--install", str(own)]) == 0
    assert "自定义-" in capsys.readouterr().out
    assert main(["licences", "rules", "--reset"]) == 0
    assert "默认-" in capsys.readouterr().out
