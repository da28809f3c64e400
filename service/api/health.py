"""Whether the service is alive (存活) and ready (就绪)."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from catalog.kit.errors import NotReady
from service.installation.checks import failing_webhooks, missing_parts, pending
from service.installation.runtime import Runtime
from service.web.dependencies import RuntimeDep
from service.web.errors import answer, responses

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The service runs."""

    status: str = Field(default="ok", examples=["ok"], description="正常为 ok")


class RecentChanges(BaseModel):
    """The progress of this process in following the catalogue."""

    recent: int = Field(description="索引建立之后纳入检索的新增、变更、关闭的记录数")
    waiting: int = Field(description="正等待纳入的记录数")
    left: int = Field(description="超出上限、要等重建索引的记录数")
    as_of: datetime | None = Field(description="此时以前提交的变更均已纳入（left 所计的除外）")
    error: str = Field(description="最近一次未能纳入的原因；正常时为空")


class IndexFiles(BaseModel):
    """The generation that this process serves, and whether its files are what they should be."""

    generation: str | None = Field(description="现在提供检索的索引版本")
    check: Literal["已校验", "正在校验"] = Field(
        description="正在校验：另一个索引版本的文件正在逐个核对校验值，其间由 generation 提供检索"
    )
    checking: str | None = Field(description="正在校验的索引版本")
    read_bytes: int = Field(description="已核对的字节数")
    total_bytes: int = Field(description="要核对的字节数")
    problem: str = Field(description="应当使用的索引版本不能使用的原因；正常时为空")


class Readiness(Health):
    """The service answers match requests; `notices` say what should be brought up to date."""

    notices: list[str] = Field(
        default_factory=list, description="提示：如产业目录已更换而索引尚未重建，事件推送失败"
    )
    index: IndexFiles = Field(description="索引文件的校验情况")
    changes: RecentChanges | None = Field(
        default=None, description="新增、变更记录的纳入情况；PATENTDOCK_FOLLOW_SECONDS 为 0 时为空"
    )


@router.get("/healthz", summary="服务是否存活", operation_id="get_health")
def get_health() -> Health:
    """进程在运行即返回 200；不检查数据库、索引与模型。"""
    return Health()


@router.get(
    "/readyz",
    summary="服务是否就绪",
    operation_id="get_readiness",
    response_model=Readiness,
    responses=responses(503),
)
def get_readiness(runtime: RuntimeDep) -> Any:
    """数据库、语义模型与索引都可用时返回 200，否则 503 并说明所缺内容和补充办法。"""
    missing = missing_parts(runtime)
    if not missing:
        notices = [*pending(runtime), *failing_webhooks(runtime)]
        is_following = runtime.settings.follow_seconds > 0
        state = RecentChanges.model_validate(runtime.recent.state, from_attributes=True)
        return Readiness(
            notices=notices, index=_index_files(runtime), changes=state if is_following else None
        )
    hints = "；".join(error.hint for error in missing if error.hint)
    return answer(NotReady("；".join(error.message for error in missing), hint=hints or None))


def _index_files(runtime: Runtime) -> IndexFiles:
    state = runtime.store.state
    return IndexFiles(
        generation=state.served,
        check="正在校验" if state.reading else "已校验",
        checking=state.reading,
        read_bytes=state.read if state.reading else 0,
        total_bytes=state.to_read if state.reading else 0,
        problem=state.problem,
    )
