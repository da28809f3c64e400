"""The pages to which the `type` of a problem leads (问题种类): what it means and what to do next."""

import json

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from service.console.pages import templates
from service.web.errors import UnknownAddress
from service.web.problems import BY_CODE, KINDS

router = APIRouter(prefix="/problems", include_in_schema=False)


@router.get("", response_class=HTMLResponse)
def problems(request: Request) -> HTMLResponse:
    """All kinds of problems."""
    return templates.TemplateResponse(request, "problems.html", {"kinds": KINDS})


@router.get("/{code}", response_class=HTMLResponse)
def problem(request: Request, code: str) -> HTMLResponse:
    """One kind of problem. Raises UnknownAddress."""
    kind = BY_CODE.get(code)
    if kind is None:
        raise UnknownAddress(f"地址不存在：{request.url.path}", hint="全部问题种类见 /problems")
    example = json.dumps(kind.example, ensure_ascii=False, indent=2)
    return templates.TemplateResponse(request, "problem.html", {"kind": kind, "example": example})
