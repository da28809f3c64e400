"""Requests for likely licensees and a holder's chances, shared by REST and command line."""

from typing import Literal

from pydantic import Field

from catalog.demand.enterprises import EnterpriseFilter
from catalog.kit.days import beijing_today
from catalog.kit.paging import PageQuery
from index.engine import Filters
from matching.reverse.chances import (
    MOST_PER_PATENT,
    ChanceConditions,
    ChanceFinder,
    ChancePage,
    Group,
)
from matching.reverse.licensee_results import LicenseePage
from matching.reverse.licensees import LicenseeConditions, LicenseeFinder
from service.installation.runtime import Runtime
from service.requests.filters import (
    INCLUDE_ENDED,
    ClassConditions,
    PlaceConditions,
    Values,
    codes_of,
    values_field,
)
from service.requests.shapes import Shape
from service.requests.types import LeastBand


class LicenseeQuery(PageQuery, PlaceConditions, Shape):
    """Page and conditions of likely licensees."""

    sort: str | None = Field(
        default=None,
        description="排序字段：score、need、products、industry、own_patents；缺省为 -score（高的在前）",
    )
    title: Values = values_field("资质中的文字", "专精特新")
    name: str | None = Field(default=None, max_length=300, description="名称中的文字")
    min_band: LeastBand = None


class ChanceQuery(PageQuery, ClassConditions, Shape):
    """Page and conditions of a portfolio's chances; region, industry and segment are those of the needs."""

    sort: None = Field(default=None, description="不可排序：得分高的在前")
    per_patent: int = Field(default=3, ge=1, le=MOST_PER_PATENT, description="每件专利最多取几条需求")
    group: Literal["none", "patent", "need"] = Field(
        default="none",
        description="合并：none 逐件显示，patent 每件专利只列最好的一条，need 每条需求只列最好的一件",
    )
    include_ended: bool = Field(default=False, description=INCLUDE_ENDED)
    first_only: bool = Field(default=False, description="只看其为第一专利权人的专利")
    dormant: bool | None = Field(default=None, description="盘点筛选判为沉睡（true）或非沉睡（false）")
    min_band: LeastBand = None


def licensees_page(runtime: Runtime, patent_id: int, wanted: LicenseeQuery) -> LicenseePage:
    """The page that REST and the command line show. Raises NotFound, NotReady and InvalidFields."""
    with runtime.database.read() as session:
        codes = codes_of(session, wanted)
    firms = EnterpriseFilter.model_validate({"name": wanted.name, "title": wanted.title} | codes)
    finder = LicenseeFinder(runtime.database, runtime.matcher, runtime.settings.data)
    conditions = LicenseeConditions(firms, beijing_today(), wanted.min_band)
    return finder.page(patent_id, wanted, conditions)


def chances_page(runtime: Runtime, holder_id: int, wanted: ChanceQuery) -> ChancePage:
    """The page that REST and the command line show. Raises NotFound, NotReady and InvalidFields."""
    with runtime.database.read() as session:
        codes = codes_of(session, wanted)
    group: Group = wanted.group
    where = ChanceConditions(
        needs=Filters(**codes),
        day=beijing_today(),
        per_patent=wanted.per_patent,
        include_ended=wanted.include_ended,
        first_only=wanted.first_only,
        dormant=wanted.dormant,
        group=group,
        min_band=wanted.min_band,
    )
    finder = ChanceFinder(runtime.database, runtime.matcher, runtime.settings.data)
    return finder.page(holder_id, wanted, where)
