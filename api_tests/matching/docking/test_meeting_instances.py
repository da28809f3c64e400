"""Published instances are read with all their fields, and the smallest ones are solved to the published optimum."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.meeting_instances import read_instance
from matching.docking.checker import check
from matching.docking.compose import compose
from matching.docking.schedule import ComposeEffort

FOLDER = os.environ.get("PATENTDOCK_MEETINGS", "")
SMALLEST = {"tic-12": 0, "tic-12crafc": 0, "tic-13": 0, "tic-13crafb": 0}
SMALL = """nBusiness = 4;
nMeetings = 3;
nTables = 2;
nTotalSlots = 4;
nMorningSlots = 2;

requested = [|1, 2,3,
|1, 3,2,
|2, 4,1,
|];

meetingsxBusiness = [{1,1,2},
{1,1,3},
{1,2},
{1,3}];

nMeetingsBusiness = [2,2,1,1];

forbidden = [{0},
{1},
{},
{0,4}];

fixed = [0,3,0];

precedences = [{},
{1},
{}];
"""


def test_sessions_forbidden_slots_fixed_meetings_and_precedences_are_read(tmp_path: Path) -> None:
    path = tmp_path / "small.dzn"
    path.write_text(SMALL, "utf-8")
    programme = read_instance(path)
    assert programme.possible == {"M1": (2, 3, 4), "M2": (3,), "M3": (2,)}
    assert programme.rules.precedences == (("M1", "M2"),)
    # Participant 2 sits in slot 2 with 4, so that M1 would have to be in slot 3 or later, but comes before M2 in slot 3.
    assert programme.rules.fairness == 2
    free = path.with_name("free.dzn")
    free.write_text(SMALL.replace("fixed = [0,3,0]", "fixed = [0,4,0]"), "utf-8")
    programme = read_instance(free)
    composed = compose(programme, ComposeEffort(timing_work=0.1))
    assert check(programme, composed.schedule) == []
    assert composed.schedule.by_pair["M1"].slot == 3


def test_a_field_of_the_wrong_length_is_named(tmp_path: Path) -> None:
    path = tmp_path / "short.dzn"
    path.write_text(SMALL.replace("fixed = [0,3,0]", "fixed = [0,3]"), "utf-8")
    with pytest.raises(ValueError, match=r"short\.dzn: fixed has 2 entries, expected 3"):
        read_instance(path)


@pytest.mark.skipif(not FOLDER, reason="PATENTDOCK_MEETINGS names no folder of instances")
@pytest.mark.parametrize(("name", "optimum"), SMALLEST.items())
def test_the_smallest_instances_are_proven_at_the_published_optimum(name: str, optimum: int) -> None:
    programme = read_instance(Path(FOLDER) / f"{name}.original.dzn")
    composed = compose(programme, ComposeEffort(timing_work=2))
    assert check(programme, composed.schedule) == []
    assert (composed.breaks, composed.least_breaks) == (optimum, optimum)
