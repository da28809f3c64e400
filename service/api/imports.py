"""Imports (导入) of files."""

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile, status
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from catalog import imports
from catalog.base import Page, PageQuery
from catalog.errors import NotFound
from catalog.imports import ImportPublic, RejectedPublic
from ingestion import rejected
from ingestion.importer import import_file
from ingestion.report import ImportReport
from service.dependencies import Caller, Reading, RecordId, RuntimeDep
from service.errors import responses
from service.field_problems import FieldProblem, InvalidFields

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")

router = APIRouter(prefix="/imports", tags=["导入"])


class ImportKind(StrEnum):
    """Kinds of records that can be imported."""

    PATENTS = "patents"
    NEEDS = "needs"
    ENTERPRISES = "enterprises"
    LICENCES = "licences"
    FACTS = "facts"


class ImportResult(BaseModel):
    """What an import did; rows = new + changed + unchanged + rejected."""

    import_id: int | None = Field(description="导入编号；试运行时为空")
    kind: ImportKind
    file_name: str
    dry_run: bool
    rows: int = Field(description="总行数", examples=[340])
    new: int = Field(description="新增")
    changed: int = Field(description="更新")
    unchanged: int = Field(description="无变化")
    rejected: int = Field(description="退回")
    mapping: dict[str, str] = Field(description="字段与所读取的列")
    messages: list[str] = Field(description="提示")
    rejected_rows: str | None = Field(description="退回行工作簿的下载地址，可改正后再次导入")


class ImportQuery(PageQuery):
    """Page and conditions of a list of imports."""

    sort: str | None = Field(default=None, description="排序字段：id、created_at；前加 - 为降序")
    kind: ImportKind | None = Field(default=None, description="记录种类")


class RejectedQuery(PageQuery):
    """Page of a list of refused rows."""

    sort: str | None = Field(default=None, description="排序字段：id、line；前加 - 为降序")


def _safe_name(name: str | None) -> str:
    """The name of an uploaded file without path and control characters, no longer than a file system takes."""
    last = re.split(r"[/\\]", name or "")[-1]
    cleaned = _UNSAFE.sub("", last.encode("utf-8", "replace").decode("utf-8")).strip(". ")
    stem, dot, suffix = cleaned.rpartition(".")
    return f"{stem[:60]}.{suffix[:10]}" if dot and stem else cleaned[:60]


@contextmanager
def stored_upload(upload: UploadFile, folder: Path) -> Iterator[Path]:
    """The uploaded file on the disk under its own name, removed at the end."""
    name = _safe_name(upload.filename)
    if not name:
        raise InvalidFields([FieldProblem(field="file", value="", reason="上传的文件没有文件名")])
    own = folder / secrets.token_hex(8)
    own.mkdir(parents=True)
    try:
        with (own / name).open("wb") as out:
            shutil.copyfileobj(upload.file, out, 1024 * 1024)
        yield own / name
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _result(report: ImportReport, *, dry_run: bool) -> ImportResult:
    link = f"/api/v1/imports/{report.import_id}/rejected.xlsx" if report.rejected_file else None
    return ImportResult(
        import_id=report.import_id,
        kind=ImportKind(report.kind),
        file_name=report.file_name,
        dry_run=dry_run,
        rows=report.rows,
        new=report.new,
        changed=report.changed,
        unchanged=report.unchanged,
        rejected=report.rejected,
        mapping=report.mapping,
        messages=report.messages,
        rejected_rows=link,
    )


@router.post(
    "",
    summary="导入文件",
    operation_id="create_import",
    status_code=status.HTTP_201_CREATED,
    responses=responses(400, 413, 422, 503),
)
def create_import(
    runtime: RuntimeDep,
    caller: Caller,
    kind: Annotated[ImportKind, Form(description="记录种类")],
    file: Annotated[UploadFile, File(description="xlsx、xls、csv 或 jsonl 文件")],
    dry_run: Annotated[bool, Form(description="只检查并报告，不写入")] = False,
) -> ImportResult:
    """读取上传的文件并写入目录，完成后返回结果；同一文件再次导入不会改变任何内容。

    个别行有问题时被退回并说明原因，其余照常导入；整个文件不能用时返回 422，什么也不写入。
    """
    with stored_upload(file, runtime.settings.uploads_dir) as path:
        report = import_file(
            runtime.database,
            path,
            kind.value,
            actor=caller,
            rejected_dir=runtime.settings.rejected_dir,
            dry_run=dry_run,
        )
    return _result(report, dry_run=dry_run)


@router.get("", summary="导入记录列表", operation_id="list_imports", responses=responses(422))
def list_imports(session: Reading, wanted: Annotated[ImportQuery, Query()]) -> Page[ImportPublic]:
    """全部导入记录，最新的在前。"""
    found = imports.page(session, wanted, kind=wanted.kind)
    items = [imports.public(row) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get("/{id}", summary="一次导入", operation_id="get_import", responses=responses(404, 422))
def get_import(session: Reading, id: RecordId) -> ImportPublic:
    """一次导入的结果。"""
    return imports.public(imports.get(session, id))


@router.get(
    "/{id}/rejected",
    summary="一次导入中被退回的行",
    operation_id="list_rejected_rows",
    responses=responses(404, 422),
)
def list_rejected_rows(
    session: Reading, id: RecordId, wanted: Annotated[RejectedQuery, Query()]
) -> Page[RejectedPublic]:
    """被退回的行，附原始单元格、有问题的字段与原因。"""
    imports.get(session, id)
    found = imports.rejected(session, id, wanted)
    items = [RejectedPublic.model_validate(row, from_attributes=True) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get(
    "/{id}/rejected.xlsx",
    summary="被退回的行的工作簿",
    operation_id="get_rejected_workbook",
    response_class=FileResponse,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(404, 422)},
)
def get_rejected_workbook(runtime: RuntimeDep, session: Reading, id: RecordId) -> FileResponse:
    """工作簿保留原始单元格并标出问题，改正后可直接再次导入。"""
    imports.get(session, id)
    path = rejected.find(runtime.settings.rejected_dir, id)
    if path is None:
        raise NotFound(f"编号为 {id} 的导入没有被退回的行")
    return FileResponse(path, media_type=XLSX_TYPE, filename=path.name)
