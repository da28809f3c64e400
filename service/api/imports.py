"""Imports (导入) of files."""

from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile, status
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from catalog.accounts import permissions
from catalog.imports import conflicts, imports
from catalog.imports.columns import FileColumn
from catalog.imports.imports import Import, ImportDetail, ImportPublic, RejectedPublic
from catalog.kit.days import beijing_today
from catalog.kit.errors import NotFound
from catalog.kit.paging import Page, PageQuery
from catalog.mending import undo
from catalog.mending.undo import Undone
from catalog.reference import places
from ingestion.columns import mappings
from ingestion.columns.mappings import SavedMapping
from ingestion.imports import rejected
from ingestion.imports.importer import import_file
from ingestion.imports.queue import Queued
from ingestion.imports.report import ImportReport, Refusal, Waiting
from service.installation.runtime import Runtime
from service.requests.lists import sort_field
from service.requests.types import ImportKind
from service.sheets.documents import XLSX_TYPE
from service.web.dependencies import Caller, HasLeft, Reading, RecordId, RuntimeDep, Writing
from service.web.errors import responses
from service.web.files import uploads
from service.web.files.uploads import KnownFields, stored_upload
from service.web.rights import may
from service.web.versions import Versioned, read, removed, unchanged

router = APIRouter(
    prefix="/imports",
    tags=["imports"],
    dependencies=[may(permissions.IMPORTS_READ, permissions.IMPORTS_WRITE)],
)


class ImportResult(BaseModel):
    """The result of an import; rows = new + changed + unchanged + rejected + waiting."""

    import_id: int | None = Field(description="导入编号；试运行时为空")
    kind: ImportKind = Field(description="记录种类")
    file_name: str = Field(description="文件名")
    dry_run: bool = Field(description="是否只试运行、未写入")
    rows: int = Field(description="总行数", examples=[340])
    new: int = Field(description="新增")
    changed: int = Field(description="更新")
    unchanged: int = Field(description="未变更")
    rejected: int = Field(description="退回")
    waiting: int = Field(description="待决定：号码已属于另一条记录，未写入；见 GET /conflicts")
    source: str = Field(description="所用列对应关系的来源名称；空为自动识别")
    places_version: str = Field(description="所用地名表的版本")
    columns: list[FileColumn] = Field(description="各列：识别为哪个字段、依据，读取、记入备注和未读取的行数")
    preview: list[dict[str, str]] = Field(description="前几条记录，按保存的样子")
    refusals: list[Refusal] = Field(description="前 20 个退回的行及原因")
    conflicts: list[Waiting] = Field(description="前 20 个待决定的行：号码、原记录与新记录")
    messages: list[str] = Field(description="提示")
    rejected_rows: str | None = Field(description="退回行工作簿的下载地址，可改正后再次导入")
    preview_id: str | None = Field(
        default=None,
        description="试运行时文件暂存的编号，可凭此确认导入（POST /imports/{preview_id}/confirm）",
    )
    expires_at: datetime | None = Field(default=None, description="暂存到何时；此后须重新上传")


class ImportQuery(PageQuery):
    """Page and conditions of a list of imports."""

    sort: str | None = sort_field(imports.SORTS)
    kind: ImportKind | None = Field(default=None, description="记录种类")


class RejectedQuery(PageQuery):
    """Page of a list of refused rows."""

    sort: str | None = sort_field(imports.REJECTED_SORTS)


class _Sent(NamedTuple):
    """A file that was sent to be imported, and how it is read."""

    path: Path
    kind: str
    mapping: SavedMapping | None


def _import(runtime: Runtime, caller: str, has_left: HasLeft, sent: _Sent, *, dry_run: bool) -> ImportResult:
    """Import a file when its turn has come; nothing is imported for a caller that has left by then."""
    file = Queued(file_name=sent.path.name, kind=sent.kind, actor=caller)
    turn = runtime.import_queue.turn(file, has_left=has_left)
    with nullcontext() if dry_run else turn:
        report = import_file(
            runtime.database,
            sent.path,
            sent.kind,
            actor=caller,
            today=beijing_today(),
            places=places.load(runtime.settings.data),
            rejected_dir=runtime.settings.rejected_dir,
            dry_run=dry_run,
            mapping=sent.mapping,
        )
    return _result(report, dry_run=dry_run)


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
        waiting=report.waiting,
        source=report.source,
        places_version=report.places_version,
        columns=report.columns,
        preview=report.preview,
        refusals=report.refusals,
        conflicts=report.conflicts,
        messages=report.messages,
        rejected_rows=link,
    )


def _mapping(runtime: Runtime, kind: str, source: str, text: str) -> SavedMapping | None:
    """The submitted mapping, otherwise the saved one of the source. Raises NotFound and InvalidInput."""
    if text.strip():
        return mappings.parse(text, "mapping", source=source.strip() or "随文件提交", kind=kind)
    return mappings.load(runtime.settings.mappings_dir, source) if source.strip() else None


@router.post(
    "",
    summary="导入文件",
    operation_id="create_import",
    status_code=status.HTTP_201_CREATED,
    responses=responses(400, 404, 413, 422, 503),
    dependencies=[Depends(KnownFields("kind", "file", "dry_run", "source", "mapping"))],
)
def create_import(
    runtime: RuntimeDep,
    caller: Caller,
    has_left: HasLeft,
    kind: Annotated[ImportKind, Form(description="记录种类")],
    file: Annotated[UploadFile, File(description="xlsx、xls、csv 或 jsonl 文件")],
    dry_run: Annotated[
        bool, Form(description="只检查并预览，不写入；文件暂存一小时，可凭 preview_id 确认")
    ] = False,
    source: Annotated[str, Form(max_length=60, description="来源名称：用它已保存的列对应关系")] = "",
    mapping: Annotated[
        str, Form(max_length=100_000, description="列对应关系（TOML 或 JSON），优先于已保存的；不会被保存")
    ] = "",
) -> ImportResult:
    """读取上传的文件并写入系统，完成后返回结果；同一文件再次导入不会改变任何内容。

    文件逐个导入：同时提交的依次排队，等候期间断开即放弃；排队的过多时返回 503，`Retry-After` 为多少秒后重试。
    个别行有问题时被退回并说明原因，其余照常导入；整个文件不能用时返回 422，不写入任何内容。
    """
    chosen = _mapping(runtime, kind.value, source, mapping)
    folder = runtime.settings.uploads_dir
    with stored_upload(file, folder) as path:
        result = _import(runtime, caller, has_left, _Sent(path, kind.value, chosen), dry_run=dry_run)
        if dry_run:
            uploads.sweep(folder)
            kept = uploads.keep(path, folder, kind.value, chosen)
            result.preview_id, result.expires_at = kept.id, kept.expires_at
    return result


@router.post(
    "/{preview_id}/confirm",
    summary="确认导入预览过的文件",
    operation_id="confirm_import",
    status_code=status.HTTP_201_CREATED,
    responses=responses(404, 422, 503),
)
def confirm_import(
    runtime: RuntimeDep,
    caller: Caller,
    has_left: HasLeft,
    preview_id: Annotated[
        str,
        PathParameter(
            pattern="^[0-9a-f]{32}$", description="预览的编号", examples=["0123456789abcdef0123456789abcdef"]
        ),
    ],
) -> ImportResult:
    """按预览时的列对应关系导入暂存的文件；过期的预览返回 404，须重新上传。重复确认不会改变任何内容。"""
    kept = uploads.find(runtime.settings.uploads_dir, preview_id)
    return _import(runtime, caller, has_left, _Sent(kept.path, kept.kind, kept.mapping), dry_run=False)


@router.get("", summary="导入记录列表", operation_id="list_imports", responses=responses(422))
def list_imports(session: Reading, wanted: Annotated[ImportQuery, Query()]) -> Page[ImportPublic]:
    """全部导入记录，最新的在前。"""
    found = imports.page(session, wanted, kind=wanted.kind)
    items = [imports.public(row) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get("/queue", summary="正在导入和排队的文件", operation_id="list_import_queue")
def list_import_queue(runtime: RuntimeDep) -> Page[Queued]:
    """第一个正在导入，其余按次序排队；前面有几个，就要等几个。"""
    return Page.whole(runtime.import_queue.files())


@router.get("/{id}", summary="一次导入", operation_id="get_import", responses=read(404, 422))
def get_import(session: Reading, version: Versioned, id: RecordId) -> ImportDetail:
    """一次导入的结果：来源、各列与字段的对应、前几条记录、行数与提示。"""
    row = imports.get(session, id)
    return version.of(row, imports.detail(row, conflicts.undecided(session, id)))


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


@router.post(
    "/{id}/undo",
    summary="撤销一次导入",
    operation_id="undo_import",
    responses=removed(404, 409, 422),
    dependencies=[unchanged(Import)],
)
def undo_import(
    session: Writing,
    caller: Caller,
    id: RecordId,
    dry_run: Annotated[bool, Query(description="只报告会撤销什么、保留什么，不写入")] = False,
) -> Undone:
    """删去这次导入新增的记录，恢复它更新的记录；任何时候都可以，不受夜间批处理和重建索引影响。

    此后又被改动的内容、已被其他记录引用的记录保留，逐条列在 `told` 中。
    """
    return undo.undo(session, id, actor=caller, dry_run=dry_run)
