"""Uploads of files: what is stored, what comes back, what is refused as a whole."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import openpyxl
import pytest

from catalog.imports import imports
from service.installation.runtime import Runtime
from service.web.files import uploads

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
    result = upload(client, firms(",湖北省,20", "示例导入丁有限公司,湖北省,8")).json()
    assert (result["rows"], result["new"], result["rejected"]) == (2, 1, 1)
    refused = client.get(f"/api/v1/imports/{result['import_id']}/rejected").json()
    assert refused["total"] == 1
    assert refused["items"][0]["line"] == 2
    assert refused["items"][0]["field"] == "企业名称"
    assert refused["items"][0]["cells"]["地址"] == "湖北省"
    response = client.get(result["rejected_rows"])
    assert response.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[0]
    assert sheet["B2"].value == "湖北省"
    assert "缺少企业名称" in str(sheet["A2"].comment.text)


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
    assert {entry.name for entry in installation.settings.uploads_dir.iterdir()} <= {"previews"}


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


def test_a_field_of_another_name_or_twice_is_refused_before_anything_is_imported(
    client: httpx.Client,
) -> None:
    before = client.get("/api/v1/imports").json()["total"]
    slip = upload(client, firms("示例误写有限公司,湖北省,8"), **{"dry-run": "true"})
    assert (slip.status_code, slip.json()["errors"][0]["field"]) == (422, "dry-run")
    assert "dry_run" in slip.json()["detail"]
    two = client.post(
        "/api/v1/imports",
        data={"kind": "enterprises"},
        files=[("file", ("a.csv", b"1")), ("file", ("b.csv", b"2"))],
    )
    assert (two.status_code, two.json()["errors"][0]["field"]) == (422, "file")
    assert client.get("/api/v1/imports").json()["total"] == before


def test_a_preview_shows_what_would_be_stored_and_is_confirmed(
    client: httpx.Client, installation: Runtime
) -> None:
    content = firms("示例预览甲有限公司,湖北省襄阳市,20", ",湖北省,20")
    shown = upload(client, content, name="预览.csv", dry_run="true").json()
    told = ("letter", "header", "field", "by", "how", "filled", "read", "unread", "rejected")
    assert [tuple(column[name] for name in told) for column in shown["columns"]] == [
        ("A", "企业名称", "name", "header", "列名", 1, 1, 0, 0),
        ("B", "地址", "address", "header", "列名", 2, 1, 1, 1),
        ("C", "从业人员数", "staff", "header", "列名", 2, 1, 1, 1),
    ]
    assert shown["preview"][0]["城市"] == "襄阳市"
    assert [(row["line"], row["field"]) for row in shown["refusals"]] == [(3, "企业名称")]
    done = client.post(f"/api/v1/imports/{shown['preview_id']}/confirm")
    assert done.status_code == 201
    result = done.json()
    assert [result[name] for name in ("file_name", "new", "rejected", "dry_run")] == ["预览.csv", 1, 1, False]
    record = client.get(f"/api/v1/imports/{result['import_id']}").json()
    assert (record["columns"], record["preview"]) == (shown["columns"], shown["preview"])
    again = client.post(f"/api/v1/imports/{shown['preview_id']}/confirm").json()
    assert [again[name] for name in ("new", "unchanged", "columns", "preview")] == [
        0, 1, shown["columns"], shown["preview"],
    ]  # fmt: skip
    kept = uploads.find(installation.settings.uploads_dir, shown["preview_id"])
    long_ago = time.time() - 2 * uploads.KEPT.seconds - 60
    os.utime(kept.path.parent.parent / "kind", (long_ago, long_ago))
    assert client.post(f"/api/v1/imports/{shown['preview_id']}/confirm").status_code == 404
    upload(client, firms("示例预览丙有限公司,湖北省,8"), dry_run="true")
    assert not kept.path.exists()


MAPPING = {"kind": "enterprises", "columns": {"企业名称": ["单位"], "staff": ["第 2 列"]}}
UNKNOWN = "单位,规模\n{name},{staff}\n"


def test_a_mapping_is_saved_and_used_by_its_source(client: httpx.Client) -> None:
    address = "/api/v1/mappings/示例来源"
    saved = client.put(address, json=MAPPING)
    assert saved.status_code == 200, saved.text
    assert client.get(address).json() == saved.json()
    assert saved.json()["columns"] == {"name": ["单位"], "staff": ["第 2 列"]}
    assert "示例来源" in [entry["source"] for entry in client.get("/api/v1/mappings").json()["items"]]
    content = UNKNOWN.format(name="示例来源甲有限公司", staff=7).encode()
    result = upload(client, content, source="示例来源").json()
    assert (result["new"], result["source"], result["preview"][0]["从业人员数"]) == (1, "示例来源", "7")
    assert client.get(f"/api/v1/imports/{result['import_id']}").json()["source"] == "示例来源"
    misfit = upload(client, firms("示例来源乙有限公司,湖北省,8"), source="示例来源")
    assert misfit.status_code == 422
    assert "单位（企业名称）" in misfit.json()["detail"]
    assert client.delete(address).status_code == 204
    assert upload(client, content, source="示例来源").status_code == 404


def test_a_mapping_may_come_with_the_file(client: httpx.Client) -> None:
    content = UNKNOWN.format(name="示例随附有限公司", staff=9).encode()
    toml = '[columns]\nname = ["单位"]\nstaff = ["规模"]\n'
    shown = upload(client, content, mapping=toml, dry_run="true").json()
    assert (shown["new"], {column["how"] for column in shown["columns"]}) == (1, {"列对应关系"})
    done = client.post(f"/api/v1/imports/{shown['preview_id']}/confirm").json()
    assert (done["new"], done["preview"]) == (1, shown["preview"])
    assert upload(client, content, mapping=json.dumps(MAPPING)).json()["source"] == "随文件提交"
    wrong = upload(client, content, mapping="[columns")
    assert (wrong.status_code, "写法有误" in wrong.json()["detail"]) == (422, True)


def test_an_interrupted_import_shows_as_such(client: httpx.Client, installation: Runtime) -> None:
    with installation.database.write() as session:
        row = imports.start(session, "patents", "中断.csv", "0" * 64, "命令行")
        row.process, row.updated_at = "另一台机器/1/1", datetime(2020, 1, 1, tzinfo=UTC)
    record = client.get(f"/api/v1/imports/{row.id}").json()
    assert (record["status"], "重新导入同一文件" in record["message"]) == ("interrupted", True)


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
