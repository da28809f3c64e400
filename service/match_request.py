"""What a match request may ask for: the same limits for REST, command line and search page."""

from pydantic import Field

from catalog.base import Schema
from catalog.needs import MAX_TEXT
from service.filters import FilterInput

MAX_TOP_K = 200
DEFAULT_TOP_K = 10


class MatchRequest(Schema):
    """A need in words, how many patents are wanted, and which conditions they meet."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "text": "动力电池在低温下充电慢，希望在零下二十度也能快速充电而不析锂",
                    "top_k": 5,
                    "filters": {"region": ["湖北省"], "open_licence": True},
                }
            ]
        }
    }

    text: str = Field(min_length=1, max_length=MAX_TEXT, description="需求文本")
    top_k: int = Field(default=DEFAULT_TOP_K, ge=1, le=MAX_TOP_K, strict=True, description="返回多少件专利")
    filters: FilterInput = Field(default_factory=FilterInput)
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
    filters: FilterInput = Field(default_factory=FilterInput)


class MatchQuery(FilterInput):
    """Number of results and conditions, as query parameters, where every value is text."""

    open_licence: bool | None = Field(default=None, description="是否已声明开放许可")

    top_k: int = Field(default=DEFAULT_TOP_K, ge=1, le=MAX_TOP_K, description="返回多少条结果")
