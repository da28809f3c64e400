"""A need closes by itself after its last day: it is in neither direction, without a new index, and a later day opens it again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import cast

import pytest

from api_tests.index.small_catalogue import HashEncoder, make_catalogue
from catalog.demand import enterprises, needs
from catalog.demand.enterprises import EnterpriseCreate, EnterpriseFilter
from catalog.demand.needs import NeedCreate, NeedFilter, NeedUpdate
from catalog.kit.base import id_of
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict
from catalog.kit.paging import ListQuery
from catalog.kit.terms import Band, NeedStatus
from catalog.runs import matches as night_matches
from catalog.runs import nights as nightly_runs
from catalog.runs.matches import NightSide
from catalog.statistics import matches as match_statistics
from catalog.statistics import night_lists
from catalog.statistics import segments as segment_statistics
from catalog.statistics.matches import MatchFilter
from catalog.statistics.night_lists import NightQuery
from catalog.statistics.segments import SegmentFilter
from index.engine import Filters
from index.generations.build import reindex
from index.generations.generation import GenerationStore
from index.live.follower import Follower
from index.model.encoder import Encoder
from matching.answers.filters import Wanted
from matching.answers.matcher import Matcher
from matching.night.night import Found, match_all
from matching.reverse.chances import ChanceConditions, ChanceFinder
from matching.reverse.licensees import LicenseeConditions, LicenseeFinder

LAST = date(2026, 6, 30)
BEFORE, AFTER = LAST - timedelta(1), LAST + timedelta(1)
OPEN, CLOSING = 1, 3


class Installed:
    """An index of twelve patents and two open needs, of which one closes."""

    def __init__(self, folder: Path) -> None:
        self.folder, encoder = folder, HashEncoder()
        self.database = make_catalogue(folder, 12)
        with self.database.write() as session:
            firm = id_of(enterprises.create(session, EnterpriseCreate(name="甲有限公司")))
            data = NeedCreate(title="求涂覆", text="求隔膜涂覆陶瓷", closes_on=LAST, enterprise_id=firm)
            assert needs.create(session, data).id == CLOSING
        reindex(self.database, folder, encoder, today=beijing_today())
        store = GenerationStore(folder / "generations")
        self.follower = Follower(self.database, store, encoder)
        self.matcher = Matcher(self.database, store, cast(Encoder, encoder), folder)

    def offered(self, today: date) -> dict[str, set[int]]:
        """The needs offered on that day, by who offers them."""
        asked = self.matcher.needs_for_patent(1, Wanted(50, Filters(), today))
        where = ChanceConditions(needs=Filters(), day=today, include_ended=True)
        chances = ChanceFinder(self.database, self.matcher, self.folder).page(1, ListQuery(size=200), where)
        finder = LicenseeFinder(self.database, self.matcher, self.folder)
        firms = finder.page(1, ListQuery(), LicenseeConditions(EnterpriseFilter(), today))
        night: dict[NightSide, Found] = {side: [] for side in NightSide}
        report = match_all(self.matcher.generation(), today, lambda side, found: night[side].extend(found))
        assert report.needs == len(night[NightSide.NEED])
        return {
            "request": {item.need.id for item in asked.items},
            "chances": {item.need.id for item in chances.items},
            "licensees": {OPEN, *(item.need.need.id for item in firms.items if item.need)},
            "night of needs": {need for need, _ in night[NightSide.NEED]},
            "night of patents": {match.id for _, found in night[NightSide.PATENT] for match in found},
        }


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installed]:
    made = Installed(tmp_path)
    yield made
    made.database.dispose()


@pytest.mark.parametrize(("today", "is_open"), [(BEFORE, True), (LAST, True), (AFTER, False)])
def test_the_last_day_decides_in_both_directions(installed: Installed, today: date, is_open: bool) -> None:
    wanted = {OPEN, CLOSING} if is_open else {OPEN}
    assert {name: ids for name, ids in installed.offered(today).items() if ids != wanted} == {}
    if is_open:
        assert installed.matcher.patents_for_need(CLOSING, Wanted(5, Filters(), today)).items
        return
    with pytest.raises(Conflict, match="已于 2026-06-30 截止，不再参加匹配"):
        installed.matcher.patents_for_need(CLOSING, Wanted(5, Filters(), today))
    with pytest.raises(Conflict, match="已关闭，不再参加匹配"):
        installed.matcher.patents_for_need(2, Wanted(5, Filters(), today))


def test_a_later_day_opens_it_again(installed: Installed) -> None:
    with installed.database.write() as session:
        row = needs.get(session, CLOSING)
        said = NeedUpdate(
            title=row.title,
            text=row.text,
            enterprise_id=row.enterprise_id,
            status=NeedStatus.EXPIRED,
            closes_on=AFTER,
        )
        needs.update(session, CLOSING, said)
    installed.follower.catch_up()
    assert set(map(frozenset, installed.offered(AFTER).values())) == {frozenset({OPEN, CLOSING})}


def test_lists_show_and_filter_by_the_status_of_the_day(installed: Installed) -> None:
    def found(status: NeedStatus, today: date) -> set[int]:
        where = NeedFilter(status=[status], today=today)
        return {id_of(row) for row in needs.page(session, ListQuery(), where).rows}

    with installed.database.read() as session:
        assert (found(NeedStatus.OPEN, LAST), found(NeedStatus.EXPIRED, LAST)) == ({OPEN, CLOSING}, set())
        assert (found(NeedStatus.OPEN, AFTER), found(NeedStatus.EXPIRED, AFTER)) == ({OPEN}, {CLOSING})
        assert found(NeedStatus.CLOSED, AFTER) == {2}
        shown = [needs.many(session, [CLOSING], day)[CLOSING].status_name for day in (LAST, AFTER)]
    assert shown == ["征集中", "已截止"]


def _as_matches(found: Found) -> Found:
    return [(id_, [match._replace(band=Band.HIGH) for match in matches]) for id_, matches in found]


def test_the_lists_and_figures_of_a_past_night_leave_it_out(installed: Installed) -> None:
    with installed.database.write() as session:
        run = id_of(nightly_runs.start(session))
        match_all(
            installed.matcher.generation(),
            LAST,
            lambda side, found: night_matches.store(session, run, side, _as_matches(found)),
        )
        nightly_runs.finish(session, run)
    with installed.database.read() as session:
        whole, only = (night_lists.of_patent(session, 1, NightQuery(), day) for day in (LAST, AFTER))
        assert {item.need_id for item in whole.items} == {OPEN, CLOSING}
        assert {item.need_id for item in only.items} == {OPEN}
        assert "当夜结果中有 1 条需求已截止或不在征集中，不再列出" in only.notices
        closed = night_lists.of_need(session, CLOSING, NightQuery(), AFTER)
        assert (closed.items, closed.notices) == ([], ["这条需求已截止，不再列出匹配的专利"])
        ran_on = nightly_runs.get(session, run).created_at.date()
        of_past = {"today": ran_on + timedelta(1), "until": ran_on}
        for where, count in (({"today": LAST}, 24), ({"today": AFTER}, 12), (of_past, 24)):
            wanted = MatchFilter.model_validate(where)
            assert match_statistics.matches(session, wanted, offset=0, limit=1).total == count
            figures = segment_statistics.report(session, SegmentFilter.model_validate(where))
            assert figures.total.matches == count


@pytest.mark.parametrize(("closes_on", "stored"), [(LAST, NeedStatus.OPEN), (None, NeedStatus.CLOSED)])
def test_expired_is_never_stored(closes_on: date | None, stored: NeedStatus) -> None:
    said = NeedCreate(title="求泵", text="求泵", status=NeedStatus.EXPIRED, closes_on=closes_on)
    assert said.status is stored
