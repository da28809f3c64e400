"""The needs given as examples are answered by the demonstration data as a reader expects, and README shows that answer."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import demo
from catalog.kit.days import beijing_today
from catalog.kit.terms import Band
from index.generations.build import reindex
from index.model.encoder import Encoder
from ingestion.imports.importer import import_file
from service.cli.commands import install, match
from service.cli.main import HELP, main
from service.cli.terminal.help import parts
from service.console.pages import EXAMPLES
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise
from service.requests.matches import (
    CompletionRequest,
    MatchRequest,
    PatentsRequest,
    RefineRequest,
    TextQuery,
    answer_to_text,
)

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
FLUIDS = ("202119902381.X", "202219902395.6", "202229902388.1")
BATTERY, GAS, CASTING = "202019901373.9", "201719900274.7", "202019902402.3"
EXPECTED = {
    "车间里切削液味道大，想找不发臭的配方": FLUIDS[0],
    "车间切削液发臭，想换不易变质的配方": FLUIDS[0],
    "动力电池包在冬天低温下充电太慢，想要不损伤电池的快速加热或充电办法": BATTERY,
    "动力电池包在冬天低温下充电太慢，想要不损伤电池的快速加热办法": BATTERY,
    "动力电池在低温下充电慢，希望在零下二十度也能快速充电而不析锂": BATTERY,
    "动力电池低温充电慢": BATTERY,
    "养殖废水氨氮超标、碳源不足，需要占地小、运行费用低的脱氮工艺": "201719900379.2",
    "焊接机器人在工件装夹有偏差时容易焊偏，需要便宜可靠的焊缝跟踪": "202119901506.7",
    "燃气泄漏检测仪零点漂移，希望不用标准气也能自动校准": GAS,
    "铸件内部有气孔，想找能在线检测缺陷的办法": CASTING,
}  # fmt: skip


@pytest.fixture(scope="module")
def demonstration(
    tmp_path_factory: pytest.TempPathFactory, model_dir: Path, encoder: Encoder
) -> Iterator[Runtime]:
    """The patents that examples should find among a part of the others; the whole takes minutes to embed."""
    data = tmp_path_factory.mktemp("demonstration")
    runtime = Runtime(Settings(data=data, model=str(model_dir), follow_seconds=0), encoder)
    initialise(runtime.database)
    wanted = {*EXPECTED.values(), *FLUIDS}
    for kind, step in (("patents", 5), ("needs", 6), ("licences", 0)):
        path = data / f"{kind}.jsonl"
        rows = demo.path(kind).read_text("utf-8").splitlines(keepends=True)
        path.write_text(
            "".join(
                r
                for n, r in enumerate(rows)
                if (step and n % step == 0) or json.loads(r).get("申请号") in wanted
            )
        )
        import_file(runtime.database, path, kind, is_demo=True, today=beijing_today(), rejected_dir=data)
    reindex(runtime.database, data, encoder, today=beijing_today())
    yield runtime
    runtime.close()


def commands(lines: list[str]) -> list[list[str]]:
    """The words of the commands `patentdock match` with a text among these lines."""
    found = [shlex.split(line, comments=True) for line in lines if line.startswith('patentdock match "')]
    return [words[1:] for words in found]


def given() -> set[str]:
    """All needs that are given as examples."""
    lines = [line for name in READMES for line in (ROOT / name).read_text("utf-8").splitlines()]
    lines += parts(HELP)[1] + parts(inspect.getdoc(match.match) or "")[1]
    schemas = (MatchRequest, RefineRequest, CompletionRequest)
    rest = [one["text"] for schema in schemas for one in schema.model_json_schema()["examples"]]
    return {words[1] for words in commands([line.strip() for line in lines])} | {
        *EXAMPLES,
        install.EXAMPLE,
        *rest,
    }


def test_every_example_is_expected_to_find_something() -> None:
    assert given() == set(EXPECTED)


@pytest.mark.parametrize("text", EXPECTED)
def test_an_example_finds_what_it_should(demonstration: Runtime, text: str) -> None:
    found = answer_to_text(demonstration, TextQuery(PatentsRequest(text=text))).matches
    first = found.items[0]
    assert first.patent.application_number == EXPECTED[text]
    assert first.confidence is not None
    assert (found.suitable, first.confidence.band in (Band.HIGH, Band.MEDIUM)) == (True, True)


@pytest.mark.parametrize("readme", READMES)
def test_readme_shows_the_answer(
    demonstration: Runtime, readme: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / readme).read_text("utf-8")
    (command,) = commands(text.splitlines())
    shown = re.findall(r"`match`[^`]*```\n(.*?)```", text, flags=re.DOTALL)[0].splitlines()
    monkeypatch.setattr("service.cli.commands.match.ready_runtime", lambda: demonstration)
    assert main(command) == 0
    # Bands are those of all patents: among fewer, the best stand out less.
    said = iter([line.partition("匹配程度")[0] for line in capsys.readouterr().out.splitlines()])
    kept = [line.partition("匹配程度")[0] for line in shown if line.strip() != "…"]
    assert len(kept) == 3
    assert [line for line in kept if line not in said] == []
