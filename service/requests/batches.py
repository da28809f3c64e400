"""Batches of named queries (批量匹配): checked one by one, answered together, each as it would be alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast

from pydantic import (
    Field,
    SkipValidation,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from catalog.db import Session
from catalog.demand.needs import MAX_TEXT, full_text
from catalog.kit.base import Schema
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, InvalidInput, NotFound, PatentDockError
from catalog.kit.ids import StrictId
from ingestion.readers import readers
from ingestion.readers.encodings import open_text
from ingestion.records.fields import Circumstances
from ingestion.storing.tables import SheetTable, open_table
from matching.answers.filters import Wanted
from matching.ranking.pair_factors import FactorOptions
from service.requests.field_problems import validated
from service.requests.filters import ContextInput, FilterInput, factor_options, resolve
from service.requests.matches import DEFAULT_TOP_K, FOLDED

if TYPE_CHECKING:
    from matching.answers.matcher import Matcher
    from matching.answers.results import MatchResponse, NeedMatch, PatentMatch
    from service.installation.runtime import Runtime

MOST_QUERIES = 50
MOST_EACH = 50
MAX_NAME = 100
QueryName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, strict=True),
    Field(min_length=1, max_length=MAX_NAME, description="查询的名称，在本次请求中不重复"),
]
_NAME: TypeAdapter[str] = TypeAdapter(QueryName)
_SUBJECTS = ("text", "need_id", "patent_id")
_JSON = (".json", ".jsonl", ".ndjson")
MOST_IN_FILE = 1000
"""Queries of one file: a few minutes of work, and a list that one person can look through."""


class QueryOptions(Schema):
    """The number of results wanted, the conditions that they meet, and whether factors count."""

    top_k: int = Field(default=DEFAULT_TOP_K, ge=1, le=MOST_EACH, strict=True, description="返回多少条结果")
    filters: FilterInput = Field(default_factory=FilterInput, description="结果须符合的条件")
    context: ContextInput = Field(
        default_factory=ContextInput, description="需求的已知情况，只用于按文本匹配的因素分值"
    )
    factors: bool = Field(default=True, strict=True, description="是否计入各因素分值；为假时仅按相关度排序")
    fold: bool = Field(default=True, strict=True, description=FOLDED)


class NamedQuery(QueryOptions):
    """A query of a batch; exactly one of text, need and patent is stated."""

    name: QueryName
    text: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT, description="需求文本")
    need_id: StrictId | None = Field(default=None, description="系统中技术需求的编号")
    patent_id: StrictId | None = Field(default=None, description="系统中专利的编号：反向匹配技术需求")

    @model_validator(mode="after")
    def _one_subject(self) -> NamedQuery:
        if sum(getattr(self, name) is not None for name in _SUBJECTS) != 1:
            raise ValueError("text、need_id、patent_id 须填写且只填写一项")
        if self.text is None and (self.context.segment or self.context.region):
            raise ValueError("context 只用于按文本匹配；系统中的记录有自己的领域和地区")
        return self


class BatchRequest(Schema):
    """Several named queries and what they have in common. The queries are checked one by one, when they are answered."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "queries": [
                        {"name": "需求甲", "text": "动力电池在低温下充电慢，希望快速充电而不析锂"},
                        {"name": "需求乙", "text": "铸件内部有气孔，想找能在线检测缺陷的办法", "top_k": 3},
                    ],
                    "defaults": {"top_k": 5, "filters": {"region": ["湖北省"]}},
                }
            ]
        }
    }

    queries: list[SkipValidation[NamedQuery]] = Field(
        min_length=1, max_length=MOST_QUERIES, description="至多 50 个查询，名称不重复；有误的只影响自身"
    )
    defaults: QueryOptions = Field(
        default_factory=QueryOptions, description="各查询没有填写的项的取值；查询填写的整项替换"
    )
    generation: Annotated[str, Field(min_length=1, max_length=40)] | None = Field(
        default=None, description="在保留的某个索引版本上匹配；缺省为正在使用的版本"
    )

    @field_validator("queries")
    @classmethod
    def _names_differ(cls, queries: list[Any]) -> list[Any]:
        names = []
        for place, one in enumerate(queries):
            try:
                names.append(_NAME.validate_python(one.get("name") if isinstance(one, dict) else None))
            except ValidationError as error:
                raise ValueError(
                    f"第 {place + 1} 个查询的名称（name）应为 1 至 {MAX_NAME} 个字的文本"
                ) from error
            if names[place] in names[:place]:
                raise ValueError(f"名称“{names[place]}”重复，各查询的名称不能相同")
        return queries

    @property
    def raw_queries(self) -> list[dict[str, Any]]:
        """The queries as they came; each has a name."""
        return cast("list[dict[str, Any]]", self.queries)


class NamedAnswer(NamedTuple):
    """The outcome of a query: the response that it gets alone, or the error that it meets alone."""

    name: str
    matches: MatchResponse[PatentMatch] | MatchResponse[NeedMatch] | None = None
    error: PatentDockError | None = None


class BatchAnswer(NamedTuple):
    """The generation that answered, and the answers in the order of the queries."""

    generation: str
    items: list[NamedAnswer]


class CallerGone(PatentDockError):
    """The caller has left before everything was answered."""

    title = "请求已放弃"


def _stays() -> bool:
    return False


def answer_to_batch(
    runtime: Runtime, request: BatchRequest, has_left: Callable[[], bool] = _stays
) -> BatchAnswer:
    """The answers to a batch, all of one generation: texts are embedded and searched for together.

    Raises CallerGone between two answers once `has_left`, NotFound for an unknown generation, and NotReady.
    """
    today, matcher = beijing_today(), runtime.matcher.at(request.generation)
    queries: dict[int, _Query] = {}
    answers: dict[int, NamedAnswer] = {}
    with runtime.database.read() as session:
        for place, raw in enumerate(request.raw_queries):
            try:
                queries[place] = _read(session, raw, request.defaults, today)
            except InvalidInput as error:
                answers[place] = NamedAnswer(raw["name"].strip(), error=error)
    for place, answer in _answers(matcher, queries):
        answers[place] = answer
        if has_left():
            raise CallerGone("请求方已断开，其余查询未匹配")
    return BatchAnswer(matcher.generation().name, [answers[place] for place in sorted(answers)])


class _Query(NamedTuple):
    """A query that can be answered, and what is wanted in the types of the matcher."""

    asked: NamedQuery
    wanted: Wanted


def _read(session: Session, raw: dict[str, Any], defaults: QueryOptions, today: date) -> _Query:
    """A query with what it leaves to the defaults. Raises InvalidFields."""
    asked = validated(NamedQuery, raw)
    left = defaults.model_fields_set - asked.model_fields_set
    asked = asked.model_copy(update={name: getattr(defaults, name) for name in left})
    filters = resolve(session, asked.filters, today)
    options = FactorOptions(count=asked.factors)
    if asked.text is not None:
        options = factor_options(session, asked.context, count=asked.factors)
    return _Query(asked, Wanted(asked.top_k, filters, today, options, asked.fold))


def _answers(matcher: Matcher, queries: dict[int, _Query]) -> Iterator[tuple[int, NamedAnswer]]:
    """The answers with their places, as they are ready; those to texts come first."""
    texts = [(place, text) for place, query in queries.items() if (text := query.asked.text) is not None]
    for at, response in matcher.patents_for_texts([(text, queries[place].wanted) for place, text in texts]):
        place, _ = texts[at]
        yield place, NamedAnswer(queries[place].asked.name, response)
    for place, (asked, wanted) in queries.items():
        if asked.text is not None:
            continue
        try:
            yield place, NamedAnswer(asked.name, _of_record(matcher, asked, wanted))
        except (NotFound, Conflict) as error:
            yield place, NamedAnswer(asked.name, error=error)


def _of_record(
    matcher: Matcher, asked: NamedQuery, wanted: Wanted
) -> MatchResponse[PatentMatch] | MatchResponse[NeedMatch]:
    """The response to a query that names a record. Raises NotFound, and Conflict for a need that is not open."""
    if asked.need_id is not None:
        return matcher.patents_for_need(asked.need_id, wanted)
    return matcher.needs_for_patent(asked.patent_id or 0, wanted)


def queries_in(path: Path, circumstances: Circumstances) -> list[dict[str, Any]]:
    """The queries of a file: JSON objects, one a line, as a batch holds them, or a list with columns of names and texts.

    A list is read as a list of needs is, whatever the columns are called. Raises UnreadableFile and InvalidInput.
    """
    found = _objects(path) if path.suffix.lower() in _JSON else _listed(path, circumstances)
    queries = list(islice(found, MOST_IN_FILE + 1))
    if len(queries) > MOST_IN_FILE:
        raise InvalidInput(
            f"文件 {path.name} 中的需求超过 {MOST_IN_FILE} 条", hint="请拆成几个文件，分别匹配"
        )
    if not queries:
        raise InvalidInput(
            f"文件 {path.name} 中没有需求", hint="清单应有“需求名称”“需求描述”列，jsonl 每行一个查询"
        )
    return queries


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    names: set[str] = set()
    with open_text(path) as stream:
        for line, text in enumerate(stream, 1):
            if not text.strip():
                continue
            try:
                query = json.loads(text)
                name = _NAME.validate_python(query.get("name"))
            except (ValueError, AttributeError, RecursionError) as error:
                hint = '每行应为一个 JSON 对象，如 {"name": "需求甲", "text": "……"}；name 至多 100 个字'
                raise InvalidInput(f"文件 {path.name} 第 {line} 行不是查询", hint=hint) from error
            if name in names:
                raise InvalidInput(
                    f"文件 {path.name} 第 {line} 行的名称“{name}”重复", hint="请改用不同的名称"
                )
            names.add(name)
            yield query


def _listed(path: Path, circumstances: Circumstances) -> Iterator[dict[str, Any]]:
    names: set[str] = set()
    for sheet in readers.read(path):
        table = open_table("needs", sheet)
        if table is None:
            continue
        if missing := table.mapping.missing():
            raise InvalidInput(
                f"文件 {path.name} 的工作表“{sheet.name}”缺少{'、'.join(missing)}",
                hint="请在第一行写明列名“需求名称”“需求描述”",
            )
        for line, query in _of_table(table, circumstances):
            if query["name"] in names:
                mark = f"（{sheet.name} 第 {line} 行）"
                query["name"] = f"{query['name'][: MAX_NAME - len(mark)]}{mark}"
            names.add(query["name"])
            yield query


def _of_table(table: SheetTable, circumstances: Circumstances) -> Iterator[tuple[int, dict[str, Any]]]:
    """The queries of a table, each with its line."""
    for row in table.records():
        if row.problem:
            raise InvalidInput(f"工作表“{table.name}”第 {row.line} 行：{row.problem}")
        fields = table.fields(row, table.mapping, circumstances)
        title, text = fields.line("title"), fields.text("text")
        if title or text:
            name = (title or fields.line("code") or text)[:MAX_NAME].strip()
            yield row.line, {"name": name, "text": full_text(title, text or title)}


def answer_to_all(
    runtime: Runtime,
    queries: Sequence[dict[str, Any]],
    defaults: QueryOptions,
    *,
    at_once: int = MOST_QUERIES,
) -> Iterator[BatchAnswer]:
    """The answers to any number of queries with different names, in batches, all of one generation. Raises NotReady."""
    generation = None
    for start in range(0, len(queries), at_once):
        part = queries[start : start + at_once]
        request = BatchRequest.model_validate(
            {"queries": part, "defaults": defaults, "generation": generation}
        )
        answer = answer_to_batch(runtime, request)
        generation = answer.generation
        yield answer
