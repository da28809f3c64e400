"""The command `eval`: a folder, a suite of conditions, and two conditions query by query."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.cli.main import main
from service.installation.runtime import Runtime

DOCUMENTS = ["一种锂电池低温加热装置", "一种茶叶发酵方法", "一种焊缝跟踪机器人"]
QUERIES = ["电池冬天充电慢", "茶叶怎样发酵", "焊接偏差"]
SUITE = """
tolerance = 0.01
[conditions.lexical]
name = "关键词"
ranking = "lexical"
[conditions.rrf]
name = "综合排序"
ranking = "rrf"
[conditions.relevance]
name = "相关度"
ranking = "relevance"
[collections.small]
name = "小评测集"
folder = "."
decisive = "all"
[collections.small.expected]
relevance = {{ all = {expected} }}
[collections.absent]
name = "不在本机的"
corpus = "absent.jsonl"
asked = "title"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installation: Runtime) -> Path:
    """A small collection; the command uses the session's model."""
    monkeypatch.setattr("service.cli.commands.evaluation.any_runtime", lambda: installation)
    for name, texts in (("corpus", DOCUMENTS), ("queries", QUERIES)):
        lines = [json.dumps({"_id": f"{name[0]}{n}", "text": text}) for n, text in enumerate(texts)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
    qrels = "query-id\tcorpus-id\tscore\n" + "".join(f"q{n}\tc{n}\t1\n" for n in range(3))
    (tmp_path / "qrels.tsv").write_text(qrels, "utf-8")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(("eval", *arguments))
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err


def test_a_folder_is_measured_and_a_run_written(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, _ = run(capsys, str(folder), "--json", "--run", str(folder / "run.trec"))
    assert code == 0
    metrics = json.loads(out)
    assert set(metrics) == {"dense", "lexical", "rrf", "relevance"}
    assert set(metrics["rrf"]) == {"ndcg@10", "recall@1", "recall@10", "recall@100", "hit@10", "mrr"}
    assert metrics["relevance"]["hit@10"] == 1
    assert (folder / "run.trec").read_text().splitlines()[0].split()[:2] == ["q0", "Q0"]
    assert run(capsys, str(folder / "nothing"))[0] == 1


def test_two_conditions_are_compared_query_by_query(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, _ = run(capsys, str(folder), "--compare", "lexical", "dense", "--json")
    rows = json.loads(out)
    assert code == 0
    # "焊接偏差" shares no pair of characters with its answer, so words alone do not find it.
    assert rows[0]["query"] == "q2"
    assert (rows[0]["first_ranks"], rows[0]["second_ranks"]) == ([None], [1])
    code, out, _ = run(capsys, str(folder), "--compare", "lexical", "dense")
    assert "3 条需求：lexical 较高 0 条，较低" in out
    code, _, err = run(capsys, str(folder), "--compare", "lexical", "best")
    assert code == 1
    assert "没有条件 best" in err


def test_a_suite_writes_its_tables_and_says_what_was_skipped(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "suite.toml").write_text(SUITE.format(expected="0.9"), "utf-8")
    code, out, _ = run(capsys, "--suite", str(folder / "suite.toml"), "--out", str(folder / "report"))
    assert code == 0
    assert "跳过：absent.jsonl 不在本机" in out
    page = (folder / "report" / "evaluation.html").read_text("utf-8")
    assert "小评测集" in page
    assert "<link" not in page
    assert "src=" not in page
    table = (folder / "report" / "evaluation.md").read_text("utf-8")
    assert "| 排序 | ndcg@10 调参 |" in table
    assert "### 逐条比较：相关度与综合排序" in table
    result = json.loads((folder / "report" / "evaluation.json").read_text("utf-8"))
    assert [collection["skipped"] is None for collection in result["collections"]] == [True, False]


def test_a_drop_fails_and_is_named(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "suite.toml").write_text(SUITE.format(expected="1.2"), "utf-8")
    code, _, err = run(capsys, "--suite", str(folder / "suite.toml"), "--collection", "small")
    assert code == 1
    assert "small / relevance：全部 ndcg@10 为 1.0000，应为 1.2000" in err
    assert "--compare relevance rrf" in err


def test_what_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, _, err = run(capsys, str(folder), "--run", str(folder / "missing" / "run.trec"))
    assert code == 1
    assert f"无法写入 {folder / 'missing' / 'run.trec'}：不存在" in err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("there", "--suite", "x.toml"),
        ("there", "--collection", "own"),
        ("there", "--compare", "a", "b", "--run", "r"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert run(capsys, *arguments)[0] == 2
