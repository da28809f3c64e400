"""The search form: what a visitor asked for, read from the address of the page and written back into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError

from assessment.eligibility.gate import Eligibility
from catalog.kit.terms import Band, HolderKind, PatentKind
from matching.answers.filters import Marks
from service.requests.field_problems import FieldProblem, InvalidFields, field_problems
from service.requests.filters import ContextInput, FilterInput
from service.requests.matches import DEFAULT_TOP_K, MAX_TOP_K, PatentsRequest, TextQuery

ModelT = TypeVar("ModelT", bound=BaseModel)

# The text stands in the address, which servers and proxies cut at some length.
MAX_PAGE_TEXT = 2000
TOP_CHOICES = (10, 20, 50, 100, 200)
LABELS = {
    "q": "需求文本",
    "segment": "产业细分领域",
    "region": "地区",
    "kind": "专利类型",
    "holder_kind": "专利权人类型",
    "ipc": "IPC 分类号",
    "industry": "国民经济行业",
    "eligibility": "开放许可资格",
    "min_band": "匹配程度不低于",
    "open_licence": "只看开放许可",
    "in_force": "只看当前有效",
    "include_ended": "含已失效的专利",
    "top_k": "显示条数",
    "context": "需求方所在地区",
    "by_relevance": "仅按相关度排序",
}
MOST_MARKS = 50
TEXT_FILTERS = ("segment", "region", "kind", "holder_kind", "ipc", "industry", "eligibility", "min_band")


@dataclass(frozen=True)
class SearchForm:
    """The fields of the form as typed."""

    q: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    open_licence: bool = False
    in_force: bool = False
    include_ended: bool = False
    need_region: str = ""
    by_relevance: bool = False
    top_k: str = str(DEFAULT_TOP_K)
    suitable: tuple[int, ...] = ()
    unsuitable: tuple[int, ...] = ()
    unfolded: bool = False

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> SearchForm:
        """Read the form from the parameters of the address; unknown ones are ignored."""
        return cls(
            q=parameters.get("q", "").strip(),
            values={name: parameters.get(name, "").strip() for name in TEXT_FILTERS},
            open_licence=bool(parameters.get("open_licence")),
            in_force=bool(parameters.get("in_force")),
            include_ended=bool(parameters.get("include_ended")),
            need_region=parameters.get("need_region", "").strip(),
            by_relevance=bool(parameters.get("by_relevance")),
            top_k=parameters.get("top_k", "").strip() or str(DEFAULT_TOP_K),
            suitable=_numbers(parameters.get("suitable", "")),
            unsuitable=_numbers(parameters.get("unsuitable", "")),
            unfolded=bool(parameters.get("unfolded")),
        )

    def text_query(self, today: date) -> TextQuery:
        """The match request of the form. Raises InvalidFields under the labels of the form."""
        problems = self._text_problems()
        if not self.top_k.isascii() or not self.top_k.isdigit() or not 1 <= int(self.top_k[:9]) <= MAX_TOP_K:
            reason = f"应为 1 至 {MAX_TOP_K} 的整数"
            problems.append(FieldProblem(field=LABELS["top_k"], value=self.top_k[:20], reason=reason))
        if problems:
            raise InvalidFields(problems)
        request = PatentsRequest(
            text=self.q,
            top_k=int(self.top_k),
            filters=self._filters(today),
            context=_checked(ContextInput, {"region": self.need_region or None}),
            factors=not self.by_relevance,
            fold=not self.unfolded,
        )
        return TextQuery(request, marks=self._marks)

    def _text_problems(self) -> list[FieldProblem]:
        if not self.q:
            return [FieldProblem(field=LABELS["q"], value="", reason="请填写技术需求")]
        if "\x00" in self.q:
            return [FieldProblem(field=LABELS["q"], value="", reason="含有空字符（NUL），请删除后再检索")]
        if len(self.q) > MAX_PAGE_TEXT:
            reason = (
                f"共 {len(self.q)} 字，检索页最多 {MAX_PAGE_TEXT} 字；请保留主要技术问题；"
                "更长的文本可用接口 POST /api/v1/matches 检索"
            )
            return [FieldProblem(field=LABELS["q"], value="", reason=reason)]
        return []

    def _filters(self, today: date) -> FilterInput:
        values: dict[str, Any] = {name: value for name, value in self.values.items() if value}
        if self.open_licence:
            values["open_licence"] = True
        if self.in_force:
            values["in_force_on"] = today
        if self.include_ended:
            values["include_ended"] = True
        return _checked(FilterInput, values)

    @property
    def _marks(self) -> Marks | None:
        """The patents that were marked; one marked both ways is suitable."""
        if not (self.suitable or self.unsuitable):
            return None
        return Marks(frozenset(self.suitable), frozenset(self.unsuitable) - frozenset(self.suitable))

    def ordering(self) -> list[str]:
        """The sort order selected in the form, in words."""
        words = [f"{LABELS['context']}：{self.need_region}"] if self.need_region else []
        return words + ([LABELS["by_relevance"]] if self.by_relevance else [])

    def described(self) -> list[str]:
        """The conditions that are set, in words."""
        words = [f"{LABELS[name]}：{_in_words(name, value)}" for name, value in self.values.items() if value]
        words += [LABELS["open_licence"]] if self.open_licence else []
        words += [LABELS["in_force"]] if self.in_force else []
        return words + ([LABELS["include_ended"]] if self.include_ended else [])

    def marked(self, patent_id: int, mark: str) -> str:
        """The address with a patent marked `suitable` or `unsuitable`; marked so already, with the mark taken away."""
        others = {
            name: [one for one in getattr(self, name) if one != patent_id]
            for name in ("suitable", "unsuitable")
        }
        if patent_id not in getattr(self, mark):
            others[mark].append(patent_id)
        return self.query(**{name: ",".join(map(str, ids)) for name, ids in others.items()})

    def query(self, **changes: str) -> str:
        """The form as the query part of an address, with some fields changed."""
        values = {"q": self.q, **self.values, "top_k": self.top_k}
        values["open_licence"] = "1" if self.open_licence else ""
        values["in_force"] = "1" if self.in_force else ""
        values["include_ended"] = "1" if self.include_ended else ""
        values["need_region"] = self.need_region
        values["by_relevance"] = "1" if self.by_relevance else ""
        values["suitable"] = ",".join(map(str, self.suitable))
        values["unsuitable"] = ",".join(map(str, self.unsuitable))
        values["unfolded"] = "1" if self.unfolded else ""
        return urlencode({name: value for name, value in (values | changes).items() if value})


def _numbers(text: str) -> tuple[int, ...]:
    """The marked patents of an address; anything but numbers is ignored."""
    found = (part for part in text.split(",") if part.isascii() and part.isdigit() and len(part) < 10)
    return tuple(dict.fromkeys(map(int, found)))[:MOST_MARKS]


def _checked(model: type[ModelT], values: Mapping[str, Any]) -> ModelT:
    """The model of these values. Raises InvalidFields under the labels of the form."""
    try:
        return model(**values)
    except ValidationError as error:
        raise InvalidFields(relabel(field_problems(error.errors()))) from error


def _in_words(name: str, value: str) -> str:
    """The value of a field as the form shows it."""
    terms = {
        "kind": PatentKind,
        "holder_kind": HolderKind,
        "eligibility": Eligibility,
        "min_band": Band,
    }.get(name, ())
    return next((member.label for member in terms if member.value == value), value)


def relabel(problems: list[FieldProblem]) -> list[FieldProblem]:
    """The problems under the labels of the form."""
    return [
        problem.model_copy(update={"field": LABELS.get(problem.field.partition(".")[0], problem.field)})
        for problem in problems
    ]
