"""Relevance feedback: what marks do to a request, and what stored answers come to."""

from pathlib import Path

import numpy as np
import pytest

from assessment.feedback import TOO_FEW, summary
from catalog.db import Session
from catalog.demand import feedback
from catalog.demand.feedback import FeedbackCreate, FeedbackFilter
from catalog.kit.days import beijing_today
from catalog.kit.terms import FeedbackReason, FeedbackVerdict
from catalog.supply import patents
from index.engine import AskingNeed, Filters
from matching.answers.filters import Marks, Wanted
from matching.answers.refinement import refined
from service.installation.runtime import Runtime

TEXT = "设备故障多，想提前发现问题，少停机"


def ids(items: object) -> list[int]:
    return [item.patent.id for item in items]  # type: ignore[attr-defined]


def test_a_suitable_patent_draws_its_like_and_nobody_else_is_touched(installation: Runtime) -> None:
    matcher = installation.matcher
    before = matcher.patents_for_text(TEXT, Wanted(20, Filters(), beijing_today()))
    liked = before.items[9].patent
    answer = matcher.patents_refined(
        TEXT, Wanted(20, Filters(), beijing_today()), Marks(frozenset({liked.id}))
    )
    assert ids(answer.items).index(liked.id) < 9
    assert answer.refinement.suitable == [liked.id]
    assert 0 < answer.refinement.kept < 1
    for item in answer.items:
        its = item.scores
        assert round(its.document + its.sentence + its.lexical, 6) == item.relevance
    assert ids(matcher.patents_for_text(TEXT, Wanted(20, Filters(), beijing_today())).items) == ids(
        before.items
    )


def test_what_does_not_suit_is_left_out_and_the_list_is_filled(installation: Runtime) -> None:
    matcher = installation.matcher
    before = ids(matcher.patents_for_text(TEXT, Wanted(10, Filters(), beijing_today())).items)
    answer = matcher.patents_refined(
        TEXT, Wanted(10, Filters(), beijing_today()), Marks(unsuitable=frozenset(before[:3]))
    )
    after = ids(answer.items)
    assert len(after) == 10
    assert not set(after) & set(before[:3])


def test_marks_outside_the_index_move_nothing_and_are_named(installation: Runtime) -> None:
    matcher = installation.matcher
    plain = matcher.patents_for_text(TEXT, Wanted(5, Filters(), beijing_today()))
    answer = matcher.patents_refined(
        TEXT, Wanted(5, Filters(), beijing_today()), Marks(frozenset({10**8}), frozenset({10**8 + 1}))
    )
    assert [(i.patent.id, i.score) for i in answer.items] == [(i.patent.id, i.score) for i in plain.items]
    assert answer.refinement.ignored == [10**8, 10**8 + 1]
    assert answer.refinement.kept == 1


def test_the_query_keeps_its_length_and_turns_towards_and_away(installation: Runtime) -> None:
    collection = installation.matcher.generation().patents
    ids = collection.select(Filters())[:3]
    vectors = collection.vectors(ids)
    vector = vectors[0] - collection.statistics.mean
    _, near, far = ids.tolist()
    need = AskingNeed(vector, ["泵"])
    moved = refined(need, Marks(frozenset({near}), frozenset({far})), ["阀门"], collection)
    assert np.linalg.norm(moved.vector) == pytest.approx(np.linalg.norm(vector), rel=1e-5)
    assert moved.tokens[0] == "泵"
    assert len(moved.tokens) > 1
    assert moved.vector @ (vectors[1] - vectors[2]) > vector @ (vectors[1] - vectors[2])


def answer(
    session: Session, patent_id: int, who: str, reason: FeedbackReason | None = FeedbackReason.PRICE
) -> int:
    verdict = FeedbackVerdict.UNSUITABLE if reason else FeedbackVerdict.SUITABLE
    data = FeedbackCreate(patent_id=patent_id, text=TEXT, verdict=verdict, reason=reason, who=who)
    return feedback.create(session, data).id or 0


def test_a_handful_of_answers_says_nothing(installation: Runtime, tmp_path: Path) -> None:
    with installation.database.write() as session:
        first, *rest = sorted(patents.existing(session, range(1, 200)))[:6]
        where = FeedbackFilter(who="甲乙丙有限公司")

        def whole() -> tuple[int, int, bool, int | None]:
            group = summary(session, where).whole
            assert (group.reasons is not None) == group.enough
            assert group.enough == (TOO_FEW not in group.note)
            return group.answers, group.firms, group.enough, group.unsuitable

        assert whole() == (0, 0, False, None)
        # Many answers of one firm, then of two: still too few firms.
        made = [answer(session, one, "甲乙丙有限公司一") for one in [first, *rest]]
        assert whole() == (6, 1, False, None)
        made.append(answer(session, first, "甲乙丙有限公司二", None))
        assert whole() == (7, 2, False, None)
        made.append(answer(session, first, "甲乙丙有限公司三", FeedbackReason.RIGHTS))
        assert whole() == (8, 3, True, 7)
        reasons = summary(session, where).whole.reasons or []
        assert [(r.reason_name, r.answers, r.firms) for r in reasons] == [
            ("价格", 6, 1),
            ("权属或法律问题", 1, 1),
        ]
        # The floor is data.
        (tmp_path / "feedback.toml").write_text("answers = 9\nfirms = 1\n", "utf-8")
        assert not summary(session, where, tmp_path).whole.enough
        for one in made:
            feedback.remove(session, one)


def test_the_last_answer_of_a_firm_counts_and_the_one_before_comes_back(installation: Runtime) -> None:
    with installation.database.write() as session:
        (patent,) = sorted(patents.existing(session, range(1, 200)))[:1]
        where = FeedbackFilter(who="反复有限公司")
        old = answer(session, patent, "反复有限公司")
        new = answer(session, patent, "反复 有限公司", None)
        assert summary(session, where).whole.answers == 1
        assert feedback.get(session, old).replaced_by == new
        feedback.remove(session, new)
        session.expire_all()
        assert feedback.get(session, old).replaced_by is None
        feedback.remove(session, old)
