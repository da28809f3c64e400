"""Whom to invite (推荐邀请名单): firms and teams of an area and its segments, with the pairs that speak for them.

The pairs are those of the last night from band 中 (medium) up. 专精特新 firms come first, then the strongest pairs. One side
is shown of the other's need its title, field and region: its text, budget and contact stay with the firm.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from pydantic import BaseModel, Field
from sqlmodel import Session

from catalog.demand import enterprises, needs
from catalog.demand.enterprises import EnterprisePublic
from catalog.demand.needs import NeedPublic
from catalog.docking import invitations
from catalog.docking.activities import Activity
from catalog.docking.edits import is_special
from catalog.docking.terms import PartyRole
from catalog.kit.base import id_of
from catalog.kit.terms import Band, NeedStatus
from catalog.reference.lists import industry_name
from catalog.runs import matches as night_matches
from catalog.runs.matches import NightMatch, NightSide
from catalog.supply import holders, patents, patents_shown
from catalog.supply.patents_shown import PatentPublic

LEAST = Band.MEDIUM
SHOWN_PAIRS = 5
"""The number of pairs shown of each party."""
NO_NIGHT = "尚无已完成的夜间匹配，无从推荐；请先运行 patentdock nightly"
NO_BANDS = "当夜的结果没有匹配程度，无从推荐；请待专利、需求增加后重新运行 patentdock nightly"


class NeedOutline(BaseModel):
    """The part of a need that the other side may see: title, field and region; text, budget and contact stay with the firm."""

    need_title: str = Field(description="需求名称")
    need_field: str | None = Field(description="需求所属行业")
    need_region: str | None = Field(description="需求所在地区")


class PairGround(NeedOutline):
    """A need and a patent that speak for an invitation, in the words that both sides may see."""

    need_id: int = Field(description="技术需求的编号")
    patent_id: int = Field(description="专利的编号")
    application_number: str | None = Field(description="申请号；草稿为空")
    patent_title: str = Field(description="专利名称")
    value: int = Field(description="匹配强度（千分之一）")
    band: Band = Field(description="匹配程度")
    band_name: str = Field(description="匹配程度的中文名称")


class PartyRecommended(BaseModel):
    """A firm or a team that should be invited."""

    role: PartyRole = Field(description="参会身份")
    enterprise_id: int | None = Field(default=None, description="企业的编号；不是企业的为空")
    holder_id: int | None = Field(default=None, description="专利权人的编号；不是专利权人的为空")
    name: str = Field(description="名称")
    special: bool = Field(default=False, description="专精特新企业")
    best: int = Field(description="最强的一组匹配（千分之一）")
    partners: int = Field(description="可会谈的对方数")
    grounds: list[PairGround] = Field(description="支持邀请的匹配，强者在前，至多 5 组")
    invitation_id: int | None = Field(default=None, description="已有的邀请")


class PartyLeftOut(BaseModel):
    """A firm or a team that has matches and is not recommended, and why."""

    role: PartyRole = Field(description="参会身份")
    name: str = Field(description="名称")
    best: int = Field(description="最好的一条匹配的名次")
    reason: str = Field(description="未推荐的原因")


class Recommendation(BaseModel):
    """Whom to invite to an activity, who was left out, and on what basis."""

    night_run_id: int | None = Field(description="所依据的夜间批处理的编号")
    firms: list[PartyRecommended] = Field(description="建议邀请的企业")
    teams: list[PartyRecommended] = Field(description="建议邀请的专利权人团队")
    left_out: list[PartyLeftOut] = Field(description="有匹配而未推荐的，附原因")
    notices: list[str] = Field(description="未列入的匹配及原因，依据的说明")


@dataclass(frozen=True, slots=True)
class MatchedPair:
    """A need of a firm and a patent of a holder that match."""

    firm: int
    holder: int
    need: int
    patent: int
    value: int
    band: Band

    @property
    def order(self) -> tuple[int, int, int]:
        """The strongest first; ids break ties."""
        return -self.value, self.need, self.patent


@dataclass(slots=True)
class NightPairs:
    """The pairs of a night that an activity may use, and how many were left out, by reason."""

    run_id: int | None = None
    pairs: list[MatchedPair] = field(default_factory=list)
    needs: dict[int, NeedPublic] = field(default_factory=dict)
    patents: dict[int, PatentPublic] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    notices: list[str] = field(default_factory=list)


def value_of(match: NightMatch) -> int:
    """The strength of a match in thousandths: the share of such pairs that solve the need."""
    return round(1000 * (match.share or 0.0))


def pairs_for(session: Session, row: Activity, today: date) -> NightPairs:
    """The pairs of the last night for the region and the segments of an activity, from `LEAST` up."""
    run = night_matches.last_run(session)
    if run is None:
        return NightPairs(notices=[NO_NIGHT])
    found = NightPairs(run_id=run.id)
    matched = {
        need_id: [m for m in matches if m.band is not None and m.band.is_at_least(LEAST)]
        for need_id, matches in night_matches.every(session, id_of(run), NightSide.NEED)
    }
    if not night_matches.knows_bands(session, id_of(run)):
        found.notices.append(NO_BANDS)
    found.needs = needs.many(session, [need_id for need_id, matches in matched.items() if matches], today)
    fitting = [one for one in found.needs.values() if _takes_part(found, one, row)]
    ids = sorted({match.id for one in fitting for match in matched[one.id]})
    found.patents = patents_shown.many(session, ids, today=today)
    owners = _owners(session, ids)
    for need in fitting:
        for match in matched[need.id]:
            _add(found, row, need, match, owners.get(match.id))
    found.pairs.sort(key=lambda pair: pair.order)
    return found


def _takes_part(found: NightPairs, need: NeedPublic, row: Activity) -> bool:
    """Whether a need takes part in the activity."""
    if need.enterprise_id is None:
        reason = "需求未写明企业"
    elif need.status is not NeedStatus.OPEN:
        reason = "需求已截止或不在征集中"
    elif row.regions and not _is_in(need, row.regions):
        reason = "需求不在所涉地区"
    else:
        return True
    found.left_out[reason] += 1
    return False


def _is_in(need: NeedPublic, regions: Sequence[str]) -> bool:
    known = {need.province, need.prefecture}
    whole = {code for code in regions if code.endswith("0000")}
    return bool(known & set(regions)) or any((need.prefecture or "")[:2] == code[:2] for code in whole)


def _owners(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """The first patentee of each patent, for a merged one the kept."""
    first = {patent_id: held[0].id for patent_id, held in patents.holders_of(session, ids).items() if held}
    kept = holders.roots(session, first.values())
    return {patent_id: kept.get(holder_id, holder_id) for patent_id, holder_id in first.items()}


def _add(found: NightPairs, row: Activity, need: NeedPublic, match: NightMatch, holder: int | None) -> None:
    patent = found.patents.get(match.id)
    if patent is None or match.band is None:
        found.left_out["专利已删除"] += 1
    elif patent.in_force is False:
        found.left_out["专利已失效"] += 1
    elif row.segments and not _segments(need, patent) & set(row.segments):
        found.left_out["需求和专利都不属所涉领域"] += 1
    elif holder is None or need.enterprise_id is None:
        found.left_out["专利未写明专利权人"] += 1
    elif need.enterprise_name in patent.holders:
        found.left_out["专利属于该企业自己"] += 1
    else:
        pair = MatchedPair(need.enterprise_id, holder, need.id, match.id, value_of(match), match.band)
        found.pairs.append(pair)


def _segments(need: NeedPublic, patent: PatentPublic) -> set[str]:
    return {ref.code for ref in (*need.classes, *patent.classes) if ref.scheme == "segment"}


def best_pairs(pairs: Iterable[MatchedPair]) -> dict[tuple[int, int], MatchedPair]:
    """The strongest pair of each firm and holder."""
    found: dict[tuple[int, int], MatchedPair] = {}
    for pair in sorted(pairs, key=lambda one: one.order):
        found.setdefault((pair.firm, pair.holder), pair)
    return found


def recommend(session: Session, row: Activity, today: date) -> Recommendation:
    """Whom to invite: no more firms and teams than the activity allows, each with a partner among the others."""
    found = pairs_for(session, row, today)
    firms = {firm.id: firm for firm in _firms(session, found)}
    special = {id_ for id_, firm in firms.items() if is_special(firm.titles)}
    chosen = choose(found.pairs, special, row.rules.firms, row.rules.teams)
    names = {id_: firm.name for id_, firm in firms.items()}, holders.names_of(session, chosen.all_holders)
    shown = _Telling(found, chosen, names, special, _invited(session, id_of(row)))
    return Recommendation(
        night_run_id=found.run_id,
        firms=[shown.firm(id_) for id_ in chosen.firms],
        teams=[shown.team(id_) for id_ in chosen.holders],
        left_out=shown.left_out(),
        notices=[
            *found.notices,
            *(f"{reason}：{count} 项" for reason, count in sorted(found.left_out.items())),
        ],
    )


def _firms(session: Session, found: NightPairs) -> Iterable[EnterprisePublic]:
    return enterprises.many(session, sorted({pair.firm for pair in found.pairs})).values()


def _invited(session: Session, activity_id: int) -> dict[tuple[PartyRole, int], int]:
    """The invitations there are, by role and id of the firm or holder."""
    rows = invitations.of_activity(session, activity_id)
    return {(one.role, one.enterprise_id or one.holder_id or 0): id_of(one) for one in reversed(rows)}


@dataclass(frozen=True, slots=True)
class Choice:
    """Firms and holders in the order in which they are invited, all that matched, and why the others were left out."""

    firms: list[int]
    holders: list[int]
    all_firms: list[int]
    all_holders: list[int]
    reasons: dict[tuple[PartyRole, int], str]


def best_of_firms(by_strength: Sequence[MatchedPair]) -> dict[int, int]:
    """The strongest partner of each firm."""
    found: dict[int, int] = {}
    for pair in by_strength:
        found.setdefault(pair.firm, pair.holder)
    return found


def choose(pairs: Sequence[MatchedPair], special: set[int], most_firms: int, most_teams: int) -> Choice:
    """Chooses the firms, 专精特新 first, then the teams that match these, then drops firms that have no partner left."""
    by_strength = sorted(pairs, key=lambda pair: pair.order)
    all_firms = sorted(dict.fromkeys(pair.firm for pair in by_strength), key=lambda id_: id_ not in special)
    all_holders = list(dict.fromkeys(pair.holder for pair in by_strength))
    reasons: dict[tuple[PartyRole, int], str] = {}
    wanted = all_firms[:most_firms]
    for id_ in all_firms[most_firms:]:
        reasons[PartyRole.FIRM, id_] = f"超出企业上限（{most_firms} 家），匹配较弱"
    best = best_of_firms(by_strength)
    others = (pair.holder for pair in by_strength if pair.firm in set(wanted))
    # Every firm's best partner first, so that few firms are left without one.
    partners = list(dict.fromkeys([*(best[id_] for id_ in wanted), *others]))
    taken = partners[:most_teams]
    for id_ in all_holders:
        if id_ not in taken:
            reasons[PartyRole.TEAM, id_] = (
                f"超出团队上限（{most_teams} 支），匹配较弱" if id_ in partners else "匹配的企业未列入"
            )
    met = {pair.firm for pair in pairs if pair.holder in set(taken)}
    for id_ in wanted:
        if id_ not in met:
            reasons[PartyRole.FIRM, id_] = "匹配的团队未列入"
    return Choice([id_ for id_ in wanted if id_ in met], taken, all_firms, all_holders, reasons)


@dataclass(frozen=True, slots=True)
class _Telling:
    """Puts a choice in words."""

    found: NightPairs
    chosen: Choice
    names: tuple[dict[int, str], dict[int, str]]
    special: set[int]
    invited: dict[tuple[PartyRole, int], int]

    def firm(self, id_: int) -> PartyRecommended:
        taken = set(self.chosen.holders)
        pairs = [pair for pair in self.found.pairs if pair.firm == id_ and pair.holder in taken]
        return PartyRecommended(
            enterprise_id=id_, special=id_ in self.special, **self._fields(PartyRole.FIRM, id_, pairs)
        )

    def team(self, id_: int) -> PartyRecommended:
        taken = set(self.chosen.firms)
        pairs = [pair for pair in self.found.pairs if pair.holder == id_ and pair.firm in taken]
        return PartyRecommended(holder_id=id_, **self._fields(PartyRole.TEAM, id_, pairs))

    def _fields(self, role: PartyRole, id_: int, pairs: Sequence[MatchedPair]) -> dict[str, object]:
        others = {pair.holder if role is PartyRole.FIRM else pair.firm for pair in pairs}
        return {
            "role": role,
            "name": self._name(role, id_),
            "best": max((pair.value for pair in pairs), default=0),
            "partners": len(others),
            "grounds": [self.ground(pair) for pair in pairs[:SHOWN_PAIRS]],
            "invitation_id": self.invited.get((role, id_)),
        }

    def _name(self, role: PartyRole, id_: int) -> str:
        return self.names[0 if role is PartyRole.FIRM else 1].get(id_, f"编号 {id_}")

    def ground(self, pair: MatchedPair) -> PairGround:
        return ground_of(pair, self.found.needs[pair.need], self.found.patents[pair.patent])

    def left_out(self) -> list[PartyLeftOut]:
        parties = []
        for (role, id_), reason in self.chosen.reasons.items():
            pairs = (p for p in self.found.pairs if (p.firm if role is PartyRole.FIRM else p.holder) == id_)
            best = max((pair.value for pair in pairs), default=0)
            parties.append(PartyLeftOut(role=role, name=self._name(role, id_), best=best, reason=reason))
        return parties


def outline_of(need: NeedPublic) -> NeedOutline:
    """The part of a need that the other side may see."""
    return NeedOutline(
        need_title=need.title,
        need_field=need.industry_name or industry_name(need.industry),
        need_region=need.prefecture_name,
    )


def ground_of(pair: MatchedPair, need: NeedPublic, patent: PatentPublic) -> PairGround:
    """The part of a pair that both sides may see."""
    return PairGround(
        **outline_of(need).model_dump(),
        need_id=need.id,
        patent_id=patent.id,
        application_number=patent.application_number,
        patent_title=patent.title,
        value=pair.value,
        band=pair.band,
        band_name=pair.band.label,
    )
