"""Errors as RFC 9457 problem details in Chinese; what nobody foresaw is logged under an id, never shown."""

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from catalog.kit.errors import Busy, DiskFull, Gone, NotFound, PatentDockError, is_full
from catalog.mending import tombstones
from ingestion.errors import RowError
from service.installation import busy
from service.installation.runtime import Runtime
from service.requests.field_problems import FieldProblem, InvalidFields, field_problems, labels_of, shown

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PROBLEM_TYPE = "application/problem+json"

_MAY_BE_BUSY = {
    "description": "服务尚未就绪，或正忙",
    "headers": {"Retry-After": {"description": "正忙时：多少秒后重试", "schema": {"type": "integer"}}},
}

logger = logging.getLogger("patentdock")

TITLES = {
    400: "请求无法处理",
    401: "需要接口密钥",
    403: "权限不足",
    404: "未找到",
    405: "不支持这种请求方法",
    409: "与已有记录冲突",
    410: "已删除",
    412: "记录已被他人修改",
    413: "请求内容过大",
    422: "输入有误",
    428: "须注明所改的版本",
    500: "服务内部错误",
    503: "服务尚未就绪",
    507: DiskFull.title,
}


def _stated(description: str) -> Any:
    """A member that is left out where there is nothing to state."""
    return Field(default=None, description=description, exclude_if=lambda value: value is None)


class Problem(BaseModel):
    """Problem details (RFC 9457); `type` leads to the page of the kind of problem, see `service.web.problems`."""

    type: str = Field(
        description="问题种类的地址，末段是不变的代码；打开可见说明", examples=["/problems/invalid-fields"]
    )
    title: str = Field(description="问题种类的名称", examples=["输入有误"])
    status: int = Field(description="HTTP 状态码", examples=[422])
    detail: str = Field(description="这一次的具体情况", examples=["top_k：应不小于 1（现为 0）"])
    hint: str | None = _stated("下一步操作")
    errors: list[FieldProblem] | None = _stated("逐字段的问题")
    deletion_id: int | None = _stated("删除记录的编号，可凭此恢复")
    merged_into: int | None = _stated("记录已并入的记录的编号")
    existing_id: int | None = _stated("占用同一号码或内容相同的记录的编号")
    missing: str | None = _stated("所缺的权限")
    etag: str | None = _stated("记录现在的版本，可放入 If-Match")
    id: str | None = _stated("内部错误的编号，供管理员在日志中查找")


class Malformed(PatentDockError):
    """The body cannot be read at all."""

    code = "malformed-request"
    title = TITLES[400]
    status = 400


class Unauthorized(PatentDockError):
    """The request has no valid API key."""

    code = "unauthorized"
    title = TITLES[401]
    status = 401


class UnknownAddress(PatentDockError):
    """Nothing has this address."""

    code = "unknown-address"
    title = "地址不存在"
    status = 404


class WrongMethod(PatentDockError):
    """The address does not take this method."""

    code = "method-not-allowed"
    title = TITLES[405]
    status = 405


class Outdated(PatentDockError):
    """The record has another version, `etag`, than the one that the caller means to change, or is not there (None)."""

    code = "precondition-failed"
    title = TITLES[412]
    status = 412

    def __init__(self, message: str, *, hint: str, etag: str | None) -> None:
        super().__init__(message, hint=hint)
        self.members = {"etag": etag}


class TooLarge(PatentDockError):
    """The body is above the limit of its address."""

    code = "too-large"
    title = TITLES[413]
    status = 413


class Unconditional(PatentDockError):
    """A change has to name the version that it is of."""

    code = "precondition-required"
    title = TITLES[428]
    status = 428


class Unforeseen(PatentDockError):
    """An error that nobody foresaw; the log has it under the `id`."""

    code = "internal-error"
    title = TITLES[500]
    status = 500

    def __init__(self, message: str, *, id: str) -> None:
        super().__init__(message)
        self.members = {"id": id}


_OF_STATUS: dict[int, type[PatentDockError]] = {
    error.status: error for error in (Malformed, UnknownAddress, WrongMethod, TooLarge)
}


def _response(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        media_type=PROBLEM_TYPE,
        headers=headers,
    )


def problem_type(code: str) -> str:
    """The `type` of problems with this code: the address of the page that explains it."""
    return f"/problems/{code}"


def problem_of(error: PatentDockError) -> Problem:
    """The problem details of an error of ours."""
    fields = None
    if isinstance(error, InvalidFields):
        fields = error.fields
    elif isinstance(error, RowError):
        label, value = error.field or "记录", shown(error.value)
        fields = [FieldProblem(field="", label=label, value=value, reason=error.reason)]
    # A kind has one title; an error without a code of its own may have a closer one, for the command line.
    kind: type[PatentDockError] = next(parent for parent in type(error).__mro__ if "code" in vars(parent))
    return Problem(
        type=problem_type(error.code),
        title=kind.title,
        status=error.status,
        detail=error.message,
        hint=error.hint,
        errors=fields,
        **error.members,
    )


def _ours(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PatentDockError)  # noqa: S101 - by registration
    return answer(error)


def _not_found(request: Request, error: Exception) -> JSONResponse:
    """Answers with the tombstone of a record that was deleted; 410 is the answer of its own address alone."""
    assert isinstance(error, NotFound)  # noqa: S101 - by registration
    if error.record is None or isinstance(error, Gone):
        return answer(error)
    runtime: Runtime = request.app.state.runtime
    if str(request.path_params.get("id")) == str(error.record[1]):
        return _response(problem_of(_explained(runtime, error)))
    return _response(problem_within(runtime, error))


def _explained(runtime: Runtime, error: NotFound) -> PatentDockError:
    with runtime.database.read() as session:
        return tombstones.explained(session, error)


def problem_within(runtime: Runtime, error: PatentDockError) -> Problem:
    """The problem details of an error that concerns a part of a request; of a deleted record what became of it."""
    if not isinstance(error, NotFound) or error.record is None:
        return problem_of(error)
    problem = problem_of(_explained(runtime, error))
    problem.type, problem.title = problem_type(NotFound.code), NotFound.title
    problem.status = NotFound.status
    return problem


def answer(error: PatentDockError) -> JSONResponse:
    """The response to a request that failed with a PatentDockError."""
    headers = {"WWW-Authenticate": 'Bearer realm="PatentDock"'} if error.status == 401 else None
    if isinstance(error, Busy):
        headers = {"Retry-After": str(error.retry_after)}
    return _response(problem_of(error), headers)


def _is_busy(request: Request, error: Exception) -> JSONResponse:
    """Answers with the work that keeps the database busy, and the time after which to try again."""
    assert isinstance(error, Busy)  # noqa: S101 - by registration
    return answer(busy.explained(request.app.state.runtime, error))


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError | ValidationError)  # noqa: S101 - by registration
    return _response(problem_of(InvalidFields(field_problems(error.errors(), _labels(request)))))


def _labels(request: Request) -> dict[str, str]:
    """The Chinese names of the fields of a request's body: the first words of their descriptions."""
    route = request.scope.get("route")
    models = (
        [body.field_info.annotation for body in route.dependant.body_params]
        if isinstance(route, APIRoute)
        else []
    )
    return {
        name: label
        for model in models
        if isinstance(model, type) and issubclass(model, BaseModel)
        for name, label in labels_of(model).items()
    }


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - by registration
    if is_full(error.__cause__):  # what the framework could not put down is not what the caller sent
        return answer(DiskFull())
    status = error.status_code
    details = {
        400: "请求内容无法解析，应为 UTF-8 编码的 JSON 或表单",
        404: f"地址不存在：{shown(request.url.path)}",
        405: f"此地址不支持 {shown(request.method)}",
    }
    kind = _OF_STATUS.get(status, Malformed)
    is_chinese = any("\u4e00" <= character <= "\u9fff" for character in str(error.detail))
    problem = problem_of(kind(str(error.detail) if is_chinese else details.get(status, kind.title)))
    problem.status = status
    headers = {"Allow": ", ".join(_allowed(request))} if status == 405 else error.headers
    return _response(problem, headers)


def _refused_by_system(_request: Request, error: Exception) -> JSONResponse:
    if not is_full(error):
        raise error
    return answer(DiskFull())


def _allowed(request: Request) -> list[str]:
    """All methods of an address; the router names only those of the first route that has it."""
    found = [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]
    return ["GET", "HEAD", *found[1:]] if "GET" in found else found


def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    number = secrets.token_hex(4)
    logger.error("错误 %s：%s %s", number, request.method, request.url.path, exc_info=error)
    detail = f"服务内部出错，编号 {number}；请将编号告知管理员，以便查阅日志"
    return answer(Unforeseen(detail, id=number))


def install(app: FastAPI) -> None:
    """Makes `app` return every error as problem details."""
    app.add_exception_handler(PatentDockError, _ours)
    app.add_exception_handler(NotFound, _not_found)
    app.add_exception_handler(Busy, _is_busy)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OSError, _refused_by_system)
    app.add_exception_handler(Exception, _unforeseen)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of the error responses of a route (completed by `service.web.openapi`); what may be missing may be deleted."""
    every = (*statuses, 410) if 404 in statuses else statuses
    described = {status: {"model": Problem, "description": TITLES[status]} for status in every}
    return {status: found | (_MAY_BE_BUSY if status == 503 else {}) for status, found in described.items()}
