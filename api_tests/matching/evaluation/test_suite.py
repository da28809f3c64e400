"""The regression suite: quality does not drop, and what the file says is checked."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from catalog.kit.errors import InvalidInput
from index.model.encoder import Encoder
from index.model.measurement import choose_precision
from matching.evaluation import suite, suite_file
from matching.evaluation.benchmark import half, known_items, load, part_of, title_hash
from matching.evaluation.suite_file import CollectionEntry

EVALUATION = Path(__file__).parents[3] / "evaluation"
CONDITIONS = EVALUATION / "conditions.toml"


def test_no_condition_has_dropped(model_dir: Path) -> None:
    # In the precision an installation on this machine would use: where bfloat16 is fast, a quarter of the time.
    encoder = Encoder.load(model_dir, precision=choose_precision(model_dir, model_dir.parent))
    result = suite.run(suite_file.read(CONDITIONS), encoder, ["own-third"])
    assert result.shortfalls == []


def test_every_condition_is_expected_somewhere_on_every_collection() -> None:
    conditions = suite_file.read(CONDITIONS)
    for key, collection in conditions.collections.items():
        assert set(collection.expected) == set(conditions.conditions), key


def test_halves_are_those_of_the_collection() -> None:
    with (EVALUATION / "split.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            assert half(row["query-id"]) == row["split"]


def test_a_part_keeps_the_answers_of_its_needs() -> None:
    whole = load(EVALUATION)
    part = part_of(whole, 3)
    assert 0 < len(part.judgements) < len(whole.judgements) / 2
    assert len(part.documents) < len(whole.documents) / 2
    for grades in part.judgements.values():
        assert {document for document, grade in grades.items() if grade > 0} <= set(part.documents)


def test_records_are_named_by_title_or_queried_by_a_field(tmp_path: Path) -> None:
    records = [
        {"title": "一种水泵", "abstract": "叶轮", "keywords": ["水泵", "汽蚀"]},
        {"title": "一种水泵", "abstract": "后一件同名", "keywords": []},
    ]
    corpus = tmp_path / "records.jsonl"
    corpus.write_text("\n".join(map(json.dumps, records)), "utf-8")
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "水泵响"}', "utf-8")
    (tmp_path / "qrels.tsv").write_text(f"q\t{title_hash('一种水泵')}\t2\n", "utf-8")
    assert load(tmp_path, corpus).documents == {title_hash("一种水泵"): "一种水泵\n叶轮"}
    items = known_items(corpus, "keywords")
    assert items.queries == {"q0": "水泵 汽蚀", "q1": ""}
    assert items.documents["d0"] == "叶轮"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("{ hub = 0 }", "{ hab = 0 }", "conditions.no-hub.weights.hab"),
        ('metric = "recall@1"', 'metric = "recall@2"', "没有指标 recall@2"),
        ("[conditions.rrf]", "[conditions.fused]", "缺少作比较用的条件 rrf"),
        ('folder = "real_language"', "", "collections.real-language"),
    ],
)
def test_a_slip_in_the_file_is_named(tmp_path: Path, old: str, new: str, place: str) -> None:
    text = CONDITIONS.read_text("utf-8")
    assert old in text
    (tmp_path / "conditions.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(InvalidInput, match=r"conditions\.toml") as caught:
        suite_file.read(tmp_path / "conditions.toml")
    assert place in caught.value.message


def test_unknown_names_are_named() -> None:
    conditions = suite_file.read(CONDITIONS)
    with pytest.raises(InvalidInput, match="没有评测集 other"):
        conditions.chosen(["other"])
    with pytest.raises(InvalidInput, match="没有条件 best"):
        conditions.named(["best"])


def test_records_may_lie_where_an_environment_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = CollectionEntry(
        name="已知项", corpus=Path("$PATENTDOCK_REALDATA/records.jsonl"), asked="keywords"
    )
    monkeypatch.delenv("PATENTDOCK_REALDATA", raising=False)
    assert entry.within(tmp_path).absent == "records.jsonl 不在本机：未设置环境变量 PATENTDOCK_REALDATA"
    with pytest.raises(InvalidInput, match="PATENTDOCK_REALDATA"):
        entry.within(tmp_path).benchmark()
    monkeypatch.setenv("PATENTDOCK_REALDATA", str(tmp_path / "real"))
    assert entry.within(tmp_path).absent == "records.jsonl 不在本机"
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "records.jsonl").touch()
    assert entry.within(tmp_path / "elsewhere").absent is None
