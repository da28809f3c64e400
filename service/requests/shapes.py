"""The requested form of an answer: in full, as a summary (摘要), or some properties; for lists, records and matches alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, Field, create_model

from catalog.deals.shown import DealPublic
from catalog.demand.enterprises import EnterprisePublic
from catalog.demand.needs import NeedPublic
from catalog.kit.base import Schema
from catalog.kit.terms import Term
from catalog.statistics.night_lists import NightNeed, NightPatent, NightQuery
from catalog.supply.facts import FactPublic
from catalog.supply.holders import HolderPublic
from catalog.supply.patents_shown import PatentPublic
from matching.answers.results import NeedMatch, PatentMatch
from matching.reverse.chances import Chance
from matching.reverse.licensee_results import Licensee
from service.requests.dealings.declarations import LicenceShown
from service.requests.field_problems import FieldProblem, InvalidFields, shown
from service.requests.types import Names

DERIVED = frozenset({"model", "segment_catalogue", "need", "by_segment", "rules", "weights"})
"""Properties beside the items of an answer that follow from its generation or from the items: left out of a summary."""


class View(Term):
    """The extent of what is shown of a record."""

    FULL = "full", "全部内容"
    BRIEF = "brief", "摘要"


class Shape(Schema):
    """The requested form of an answer."""

    view: View = Field(default=View.FULL, description="full 全部内容，brief 摘要")
    fields: Names = Field(
        default_factory=list,
        max_length=100,
        description="只要这些字段，可用逗号隔开几项，下级用点连接，如 title,life.status；以所选 view 的字段为限",
    )


class NightListQuery(NightQuery, Shape):
    """The requested page of a night's list and its form."""


Tree = dict[str, "Tree"]
"""Names of properties with those of their parts."""


def _projected(name: str, full: type[BaseModel], names: str) -> type[BaseModel]:
    """The model of a summary: some of the properties of the full one."""
    kept: dict[str, Any] = {
        one: (full.model_fields[one].annotation, full.model_fields[one]) for one in names.split()
    }
    model: type[BaseModel] = create_model(name, __doc__=f"{full.__doc__} In short.", **kept)
    return model


PATENT = _projected(
    "PatentBrief",
    PatentPublic,
    "id application_number title kind_name filing_date in_force_name holders region_name updated_at",
)
NEED = _projected(
    "NeedBrief",
    NeedPublic,
    "id code title enterprise_name prefecture_name industry_name status_name closes_on budget updated_at",
)
ENTERPRISE = _projected(
    "EnterpriseBrief",
    EnterprisePublic,
    "id name credit_code prefecture_name industry_name titles updated_at",
)
_MATCHED_PATENT = _projected(
    "MatchedPatent", PatentPublic, "id application_number title holders in_force_name"
)
_MATCHED_NEED = _projected("MatchedNeed", NeedPublic, "id code title enterprise_name closes_on")
_MATCHED_FIRM = _projected("MatchedFirm", EnterprisePublic, "id name prefecture_name titles")


class _MatchBrief(BaseModel):
    rank: int = Field(description="名次")
    score: float = Field(description="得分")
    band: str | None = Field(description="匹配程度：high、medium、low；无从比较时为空")
    band_name: str | None = Field(description="匹配程度的名称")


class PatentMatchBrief(_MatchBrief):
    """A patent that matches, in short."""

    patent: _MATCHED_PATENT = Field(description="专利")  # type: ignore[valid-type]
    terms: str | None = Field(description="开放许可条件，一行；未声明的为空")
    verdict_name: str = Field(description="当日能否开放许可")
    evidence: str | None = Field(description="最能说明相符的一句原文")
    segments: list[str] = Field(description="产业细分领域的代码")


class NeedMatchBrief(_MatchBrief):
    """A need that matches, in short."""

    need: _MATCHED_NEED = Field(description="需求")  # type: ignore[valid-type]
    evidence: str | None = Field(description="最能说明相符的一句原文")
    segments: list[str] = Field(description="产业细分领域的代码")


class ChanceBrief(_MatchBrief):
    """A patent of a portfolio and a need, in short."""

    patent: _MATCHED_PATENT = Field(description="专利")  # type: ignore[valid-type]
    need: _MATCHED_NEED = Field(description="需求")  # type: ignore[valid-type]
    verdict_name: str = Field(description="当日能否开放许可")
    more: int = Field(description="合并时，同一专利（需求）名下其余的机会数")


class LicenseeBrief(BaseModel):
    """A firm that may want a patent, in short."""

    rank: int = Field(description="名次")
    score: float = Field(description="得分")
    enterprise: _MATCHED_FIRM = Field(description="企业")  # type: ignore[valid-type]
    need: str | None = Field(description="最相关的征集中需求的名称")
    own_patent: str | None = Field(description="最相近的自有专利的名称")


def _banded(match: PatentMatch | NeedMatch | Chance) -> dict[str, Any]:
    found = match.confidence
    return {
        "rank": match.rank,
        "score": match.score,
        "band": found.band if found else None,
        "band_name": found.band_name if found else None,
    }


def _evidence(match: PatentMatch | NeedMatch) -> str | None:
    """The best sentence that is no title, which stands beside it anyway."""
    quoted = [one.sentence for one in match.evidence if one.field != "title"]
    return quoted[0] if quoted else None


def _patent_match(match: PatentMatch) -> PatentMatchBrief:
    return PatentMatchBrief(
        **_banded(match),
        patent=_of(_MATCHED_PATENT, match.patent),
        terms=match.licence.terms if match.licence else None,
        verdict_name=match.eligibility.verdict_name,
        evidence=_evidence(match),
        segments=[one.code for one in match.segments],
    )


def _need_match(match: NeedMatch) -> NeedMatchBrief:
    return NeedMatchBrief(
        **_banded(match),
        need=_of(_MATCHED_NEED, match.need),
        evidence=_evidence(match),
        segments=[one.code for one in match.segments],
    )


def _chance(chance: Chance) -> ChanceBrief:
    return ChanceBrief(
        **_banded(chance),
        patent=_of(_MATCHED_PATENT, chance.patent),
        need=_of(_MATCHED_NEED, chance.need),
        verdict_name=chance.eligibility.verdict_name,
        more=chance.more,
    )


def _licensee(firm: Licensee) -> LicenseeBrief:
    return LicenseeBrief(
        rank=firm.rank,
        score=firm.score,
        enterprise=_of(_MATCHED_FIRM, firm.enterprise),
        need=firm.need.need.title if firm.need else None,
        own_patent=firm.own_patent.title if firm.own_patent else None,
    )


def _of(brief: type[BaseModel], full: BaseModel) -> BaseModel:
    return brief.model_validate({name: getattr(full, name) for name in brief.model_fields})


class Brief:
    """The summary of a kind of record: its model, and how it is made."""

    def __init__(self, model: type[BaseModel], make: Callable[[Any], BaseModel] | None = None) -> None:
        self.model = model
        self.make = make or (lambda full: _of(model, full))


BRIEFS: Mapping[type[BaseModel], Brief] = {
    PatentPublic: Brief(PATENT),
    NeedPublic: Brief(NEED),
    EnterprisePublic: Brief(ENTERPRISE),
    HolderPublic: Brief(_projected("HolderBrief", HolderPublic, "id name kind_name patents updated_at")),
    FactPublic: Brief(
        _projected("FactBrief", FactPublic, "id patent_id kind_name happened_on ends_on party updated_at")
    ),
    LicenceShown: Brief(
        _projected(
            "LicenceBrief",
            LicenceShown,
            "id patent_id application_number patent_title holders status_name terms updated_at",
        )
    ),
    DealPublic: Brief(
        _projected(
            "DealBrief",
            DealPublic,
            "id code kind_name status_name signed_on contract_amount received updated_at",
        )
    ),
    NightPatent: Brief(
        _projected(
            "NightPatentBrief",
            NightPatent,
            "rank score band band_name patent_id application_number title in_force_name",
        )
    ),
    NightNeed: Brief(
        _projected(
            "NightNeedBrief", NightNeed, "rank score band band_name need_id code title enterprise_name"
        )
    ),
    PatentMatch: Brief(PatentMatchBrief, _patent_match),
    NeedMatch: Brief(NeedMatchBrief, _need_match),
    Chance: Brief(ChanceBrief, _chance),
    Licensee: Brief(LicenseeBrief, _licensee),
}
"""The summaries by the model of the full record."""


def tree(model: type[BaseModel], depth: int = 4) -> Tree:
    """The names of all properties of a model, down to a depth that no record exceeds."""
    return {name: _parts(field.annotation, depth) for name, field in model.model_fields.items()}


def _parts(annotation: Any, depth: int) -> Tree:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return tree(annotation, depth - 1) if depth else {}
    found = [_parts(one, depth) for one in get_args(annotation)]
    return next((parts for parts in found if parts), {})


def chosen(model: type[BaseModel], names: list[str]) -> Tree:
    """The properties of these names. Raises InvalidFields naming what there is."""
    known, wanted = tree(model), Tree()
    for name in names:
        there, place = known, wanted
        for part in name.split("."):
            if part not in there:
                reason = f"没有此字段，可用：{'、'.join(there) or '（没有下级字段）'}"
                raise InvalidFields([FieldProblem(field="fields", value=shown(name), reason=reason)])
            there, place = there[part], place.setdefault(part, {})
    return wanted


def pruned(value: Any, wanted: Tree) -> Any:
    """The wanted properties of a record or of each of a list; all of what is named without parts."""
    if not wanted:
        return value
    if isinstance(value, list):
        return [pruned(one, wanted) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: pruned(value[name], parts) for name, parts in wanted.items() if name in value}
