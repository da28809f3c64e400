"""The search page (检索页): rendered on the server, on the same code as the REST interface."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from assessment.eligibility.gate import Eligibility
from catalog.kit.days import beijing_today
from catalog.kit.errors import NotReady, PatentDockError
from catalog.kit.terms import Band, HolderKind, PatentKind
from catalog.reference import lists as reference
from catalog.segments import segments
from catalog.segments.segments import CataloguePublic
from matching.answers.results import NO_CONTENT, NOTHING_SUITABLE
from matching.need.elements import with_answer
from service.console.highlight import highlight
from service.console.search_form import MAX_PAGE_TEXT, TOP_CHOICES, SearchForm, relabel
from service.installation.runtime import Runtime
from service.requests.field_problems import InvalidFields, sentence
from service.requests.filters import HOME_PROVINCE
from service.requests.matches import TextAnswer, TextQuery, answer_to_text
from service.sheets import matches as match_sheets
from service.sheets.documents import XLSX_TYPE
from service.web.dependencies import RuntimeDep
from service.web.files.attachments import attachment

EXAMPLES = (
    "动力电池包在冬天低温下充电太慢，想要不损伤电池的快速加热或充电办法",
    "养殖废水氨氮超标、碳源不足，需要占地小、运行费用低的脱氮工艺",
    "焊接机器人在工件装夹有偏差时容易焊偏，需要便宜可靠的焊缝跟踪",
)

router = APIRouter(include_in_schema=False)
STATIC = Path(__file__).parent / "static"
"""Style and icon of the pages."""
templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
templates.env.globals.update(
    highlight=highlight,
    with_answer=with_answer,
    no_content=NO_CONTENT,
    nothing_suitable=NOTHING_SUITABLE,
)


def _catalogue(runtime: Runtime) -> CataloguePublic | None:
    try:
        with runtime.database.read() as session:
            return segments.public(session, segments.catalogue(session))
    except NotReady:
        return None


def _grouped(catalogue: CataloguePublic | None) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for segment in catalogue.segments if catalogue else []:
        groups.setdefault(segment.group_name, []).append(segment)
    return groups


def _region_names() -> list[str]:
    """Names of all regions, those of the home province first."""
    known = reference.regions().values()
    return [r.name for r in sorted(known, key=lambda r: (not r.code.startswith(HOME_PROVINCE), r.code))]


def _answer(runtime: Runtime, query: TextQuery) -> TextAnswer:
    """The response to a submitted form. Raises InvalidFields under the labels of the form."""
    try:
        return answer_to_text(runtime, query)
    except InvalidFields as error:
        raise InvalidFields(relabel(error.fields)) from error


def _page(request: Request, status: int = 200, **context: Any) -> HTMLResponse:
    runtime: Runtime = request.app.state.runtime
    catalogue = _catalogue(runtime)
    context = {
        "form": SearchForm(),
        "response": None,
        "questions": None,
        "combined": None,
        "problems": [],
        "hint": None,
        "catalogue": catalogue,
        "groups": _grouped(catalogue),
        "regions": _region_names(),
        "kinds": list(PatentKind),
        "holder_kinds": list(HolderKind),
        "verdicts": list(Eligibility),
        "bands": [band for band in Band if band.is_match],
        "top_choices": TOP_CHOICES,
        "max_text": MAX_PAGE_TEXT,
        "examples": EXAMPLES,
        "version": request.app.version,
    } | context
    return templates.TemplateResponse(request, "search.html", context, status_code=status)


def _refusal(request: Request, form: SearchForm, error: PatentDockError) -> HTMLResponse:
    fields = error.fields if isinstance(error, InvalidFields) else None
    problems = [sentence(field) for field in fields] if fields else [error.message]
    return _page(request, error.status, form=form, problems=problems, hint=error.hint)


@router.get("/")
def search_page(request: Request, runtime: RuntimeDep) -> HTMLResponse:
    """The form; with a text in the address, the form and the results."""
    form = SearchForm.of(request.query_params)
    if not request.query_params:
        return _page(request)
    ask, combine = (bool(request.query_params.get(name)) for name in ("ask", "combine"))
    try:
        query = replace(form.text_query(beijing_today()), elements=True, questions=ask, portfolios=combine)
        found = _answer(runtime, query)
        return _page(
            request, form=form, response=found.matches, questions=found.questions, combined=found.portfolios
        )
    except PatentDockError as error:
        return _refusal(request, form, error)


def _download(request: Request, runtime: Runtime, kind: str) -> Response:
    form = SearchForm.of(request.query_params)
    try:
        response = _answer(runtime, form.text_query(beijing_today())).matches
    except PatentDockError as error:
        return _refusal(request, form, error)
    about = match_sheets.notes(form.q, form.described(), form.ordering(), response)
    content = (
        match_sheets.to_xlsx(response, about) if kind == "xlsx" else match_sheets.to_csv(response, about)
    )
    media_type = XLSX_TYPE if kind == "xlsx" else "text/csv; charset=utf-8"
    name = f"专利匹配结果-{beijing_today():%Y%m%d}.{kind}"
    return attachment(content, name, media_type, plain_name=f"matches.{kind}")


@router.get("/export.xlsx")
def export_xlsx(request: Request, runtime: RuntimeDep) -> Response:
    """The results of the same address as an Excel workbook."""
    return _download(request, runtime, "xlsx")


@router.get("/export.csv")
def export_csv(request: Request, runtime: RuntimeDep) -> Response:
    """The results of the same address as CSV."""
    return _download(request, runtime, "csv")
