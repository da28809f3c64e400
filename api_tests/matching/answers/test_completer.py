"""Need completion over a real installation: coverage, questions and portfolios rest on the index in use."""

import pytest

from catalog.kit.days import beijing_today
from catalog.kit.paging import ListQuery
from catalog.supply.patent_lists import PatentFilter, page
from index.engine import Filters
from matching.answers.completer import Completer
from matching.answers.filters import Wanted
from service.installation.runtime import Runtime

TEXT = (
    "我们是一家做铝合金压铸件的小企业，希望与高校合作。铸件内部有气孔，想找能在线检测缺陷的办法，"
    "检测精度要到 0.2 毫米，用于汽车零部件。"
)


@pytest.fixture(scope="module")
def completer(installation: Runtime) -> Completer:
    return installation.completer


def test_covered_points_are_quoted_from_the_patent_itself(
    installation: Runtime, completer: Completer
) -> None:
    found = installation.matcher.patents_for_text(TEXT, Wanted(20, Filters(), beijing_today()))
    whole = completer.completed(completer.read(TEXT), found)
    assert whole.need is not None
    assert whole.need.points
    assert [item.patent.id for item in whole.items] == [item.patent.id for item in found.items]
    covered = 0
    for item in whole.items:
        assert item.coverage is not None
        assert [one.point for one in item.coverage.points] == whole.need.points
        for one in item.coverage.points:
            assert getattr(item.patent, one.field)[one.start : one.end] == one.sentence
            assert TEXT[one.point.start : one.point.end] == one.point.text
            covered += one.covered
    assert covered


def test_answering_a_question_changes_the_list(installation: Runtime, completer: Completer) -> None:
    texts = ("想找耐磨涂层", "求一种检测方法", "降低能耗")
    asked = [completer.questions(completer.read(text), Filters(), beijing_today()) for text in texts]
    questions = [(one, question) for one in asked for question in one.questions]
    assert questions
    for one, question in questions:
        assert question.element in one.need.missing
        assert len(question.answers) >= 2


def test_portfolios_cover_more_than_one_patent_does(installation: Runtime, completer: Completer) -> None:
    with installation.database.read() as session:
        rows = page(session, ListQuery(size=40), PatentFilter()).rows
    found = [
        completer.portfolios(
            completer.read(f"需要{one.title}，还需要{other.title}。"), Filters(), beijing_today()
        )
        for one, other in zip(rows[::8], rows[4::8], strict=False)
    ]
    assert any(answer.portfolios for answer in found)
    for answer in found:
        for one in answer.portfolios:
            assert 2 <= len(one.patent_ids) <= 3
            assert len(one.covered) > answer.best_alone
            assert {item.patent.id for item in answer.patents} >= set(one.patent_ids)


def test_a_very_long_text_is_read_at_its_beginning(completer: Completer) -> None:
    assert completer.questions(completer.read("0" * 20_000), Filters(), beijing_today()).need.points == []
