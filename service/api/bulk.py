"""Many records in one call (批量登记): an import whose records come in the body and are reported on one by one."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from catalog.accounts import permissions
from service.installation.runtime import Runtime
from service.requests.bulk import (
    BulkItem,
    BulkRequest,
    EnterprisesBulk,
    NeedsBulk,
    PatentsBulk,
    Sender,
    store_records,
)
from service.web.dependencies import Caller, HasLeft, RuntimeDep
from service.web.errors import Problem, problem_within, responses
from service.web.rights import may

router = APIRouter(tags=["imports"], dependencies=[may(permissions.IMPORTS_WRITE)])

_ERRORS = responses(400, 413, 422, 503)
_ABOUT = """一次至多 1,000 条，与导入一个文件相同：`import_id` 是导入记录，可列出、可撤销；没有填写的字段不改动。

每条记录在 `items` 中逐条报告，有误的在 `problem` 中说明，不影响其余。`mode` 为 `create` 时，已有的记录退回。
"""


class BulkRecordResult(BaseModel):
    """The outcome of one record of a bulk call."""

    index: int = Field(description="在 records 中的位置，从 0 起")
    status: str = Field(
        description="new 新增、changed 更新、unchanged 未变更、refused 退回、waiting 待决定（号码冲突）",
        examples=["new"],
    )
    id: int | None = Field(description="记录编号；没有写入的为空")
    problem: Problem | None = Field(description="退回或待决定的原因")
    notes: list[str] = Field(description="保存时改动、略去或存疑的内容")


class BulkResult(BaseModel):
    """The result of a bulk call; rows = new + changed + unchanged + refused + waiting."""

    import_id: int | None = Field(description="导入编号；试运行时为空")
    dry_run: bool = Field(description="是否只检查")
    rows: int = Field(description="记录数")
    new: int = Field(description="新增")
    changed: int = Field(description="更新")
    unchanged: int = Field(description="未变更")
    refused: int = Field(description="退回")
    waiting: int = Field(description="待决定：号码已属于另一条记录，未写入；见 GET /conflicts")
    items: list[BulkRecordResult] = Field(description="各条记录的结果，次序与请求相同")


def _result(runtime: Runtime, caller: Sender, kind: str, request: BulkRequest[Any]) -> BulkResult:
    done = store_records(runtime, caller, kind, request)
    report = done.report
    return BulkResult(
        import_id=report.import_id,
        dry_run=request.dry_run,
        rows=report.rows,
        new=report.new,
        changed=report.changed,
        unchanged=report.unchanged,
        refused=report.rejected,
        waiting=report.waiting,
        items=[_shown(runtime, item) for item in done.items],
    )


def _shown(runtime: Runtime, item: BulkItem) -> BulkRecordResult:
    problem = problem_within(runtime, item.error) if item.error else None
    return BulkRecordResult(
        index=item.index, status=item.status, id=item.id, problem=problem, notes=item.notes
    )


@router.post(
    "/patents/bulk",
    summary="批量登记专利",
    operation_id="create_patents_bulk",
    description=_ABOUT,
    responses=_ERRORS,
    dependencies=[may(permissions.PATENTS_WRITE)],
)
def create_patents_bulk(
    runtime: RuntimeDep, caller: Caller, has_left: HasLeft, request: PatentsBulk
) -> BulkResult:
    """Store many patents."""
    return _result(runtime, Sender(caller, has_left), "patents", request)


@router.post(
    "/needs/bulk",
    summary="批量登记技术需求",
    operation_id="create_needs_bulk",
    description=_ABOUT,
    responses=_ERRORS,
    dependencies=[may(permissions.NEEDS_WRITE)],
)
def create_needs_bulk(
    runtime: RuntimeDep, caller: Caller, has_left: HasLeft, request: NeedsBulk
) -> BulkResult:
    """Store many needs."""
    return _result(runtime, Sender(caller, has_left), "needs", request)


@router.post(
    "/enterprises/bulk",
    summary="批量登记企业",
    operation_id="create_enterprises_bulk",
    description=_ABOUT,
    responses=_ERRORS,
    dependencies=[may(permissions.ENTERPRISES_WRITE)],
)
def create_enterprises_bulk(
    runtime: RuntimeDep, caller: Caller, has_left: HasLeft, request: EnterprisesBulk
) -> BulkResult:
    """Store many enterprises."""
    return _result(runtime, Sender(caller, has_left), "enterprises", request)
