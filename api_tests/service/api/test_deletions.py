"""Deletion, restoring and merging over REST, for every kind alike; what addresses of deleted records answer."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import httpx
import openpyxl
import pytest

from api_tests.catalog.mending.small_register import FIRST, fill
from api_tests.index.small_catalogue import HashEncoder
from index.model.encoder import Encoder
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise

API = "/api/v1"
WHY = {"reason": "登记有误"}


@pytest.fixture
def client(
    tmp_path: Path, calling: Callable[[Runtime], AbstractContextManager[httpx.Client]]
) -> Iterator[httpx.Client]:
    settings = Settings(data=tmp_path, model="hash", follow_seconds=0)
    runtime = Runtime(settings, cast(Encoder, HashEncoder()))
    initialise(runtime.database)
    fill(runtime.database)
    with calling(runtime) as made:
        yield made


def ok(response: httpx.Response, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json()


def without_times(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "updated_at"}


@pytest.mark.parametrize("kind", ["patents", "needs", "enterprises", "licences", "deals", "facts"])
def test_every_kind_is_deleted_listed_and_restored(client: httpx.Client, kind: str) -> None:
    address = f"{API}/{kind}/1"
    before = None if kind == "facts" else ok(client.get(address))
    stone = ok(client.delete(address, params=WHY | {"cascade": True}))
    assert (stone["kind"], stone["record_id"], stone["reason"], stone["actor"]) == (
        kind,
        1,
        "登记有误",
        "测试平台",
    )
    if kind != "facts":
        gone = ok(client.get(address), 410)
        assert (gone["title"], gone["deletion_id"]) == ("已删除", stone["id"])
        assert "由测试平台删除（登记有误）" in gone["detail"]
        assert ok(client.get(f"{API}/{kind}"))["total"] == (1 if kind in ("patents", "needs") else 0)
    listed = ok(client.get(f"{API}/deletions", params={"kind": kind}))
    assert [item["id"] for item in listed["items"]] == [stone["id"]]
    assert ok(client.get(f"{API}/deletions/{stone['id']}")) == stone
    restored = ok(client.post(f"{API}/deletions/{stone['id']}/restore"))
    assert restored["deletion"]["restored_by"] == "测试平台"
    if before is not None:
        assert without_times(ok(client.get(address))) == without_times(before)
    assert ok(client.get(f"{API}/deletions"))["total"] == 0
    assert ok(client.get(f"{API}/deletions", params={"restored": True}))["total"] == restored["restored"]


def test_what_is_in_the_way_is_named_and_a_reason_is_needed(client: httpx.Client) -> None:
    refused = ok(client.delete(f"{API}/patents/1", params=WHY), 409)
    assert "开放许可声明" in refused["detail"]
    assert "cascade" in refused["hint"]
    assert ok(client.delete(f"{API}/patents/1"), 422)["errors"][0]["field"] == "reason"
    assert ok(client.delete(f"{API}/patents/99", params=WHY), 404)
    ok(client.delete(f"{API}/needs/2", params=WHY))
    assert ok(client.delete(f"{API}/needs/2", params=WHY), 410)["deletion_id"] == 1
    # The address that was asked is another one.
    assert ok(client.post(f"{API}/feedback", json={"patent_id": 1, "need_id": 2, "verdict": "suitable"}), 404)


def test_a_merged_record_answers_with_the_kept_one(client: httpx.Client) -> None:
    ok(client.post(f"{API}/enterprises", json={"name": "甲公司", "products": "泵"}), 201)
    merged = ok(client.post(f"{API}/enterprises/1/merge", json={"other_id": 2, "reason": "同一家"}))
    assert {d["label"] for d in merged["differing"]} == {"企业名称", "主要产品"}
    gone = ok(client.get(f"{API}/enterprises/2"), 410)
    assert (gone["merged_into"], gone["hint"]) == (1, "请改用编号 1 的记录")
    assert ok(client.get(f"{API}/deletions", params={"merged": True}))["total"] == 1
    ok(client.post(f"{API}/deletions/{merged['deletion']['id']}/restore"))
    assert ok(client.get(f"{API}/enterprises/2"))["name"] == "甲公司"


def test_many_are_deleted_with_a_report(client: httpx.Client) -> None:
    body = {"kind": "needs", "ids": [2, 1, 99], "reason": "企业已撤回"}
    report = ok(client.post(f"{API}/deletions", json=body))
    assert (report["deleted"], report["refused"]) == (1, 2)
    assert [item["record_id"] for item in report["items"] if item["problem"]] == [1, 99]
    assert ok(client.post(f"{API}/deletions", json=body | {"kind": "holders"}), 422)
    again = ok(client.post(f"{API}/deletions", json=body | {"ids": [2]}))
    assert "企业已撤回" in again["items"][0]["problem"]


def test_the_list_is_exported(client: httpx.Client) -> None:
    ok(client.delete(f"{API}/patents/1", params=WHY | {"cascade": True}))
    response = client.get(f"{API}/deletions/export.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(response.content))["删除记录"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:4] == ("删除编号", "种类", "记录编号", "名称")
    assert len(rows) == 5
    assert {row[1] for row in rows[1:]} == {"专利", "开放许可声明", "匹配反馈", "对接事项"}
    assert any(row[3] == f"专利 {FIRST}" and row[5] == "登记有误" for row in rows)


def test_an_undo_is_tried_out_first(client: httpx.Client) -> None:
    file = {"file": ("需求.csv", "需求编号,需求名称,需求描述\nN7,要屏,要屏\n".encode())}
    made = ok(client.post(f"{API}/imports", data={"kind": "needs"}, files=file), 201)
    address = f"{API}/imports/{made['import_id']}/undo"
    tried = ok(client.post(address, params={"dry_run": True}))
    assert (tried["removed"], tried["left"]) == (1, 0)
    assert ok(client.get(f"{API}/needs"))["total"] == 3
    assert ok(client.post(address)) == tried
    assert ok(client.get(f"{API}/needs"))["total"] == 2


def test_a_need_past_its_day_shows_so_and_is_not_matched(client: httpx.Client) -> None:
    content = "需求编号,需求名称,需求描述,截止日期\nGQ-01,要泵,要高效的泵,2025-06-30\nGQ-02,要泵,要耐磨的泵,2099-06-30\n"
    ok(
        client.post(f"{API}/imports", data={"kind": "needs"}, files={"file": ("需求.csv", content.encode())}),
        201,
    )
    shown = {need["code"]: need["status_name"] for need in ok(client.get(f"{API}/needs"))["items"]}
    assert (shown["GQ-01"], shown["GQ-02"]) == ("已截止", "征集中")
    expired = ok(client.get(f"{API}/needs", params={"status": "已截止"}))
    assert [need["code"] for need in expired["items"]] == ["GQ-01"]
    assert ok(client.get(f"{API}/needs", params={"status": "open"}))["total"] == 3
