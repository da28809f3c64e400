"""Saved mappings (列对应关系) of sources."""

import json
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, status
from pydantic import BaseModel, Field

from catalog.accounts import permissions
from catalog.kit.base import Schema, now
from catalog.kit.errors import PatentDockError
from catalog.kit.paging import Page, PageQuery
from ingestion.columns import mappings
from ingestion.columns.mappings import MAX_NAME, SavedMapping
from service.requests.types import ImportKind
from service.web.dependencies import RuntimeDep
from service.web.errors import responses
from service.web.rights import may
from service.web.versions import Conditional, FileVersion, Tagged, Versioned, read, removed, written

router = APIRouter(
    prefix="/mappings",
    tags=["imports"],
    dependencies=[may(permissions.IMPORTS_READ, permissions.IMPORTS_WRITE)],
)

Source = Annotated[
    str, Path(min_length=1, max_length=MAX_NAME, description="来源名称", examples=["教育厅台账"])
]
Column = Annotated[str, Field(min_length=1, max_length=200)]
Columns = Annotated[list[Column], Field(min_length=1, max_length=50)]


class MappingInput(Schema):
    """The columns of a source by the fields that they are read as."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "kind": "patents",
                    "columns": {"application_number": ["申请号", "专利号"], "title": ["第 3 列"]},
                    "optional": [],
                }
            ]
        }
    }

    kind: ImportKind = Field(description="记录种类")
    columns: dict[str, Columns] = Field(
        min_length=1,
        max_length=100,
        description="字段（英文名或中文名称）与文件中的列名或“第 N 列”，依次尝试",
    )
    optional: list[Column] = Field(
        default_factory=list, max_length=100, description="文件中可以没有的字段；其余的缺列时拒绝导入"
    )


class MappingPublic(BaseModel):
    """A saved mapping."""

    source: str = Field(description="来源的名称")
    kind: ImportKind = Field(description="记录种类")
    columns: dict[str, list[str]] = Field(description="各字段对应的列名")
    optional: list[str] = Field(description="可以没有的列")
    toml: str = Field(description="相同内容，可由操作者编辑")
    updated_at: datetime = Field(description="最近一次变动的时刻（UTC）")


class MappingEntry(BaseModel):
    """A saved mapping in the list."""

    source: str = Field(description="来源")
    kind: ImportKind | None = Field(default=None, description="记录种类")
    problem: str | None = Field(default=None, description="文件被改坏时说明原因")


class MappingQuery(PageQuery):
    """Page of a list of mappings."""

    sort: Literal["source", "-source"] | None = Field(
        default=None, description="排序字段：source；前加 - 为降序"
    )


def _public(saved: SavedMapping, version: FileVersion) -> MappingPublic:
    columns = {role: list(names) for role, names in saved.columns.items()}
    return MappingPublic(
        source=saved.source,
        kind=ImportKind(saved.kind),
        columns=columns,
        optional=list(saved.optional),
        toml=mappings.as_toml(saved),
        updated_at=version.updated_at,
    )


def _version(runtime: RuntimeDep, source: Source) -> FileVersion | None:
    changed = mappings.changed_at(runtime.settings.mappings_dir, source)
    return FileVersion(source, changed) if changed else None


Stored = Annotated[FileVersion | None, Depends(_version)]


@router.get("", summary="列对应关系列表", operation_id="list_mappings", responses=responses(422))
def list_mappings(runtime: RuntimeDep, wanted: Annotated[MappingQuery, Query()]) -> Page[MappingEntry]:
    """已保存的列对应关系，按来源名称排列。"""
    folder = runtime.settings.mappings_dir
    names = sorted(mappings.names(folder), reverse=wanted.sort == "-source")
    items = []
    for name in names[wanted.offset : wanted.offset + wanted.size]:
        try:
            saved = mappings.load(folder, name)
            items.append(MappingEntry(source=saved.source, kind=ImportKind(saved.kind)))
        except PatentDockError as error:
            items.append(MappingEntry(source=name, problem=error.message))
    return Page(total=len(names), page=wanted.page, size=wanted.size, items=items)


@router.get("/{source}", summary="一个来源的列对应关系", operation_id="get_mapping", responses=read(404, 422))
def get_mapping(runtime: RuntimeDep, version: Versioned, stored: Stored, source: Source) -> MappingPublic:
    """返回这个来源的列对应关系。"""
    saved = mappings.load(runtime.settings.mappings_dir, source)
    row = stored or FileVersion(source, now())
    return version.of(row, _public(saved, row))


@router.put(
    "/{source}",
    summary="保存一个来源的列对应关系",
    operation_id="put_mapping",
    responses=written(400, 413, 422),
)
def put_mapping(
    runtime: RuntimeDep,
    condition: Conditional,
    tagged: Tagged,
    stored: Stored,
    source: Source,
    data: MappingInput,
) -> MappingPublic:
    """保存或替换这个来源的列对应关系，此后导入时以 `source` 选用。"""
    condition.check(stored)
    saved = mappings.parse(json.dumps(data.model_dump(mode="json")), source, source=source)
    mappings.save(runtime.settings.mappings_dir, saved)
    row = _version(runtime, source) or FileVersion(source, now())
    return tagged.of(row, _public(saved, row))


@router.delete(
    "/{source}",
    summary="删去一个来源的列对应关系",
    operation_id="delete_mapping",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=removed(404, 422),
)
def delete_mapping(runtime: RuntimeDep, condition: Conditional, stored: Stored, source: Source) -> None:
    """删去这个来源的列对应关系；已导入的数据不受影响。"""
    condition.check(stored)
    mappings.remove(runtime.settings.mappings_dir, source)
