"""Uploads of files: what is stored, what comes back, what is refused as a whole."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import httpx
import openpyxl
import pytest

from service.runtime import Runtime

HEADER = "企业名称,地址,从业人员数\n"


def upload(
    client: httpx.Client, content: bytes, *, name: str = "企业.csv", kind: str = "enterprises", **form: Any
) -> httpx.Response:
    return client.post("/api/v1/imports", files={"file": (name, content)}, data={"kind": kind} | form)


def firms(*rows: str) -> bytes:
    return (HEADER + "".join(f"{row}\n" for row in rows)).encode("gb18030")


def test_a_file_is_imported_once(client: httpx.Client) -> None:
    content = firms("示例导入甲有限公司,湖北省襄阳市,20", "示例导入乙有限公司,湖北省荆门市,30")
    first, second = upload(client, content).json(), upload(client, content).json()
    assert (first["rows"], first["new"], first["rejected"]) == (2, 2, 0)
    assert (second["rows"], second["new"], second["unchanged"]) == (2, 0, 2)
    found = client.get("/api/v1/enterprises", params={"name": "示例导入", "region": "420600"}).json()
    assert [firm["name"] for firm in found["items"]] == ["示例导入甲有限公司"]
    report = client.get(f"/api/v1/imports/{first['import_id']}").json()
    assert (report["status"], report["new"], report["actor"]) == ("finished", 2, "测试平台")


def test_refused_rows_come_back_as_list_and_workbook(client: httpx.Client) -> None:
    result = upload(client, firms("示例导入丙有限公司,湖北省,约二十", "示例导入丁有限公司,湖北省,8")).json()
    assert (result["rows"], result["new"], result["rejected"]) == (2, 1, 1)
    refused = client.get(f"/api/v1/imports/{result['import_id']}/rejected").json()
    assert refused["total"] == 1
    assert refused["items"][0]["line"] == 2
    assert refused["items"][0]["field"] == "从业人员数"
    assert refused["items"][0]["cells"]["企业名称"] == "示例导入丙有限公司"
    response = client.get(result["rejected_rows"])
    assert response.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[0]
    assert sheet["A2"].value == "示例导入丙有限公司"
    assert "不是整数" in str(sheet["C2"].comment.text)


def test_an_import_without_refused_rows_has_no_workbook(client: httpx.Client) -> None:
    result = upload(client, firms("示例导入戊有限公司,湖北省,8")).json()
    assert result["rejected_rows"] is None
    assert client.get(f"/api/v1/imports/{result['import_id']}/rejected.xlsx").status_code == 404


def test_a_dry_run_stores_nothing(client: httpx.Client) -> None:
    before = client.get("/api/v1/imports").json()["total"]
    result = upload(client, firms("示例试运行有限公司,湖北省,8"), dry_run="true").json()
    assert (result["dry_run"], result["import_id"], result["new"]) == (True, None, 1)
    assert client.get("/api/v1/enterprises", params={"name": "示例试运行"}).json()["total"] == 0
    assert client.get("/api/v1/imports").json()["total"] == before


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"", "空.csv", "patents"),
        (b"%PDF-1.7 nothing", "专利.pdf", "patents"),
        (b"PK\x03\x04 broken", "坏.xlsx", "patents"),
        ("甲,乙\n1,2\n".encode(), "别的.csv", "patents"),
        ("专利名称\n".encode(), "只有表头.csv", "patents"),
        (b"\x00" * 5000, "空字符.csv", "patents"),
        (b'{"title": "' + b"x" * 3_000_000 + b'"}', "长行.jsonl", "patents"),
    ],
    ids=["empty", "pdf", "broken", "no title", "header only", "NUL", "long line"],
)
def test_a_file_that_is_no_register_leaves_nothing_behind(
    client: httpx.Client, installation: Runtime, content: bytes, name: str, kind: str
) -> None:
    before = client.get("/api/v1/patents").json()["total"]
    response = upload(client, content, name=name, kind=kind)
    if response.status_code == 201:
        # A row too long is refused alone; the file around it is a register.
        assert response.json()["rejected"] == response.json()["rows"]
    else:
        assert response.status_code == 422
        assert any("\u4e00" <= character <= "\u9fff" for character in response.json()["detail"])
    assert client.get("/api/v1/patents").json()["total"] == before
    assert not list(installation.settings.uploads_dir.iterdir())


def test_the_name_of_an_upload_is_only_a_name(client: httpx.Client, installation: Runtime) -> None:
    content = firms("示例路径有限公司,湖北省,8")
    result = upload(client, content, name="../../..\\企业\r\n清单.csv").json()
    assert result["file_name"].endswith("清单.csv")
    assert not {"/", "\\", "\r", "\n"} & set(result["file_name"])
    assert not list(installation.settings.data.parent.glob("*.csv"))


@pytest.mark.parametrize(
    ("form", "field"), [({"kind": "trademarks"}, "kind"), ({"dry_run": "perhaps"}, "dry_run")]
)
def test_wrong_form_fields_are_refused(client: httpx.Client, form: dict[str, str], field: str) -> None:
    response = upload(client, firms(), **form)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field


def test_a_file_above_the_limit_is_refused(
    serving: Callable[[Runtime], str], installation: Runtime, api_key: str
) -> None:
    settings = installation.settings.model_copy(update={"max_upload_mb": 1})
    runtime = Runtime(settings, installation.encoder)
    headers = {"Authorization": f"Bearer {api_key}"}
    with httpx.Client(base_url=serving(runtime), headers=headers, timeout=120) as caller:
        response = upload(caller, b"x" * 1_100_000)
    assert response.status_code == 413
    assert "1 MB" in response.json()["detail"]
