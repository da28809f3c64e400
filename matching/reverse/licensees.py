"""Likely licensees (可能的受让、被许可企业) of a patent: enterprises ranked by parts that add up, each with its evidence.

    score = need * (relevance of the firm's best open need - middle) + products * (relevance of its products - middle)
          + industry * agreement of its industry + own_patents * nearness of its nearest own patent

Relevance is that of `matching.retrieval.relevance`, the middle is the median (`matching.reverse.licensee_parts`). The weights
are data (licensees.toml). A firm that holds the patent is none of its licensees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catalog.db import Database, Session
from catalog.demand import enterprises, own_patents
from catalog.demand.enterprises import EnterpriseFilter
from catalog.kit.errors import InvalidInput
from catalog.kit.paging import PageQuery
from catalog.kit.terms import Band
from catalog.supply import patents
from index.generations.generation import Generation
from matching.answers.evidence import QueryProfile
from matching.answers.matcher import Matcher, not_in_force
from matching.answers.segment_names import segment_names
from matching.retrieval.relevance import MICRO
from matching.reverse.licensee_parts import PARTS, LicenseePart, LicenseeSearch
from matching.reverse.licensee_results import Licensee, LicenseePage, LicenseeParts
from matching.reverse.licensee_rules import LicenseeRules, load

SORTABLE = ("score", *(part.code for part in PARTS))
BEHIND = "现用的索引尚不含企业产品，“主要产品”一项暂不计分；请运行 patentdock reindex"

Amounts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Ranking:
    """All firms with the parts of their scores, in millionths by code, and the parts that these come from."""

    firms: list[int]
    parts: list[LicenseePart]
    amounts: dict[str, Amounts]

    @classmethod
    def of(cls, search: LicenseeSearch, rules: LicenseeRules) -> _Ranking:
        """The firms to rank, each with the measure of every part times its weight."""
        weights = rules.weights.model_dump()
        parts = [part(search) for part in PARTS]
        firms = [firm for firm in search.industries if all(part.admits(firm) for part in parts)]
        amounts = {
            part.code: _millionths([part.measure(firm) for firm in firms], weights[part.code])
            for part in parts
        }
        return cls(firms, parts, amounts)

    @property
    def total(self) -> Amounts:
        """The scores."""
        total: Amounts = np.sum(list(self.amounts.values()), axis=0, dtype=np.int64)
        return total

    def ordered(self, sort: str | None) -> list[int]:
        """The places of the firms that have a score, in the requested order. Raises InvalidInput."""
        wanted = sort or "-score"
        name = wanted.removeprefix("-")
        if name not in SORTABLE:
            raise InvalidInput(f"不能按“{name}”排序", hint="可用的排序字段：" + "、".join(SORTABLE))
        total = self.total
        by = total if name == "score" else self.amounts[name]
        order = np.lexsort((np.arange(len(total)), -total, -by if wanted.startswith("-") else by))
        return [int(at) for at in order if total[at] > 0]

    def shown(self, session: Session, places: Sequence[int], offset: int) -> list[Licensee]:
        """The firms at these places, with what their scores rest on; `offset` firms rank before them."""
        firms = enterprises.many(session, [self.firms[at] for at in places])
        grounds = {part.ground: part.grounds(firms) for part in self.parts}
        total = self.total
        return [
            Licensee(
                rank=rank,
                score=int(total[at]) / MICRO,
                parts=LicenseeParts(
                    **{code: int(amounts[at]) / MICRO for code, amounts in self.amounts.items()}
                ),
                enterprise=firms[self.firms[at]],
                **{name: ground.get(self.firms[at]) for name, ground in grounds.items()},
            )
            for rank, at in enumerate(places, offset + 1)
        ]


@dataclass(frozen=True, slots=True)
class LicenseeConditions:
    """The selection of licensees: conditions on the firms, the day on which their needs are open, and the least band of one."""

    firms: EnterpriseFilter
    day: date
    least: Band | None = None


class LicenseeFinder:
    """Finds likely licensees in the generation in use."""

    def __init__(self, database: Database, matcher: Matcher, data_dir: Path | None = None) -> None:
        """`data_dir` holds the rule files that an operator has edited, where there are any."""
        self._database, self._matcher, self._data_dir = database, matcher, data_dir

    def page(self, patent_id: int, wanted: PageQuery, where: LicenseeConditions) -> LicenseePage:
        """A page of the firms that meet the conditions.

        Raises NotFound, NotReady, and InvalidInput for a wrong order.
        """
        generation, rules = self._matcher.generation(), load(self._data_dir)
        with self._database.read() as session:
            patent = patents.get(session, patent_id)
            search = self._search(session, generation, patent, where, rules)
            ranking = _Ranking.of(search, rules)
            order = ranking.ordered(wanted.sort)
            items = ranking.shown(session, order[wanted.offset : wanted.offset + wanted.size], wanted.offset)
            notices = not_in_force(patent, where.day) + segment_names(session, generation).notices
        return LicenseePage(
            patent_id=patent_id,
            patent_title=patent.title,
            generation=generation.name,
            model=generation.manifest.model.name,
            rules=rules.version,
            weights=rules.weights.model_dump(),
            notices=notices if generation.products is not None else [BEHIND, *notices],
            total=len(order),
            page=wanted.page,
            size=wanted.size,
            items=items,
        )

    def _search(
        self,
        session: Session,
        generation: Generation,
        patent: patents.Patent,
        where: LicenseeConditions,
        rules: LicenseeRules,
    ) -> LicenseeSearch:
        """The patent and the firms that meet the conditions, less those that hold it."""
        industries = enterprises.industries(session, where.firms)
        pairs = own_patents.of_firms(session)
        holding = {firm for firm, own in pairs if own == patent.id}
        asking = self._matcher.asking(generation, patent)
        return LicenseeSearch(
            session,
            generation,
            patent,
            asking,
            {firm: code for firm, code in industries.items() if firm not in holding},
            [pair for pair in pairs if pair[0] not in holding],
            where.day,
            rules.industry,
            QueryProfile(asking.tokens, generation.patents.statistics.words.idfs),
            where.least,
        )


def _millionths(measures: Sequence[float], weight: float) -> Amounts:
    # Below the middle a measure counts neither for nor against a firm.
    amounts = np.maximum(np.asarray(measures, np.float64), 0) * weight
    return np.rint(amounts * MICRO).astype(np.int64)
