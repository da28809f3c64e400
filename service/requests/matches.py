"""Match requests and their answers: the same limits and the same way for REST, command line and search page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from catalog.demand.needs import MAX_TEXT
from catalog.kit.base import Schema
from catalog.kit.days import beijing_today
from catalog.kit.ids import MAX_ID
from matching.answers.filters import Marks, MatchFilters, Wanted
from matching.ranking.pair_factors import FactorOptions
from service.requests.filters import INCLUDE_ENDED, ContextInput, FilterInput, factor_options, resolve
from service.requests.shapes import Shape

if TYPE_CHECKING:
    from matching.answers.completer import PortfolioList, QuestionList
    from matching.answers.results import MatchResponse, NeedMatch, PatentMatch
    from service.installation.runtime import Runtime

MAX_TOP_K = 200
DEFAULT_TOP_K = 10
MOST_MARKS = 100
FOLDED = "是否把同一专利权人的近似专利合并到得分最高的一件；为假时逐件列出"

PatentIds = Annotated[list[Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]], Field(max_length=MOST_MARKS)]


class PatentsRequest(Schema):
    """A need in words, how many patents are wanted, which conditions they meet, and what raises them."""

    text: str = Field(min_length=1, max_length=MAX_TEXT, description="需求文本")
    top_k: int = Field(default=DEFAULT_TOP_K, ge=1, le=MAX_TOP_K, strict=True, description="返回多少件专利")
    filters: FilterInput = Field(default_factory=FilterInput, description="筛选条件")
    context: ContextInput = Field(
        default_factory=ContextInput, description="需求的已知情况，用于计算因素分值；未提供的不计分"
    )
    factors: bool = Field(default=True, strict=True, description="是否计入各因素分值；为假时仅按相关度排序")
    fold: bool = Field(default=True, strict=True, description=FOLDED)


class MatchRequest(PatentsRequest, Shape):
    """A need in words, how many patents are wanted, and which conditions they meet."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "text": "动力电池在低温下充电慢，希望在零下二十度也能快速充电而不析锂",
                    "top_k": 5,
                    "filters": {"region": ["湖北省"], "open_licence": True},
                    "context": {"segment": ["HB02"], "region": "武汉市"},
                }
            ]
        }
    }

    generation: str | None = Field(
        default=None,
        min_length=1,
        max_length=40,
        description="在保留的某个索引版本上匹配，如 20261122-045259-578；缺省为正在使用的版本",
    )
    elements: bool = Field(
        default=False,
        strict=True,
        description="是否把需求按材料、方法、功效、产品、应用拆成要点，并与每件专利逐点对照",
    )

    @property
    def text_query(self) -> TextQuery:
        """The query that the request makes."""
        return TextQuery(self, as_of=self.generation, elements=self.elements)


class RefineRequest(PatentsRequest):
    """A need, and which of the patents found for it suit or do not."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "text": "燃气泄漏检测仪零点漂移，希望不用标准气也能自动校准",
                    "suitable": [3],
                    "unsuitable": [5, 8],
                }
            ]
        }
    }

    suitable: PatentIds = Field(default_factory=list, description="标为合适的专利编号")
    unsuitable: PatentIds = Field(default_factory=list, description="标为不合适的专利编号；不再列出")

    @model_validator(mode="after")
    def _one_mark_each(self) -> RefineRequest:
        both = sorted(set(self.suitable) & set(self.unsuitable))
        if both:
            raise ValueError(f"编号 {'、'.join(map(str, both))} 的专利同时标为合适与不合适，请只留一种")
        return self

    @property
    def text_query(self) -> TextQuery:
        """The query that the request makes."""
        return TextQuery(self, marks=Marks(frozenset(self.suitable), frozenset(self.unsuitable)))


class CompletionRequest(Schema):
    """A need in words and the conditions that patents meet."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {"text": "铸件内部有气孔，想找能在线检测缺陷的办法", "filters": {"region": ["湖北省"]}}
            ]
        }
    }

    text: str = Field(min_length=1, max_length=MAX_TEXT, description="需求文本")
    filters: FilterInput = Field(default_factory=FilterInput, description="筛选条件")


class MatchQuery(FilterInput, Shape):
    """Number of results and conditions, as query parameters, where every value is text."""

    open_licence: bool | None = Field(default=None, description="是否已声明开放许可")
    include_ended: bool = Field(default=False, description=INCLUDE_ENDED)
    factors: bool = Field(default=True, description="是否计入各因素分值；为假时仅按相关度排序")
    top_k: int = Field(default=DEFAULT_TOP_K, ge=1, le=MAX_TOP_K, description="返回多少条结果")


class PatentMatchQuery(MatchQuery):
    """The same where patents are sought."""

    fold: bool = Field(default=True, description=FOLDED)


@dataclass(frozen=True, slots=True)
class TextQuery:
    """A request for the patents of a need in words, from any interface, with the options beyond the list.

    `as_of` names a kept generation; with `marks` the results are refined; `elements` compares its points with each
    patent.
    """

    request: PatentsRequest
    as_of: str | None = None
    marks: Marks | None = None
    elements: bool = False
    questions: bool = False
    portfolios: bool = False


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """The matches of a need in words, `RefinedMatches` where patents were marked, and the optional parts requested."""

    matches: MatchResponse[PatentMatch]
    questions: QuestionList | None = None
    portfolios: PortfolioList | None = None


def answer_to_text(runtime: Runtime, query: TextQuery) -> TextAnswer:
    """The response that REST, command line and page show. Raises InvalidFields, NotFound and NotReady."""
    request = query.request
    # A session of its own, closed before the search: a request never holds two connections.
    today = beijing_today()
    with runtime.database.read() as session:
        filters = resolve(session, request.filters, today)
        options = factor_options(session, request.context, count=request.factors)
    wanted = Wanted(request.top_k, filters, today, options, request.fold, query.as_of)
    found = _matches(runtime, query, wanted)
    if not (query.elements or query.questions or query.portfolios):
        return TextAnswer(found)
    completer = runtime.completer
    need = completer.read(request.text)
    return TextAnswer(
        completer.completed(need, found, query.as_of) if query.elements else found,
        completer.questions(need, filters, today) if query.questions else None,
        completer.portfolios(need, filters, today) if query.portfolios else None,
    )


def questions_to(runtime: Runtime, request: CompletionRequest) -> QuestionList:
    """Questions to the author of the need. Raises InvalidFields and NotReady."""
    completer, today = runtime.completer, beijing_today()
    return completer.questions(completer.read(request.text), _filters(runtime, request.filters, today), today)


def portfolios_for(runtime: Runtime, request: CompletionRequest) -> PortfolioList:
    """Sets of patents that together cover the need. Raises InvalidFields and NotReady."""
    completer, today = runtime.completer, beijing_today()
    return completer.portfolios(
        completer.read(request.text), _filters(runtime, request.filters, today), today
    )


def patents_for_need(runtime: Runtime, need_id: int, wanted: PatentMatchQuery) -> MatchResponse[PatentMatch]:
    """The patents for an open need of the catalogue. Raises InvalidFields, NotFound, Conflict (closed) and NotReady."""
    return runtime.matcher.patents_for_need(need_id, _wanted(runtime, wanted, fold=wanted.fold))


def needs_for_patent(runtime: Runtime, patent_id: int, wanted: MatchQuery) -> MatchResponse[NeedMatch]:
    """The open needs for a patent of the catalogue. Raises InvalidFields, NotFound and NotReady."""
    return runtime.matcher.needs_for_patent(patent_id, _wanted(runtime, wanted))


def _matches(runtime: Runtime, query: TextQuery, wanted: Wanted) -> MatchResponse[PatentMatch]:
    if query.marks is not None:
        return runtime.matcher.patents_refined(query.request.text, wanted, query.marks)
    return runtime.matcher.patents_for_text(query.request.text, wanted)


def _wanted(runtime: Runtime, query: MatchQuery, *, fold: bool = True) -> Wanted:
    today = beijing_today()
    filters = _filters(runtime, query, today)
    return Wanted(query.top_k, filters, today, FactorOptions(count=query.factors), fold)


def _filters(runtime: Runtime, wanted: FilterInput, today: date) -> MatchFilters:
    with runtime.database.read() as session:
        return resolve(session, wanted, today)
