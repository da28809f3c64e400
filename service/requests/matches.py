"""What a match request may ask for: the same limits for REST, command line and search page."""

from pydantic import Field

from catalog.demand.needs import MAX_TEXT
from catalog.kit.base import Schema
from service.requests.context import ContextInput
from service.requests.filters import FilterInput

MAX_TOP_K = 200
DEFAULT_TOP_K = 10
CONTEXT = Field(default_factory=ContextInput, description="需求的已知情况，供对接因素使用；不说明的按未知计")
FACTORS = Field(default=True, strict=True, description="是否计入对接因素；为假时纯按相关度排序")
FOLDED = "是否把同一专利权人的近似专利归在得分最高的一件之下；为假时逐件列出"
FOLD = Field(default=True, strict=True, description=FOLDED)


class MatchRequest(Schema):
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

    text: str = Field(min_length=1, max_length=MAX_TEXT, description="需求文本")
    top_k: int = Field(default=DEFAULT_TOP_K, ge=1, le=MAX_TOP_K, strict=True, description="返回多少件专利")
    filters: FilterInput = Field(default_factory=FilterInput)
    context: ContextInput = CONTEXT
    factors: bool = FACTORS
    fold: bool = FOLD
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
    factors: bool = Field(default=True, description="是否计入对接因素；为假时纯按相关度排序")
    top_k: int = Field(default=DEFAULT_TOP_K, ge=1, le=MAX_TOP_K, description="返回多少条结果")


class PatentMatchQuery(MatchQuery):
    """The same where patents are sought."""

    fold: bool = Field(default=True, description=FOLDED)
