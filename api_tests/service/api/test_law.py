"""The tables of the law over REST and the command line: shown, taken out, brought in, put back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from catalog.law import tables
from service.cli.main import main


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data directory of its own; the shipped tables hold again afterwards."""
    monkeypatch.setenv("PATENTDOCK_DATA", str(tmp_path))
    yield tmp_path
    tables.use(None)


def test_every_year_is_shown_with_its_notice_and_what_is_missing(client: httpx.Client) -> None:
    shown = client.get("/api/v1/law").json()
    years = {line["year"]: line for line in shown["holidays"]}
    assert years[2026] == {"year": 2026, "source": "国办发明电〔2025〕7号", "days_off": 33, "days_worked": 6}
    assert (years[2024]["source"], years[2025]["source"]) == (
        "国办发明电〔2023〕7号",
        "国办发明电〔2024〕12号",
    )
    assert shown["compensation_amount"] is None
    assert any("补偿期的年费" in gap for gap in shown["missing"])
    table = client.get("/api/v1/law/tables/holidays.csv")
    assert table.status_code == 200
    assert "2026,rest,2026-10-01,2026-10-07,国庆节" in table.content.decode("utf-8-sig")
    assert client.get("/api/v1/law/tables/fees.csv").status_code == 404


def test_the_operator_enters_the_amount_of_the_compensated_term(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "年费.csv"
    assert main(["law", "export", "年费标准", str(own)]) == 0
    text = own.read_text("utf-8-sig")
    own.write_text(
        text.replace("invention_compensation,21,40,,", "invention_compensation,21,40,abc,"), "utf-8"
    )
    assert main(["law", "import", "annuities.csv", str(own)]) == 1
    assert "第 17 行" in capsys.readouterr().err
    own.write_text(
        text.replace("invention_compensation,21,40,,", "invention_compensation,21,40,8000,"), "utf-8"
    )
    assert main(["law", "import", "annuities.csv", str(own)]) == 0
    capsys.readouterr()
    assert main(["law", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["compensation_amount"], shown["annuities_version"][:3]) == ("8000.00", "自定义")
    assert main(["law", "reset", "annuities.csv"]) == 0
    assert main(["law", "show"]) == 0
    assert "尚缺：专利权补偿期的年费标准" in capsys.readouterr().out
    assert main(["law", "export", "fees.csv", str(own)]) == 1
