"""The command line: results on standard output, messages on standard error, exit codes."""

from __future__ import annotations

import errno
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.cli.commands.install import _listen
from service.cli.main import main
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise

NEED = "燃气泄漏检测仪零点漂移，希望不用标准气也能自动校准"
CSV = "企业名称,地址,从业人员数\n示例命令行甲有限公司,湖北省襄阳市,20\n,湖北省,30\n"


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_dir: Path) -> Path:
    """Settings of a new installation; answers its data folder."""
    monkeypatch.setenv("PATENTDOCK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PATENTDOCK_MODEL", str(model_dir))
    monkeypatch.setenv("PATENTDOCK_PRECISION", "float32")
    return tmp_path / "data"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, installation: Runtime) -> Runtime:
    """The session's installation in place of the one of the settings: its model is loaded already."""
    for module in ("match", "generations"):
        monkeypatch.setattr(f"service.cli.commands.{module}.ready_runtime", lambda: installation)
    return installation


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    code = main(arguments)
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err


def test_help_is_chinese_and_loads_no_heavy_library() -> None:
    script = (
        "import sys; from service.cli.main import main; code = main(['--help']); "
        "heavy = {'torch', 'faiss', 'fastapi', 'sqlalchemy', 'numpy'} & set(sys.modules); "
        "sys.exit(code or bool(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "用法：" in done.stdout
    for english in ("Usage", "Options", "Commands", "Show this", "Arguments"):
        assert english not in done.stdout


def test_init_can_be_repeated(capsys: pytest.CaptureFixture[str], fresh: Path) -> None:
    assert run(capsys, "init")[0] == 0
    code, out, _ = run(capsys, "init")
    assert code == 0
    assert "已存在" in out
    code, out, _ = run(capsys, "segments", "list", "--json")
    assert [s["code"] for s in json.loads(out)["segments"]][::34] == ["HB01", "HB35"]


def test_commands_say_what_must_be_done_first(capsys: pytest.CaptureFixture[str], fresh: Path) -> None:
    code, _, err = run(capsys, "keys", "list")
    assert (code, "patentdock init" in err) == (1, True)
    run(capsys, "init")
    code, _, err = run(capsys, "reindex")
    assert (code, "demo load" in err) == (1, True)


def test_an_import_reports_one_object(
    capsys: pytest.CaptureFixture[str], fresh: Path, tmp_path: Path
) -> None:
    run(capsys, "init")
    good, bad = tmp_path / "企业.csv", tmp_path / "坏.csv"
    good.write_text(CSV, "utf-8")
    bad.write_bytes(b"")
    code, out, err = run(
        capsys, "import", "enterprises", "--json", str(good), str(bad), str(tmp_path / "无.csv")
    )
    assert code == 1
    report = json.loads(out)
    assert (report["rows"], report["new"], report["rejected"]) == (2, 1, 1)
    assert [entry["file"] for entry in report["refused"]] == ["坏.csv", "无.csv"]
    assert "坏.csv 未导入" in err
    assert Path(report["files"][0]["rejected_file"]).is_file()
    code, out, _ = run(capsys, "import", "enterprises", str(good))
    assert code == 0
    assert "新增 0，更新 0，未变更 1，退回 1" in out


def test_a_dry_run_stores_nothing(capsys: pytest.CaptureFixture[str], fresh: Path, tmp_path: Path) -> None:
    run(capsys, "init")
    (tmp_path / "企业.csv").write_text(CSV, "utf-8")
    for _ in range(2):
        code, out, _ = run(capsys, "import", "enterprises", "--dry-run", str(tmp_path / "企业.csv"))
        assert (code, "新增 1" in out, "试运行" in out) == (0, True, True)


def test_keys_are_made_listed_and_revoked(capsys: pytest.CaptureFixture[str], fresh: Path) -> None:
    run(capsys, "init")
    code, out, _ = run(capsys, "keys", "create", "省平台")
    assert code == 0
    assert out.startswith("pd_1_")
    assert len(out.splitlines()) == 1
    assert run(capsys, "keys", "create", "省平台")[0] == 1
    assert run(capsys, "keys", "revoke", "省平台")[0] == 0
    assert "已吊销" in run(capsys, "keys", "list")[1]
    assert run(capsys, "keys", "revoke", "无此密钥")[0] == 1


def test_doctor_says_what_is_wrong_and_how_to_mend_it(
    capsys: pytest.CaptureFixture[str], fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PATENTDOCK_MODEL")
    code, out, _ = run(capsys, "doctor", "--json")
    assert code == 1
    findings = {check["name"]: check for check in json.loads(out)["checks"]}
    assert findings["Python 版本"]["ok"]
    assert "patentdock init" in findings["数据库"]["hint"]
    assert "patentdock setup-model" in findings["语义模型"]["hint"]
    assert findings["索引"]["next_step"]
    run(capsys, "init")
    out = run(capsys, "doctor")[1]
    assert "→ 索引：尚未建立：系统中尚无专利" in out
    assert "下一步：运行 patentdock import patents" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["match"], "请给出且只给出其中一项"),
        (["match", "锂", "--need", "1"], "请给出且只给出其中一项"),
        (["match", "锂", "--top", "0"], "--top：应不小于 1"),
        (["match", "锂", "--top", "很多"], "--top 应为整数"),
        (["match", "长" * 100_000], "文本：最多 20000 个字符"),
        (["match", "锂", "--region", "火星"], "--region：未找到地区“火星”"),
        (["match", "锂", "--kind", "商标"], "invention（发明）"),
        (["match", "锂", "--in-force-on", "明天"], "--in-force-on：应为日期"),
        (["match", "锂", "--colour", "red"], "没有选项 --colour"),
        (["import", "trademarks", "a.csv"], "可用：patents、needs、enterprises、licences"),
        (["import", "patents"], "缺少 文件"),
        (["import"], "缺少 类型"),
        (["frobnicate"], "没有命令 frobnicate"),
        (["serve", "--port", "99999"], "--port 应不大于 65535"),
        (["keys", "create"], "缺少 名称"),
        (["segments", "list", "多余"], "多出了参数"),
    ],
)
def test_wrong_usage_is_explained(
    capsys: pytest.CaptureFixture[str], installed: Runtime, arguments: list[str], message: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_wrong_settings_are_named(
    capsys: pytest.CaptureFixture[str], fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATENTDOCK_PORT", "网页")
    code, _, err = run(capsys, "init")
    assert (code, "环境变量 PATENTDOCK_PORT" in err) == (1, True)


def test_an_unforeseen_error_shows_a_number_and_leaves_a_report(
    capsys: pytest.CaptureFixture[str], fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Runtime:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("service.cli.commands.keys.ready_runtime", fail)
    code, out, err = run(capsys, "keys", "list")
    assert (code, out) == (1, "")
    assert "secret detail" not in err
    [report] = (fresh / "logs").iterdir()
    assert str(report) in err
    assert "secret detail" in report.read_text("utf-8")


def match(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code, out, err = run(capsys, "match", *arguments, "--json")
    assert code == 0, err
    answer: dict[str, Any] = json.loads(out)
    return answer


def test_match_answers_in_words_and_in_json(capsys: pytest.CaptureFixture[str], installed: Runtime) -> None:
    answer = match(capsys, NEED, "--top", "3", "--region", "湖北", "--kind", "发明")
    assert [item["rank"] for item in answer["items"]] == [1, 2, 3]
    assert {item["patent"]["kind"] for item in answer["items"]} == {"invention"}
    code, out, _ = run(capsys, "match", NEED, "--top", "3", "--region", "湖北", "--kind", "发明")
    assert code == 0
    assert all(item["patent"]["application_number"] in out for item in answer["items"])
    assert "演示数据" in out
    assert answer["generation"] in out
    by_need = match(capsys, "--need", "1", "--top", "2")
    assert len(by_need["items"]) == 2
    by_patent = match(capsys, "--patent", str(answer["items"][0]["patent"]["id"]), "--top", "2")
    assert len(by_patent["items"]) == 2
    assert run(capsys, "match", "--need", "999999")[0] == 1
    code, out, _ = run(capsys, "match", NEED, "--region", "西藏", "--open-licence")
    assert (code, "没有符合条件的结果" in out) == (0, True)


def test_generations_are_listed_and_verified(capsys: pytest.CaptureFixture[str], installed: Runtime) -> None:
    rows = json.loads(run(capsys, "generations", "list", "--json")[1])
    assert sum(row["in_use"] for row in rows) == 1
    code, out, _ = run(capsys, "generations", "verify")
    assert (code, "完好" in out) == (0, True)
    assert run(capsys, "generations", "verify", "20000101-000000-000")[0] == 1


@pytest.mark.parametrize("number", ["0", "99999999999999999999999"])
def test_an_id_that_cannot_be_one_is_wrong_usage(capsys: pytest.CaptureFixture[str], number: str) -> None:
    code, _, err = run(capsys, "match", "--need", number)
    assert code == 2
    assert "--need" in err


def test_an_interrupted_command_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("service.cli.commands.keys.ready_runtime", interrupt)
    code, out, err = run(capsys, "keys", "list")
    assert (code, out) == (130, "")
    assert "已中断" in err


def test_a_path_that_the_system_refuses_is_named_in_chinese(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "generations/.lock")

    monkeypatch.setattr("service.cli.commands.keys.ready_runtime", refuse)
    code, _, err = run(capsys, "keys", "list")
    assert code == 1
    assert "generations/.lock 无法读写：没有权限" in err


def test_the_first_index_says_how_much_was_embedded(
    capsys: pytest.CaptureFixture[str], installation: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data=tmp_path, model=installation.settings.model)
    runtime = Runtime(settings, installation.encoder)
    initialise(runtime.database)
    monkeypatch.setattr("service.cli.commands.load.ready_runtime", lambda: runtime)
    source = tmp_path / "专利.csv"
    source.write_text(
        "专利名称,摘要,IPC\n一种离心水泵,密封更好的泵,F04D1/00\n一种水泵叶轮,效率更高的叶轮,\n", "utf-8"
    )
    assert run(capsys, "import", "patents", str(source))[0] == 0
    _, out, _ = run(capsys, "reindex", "--json")
    report = json.loads(out)
    assert report["assigned"]["patents"] > 0
    assert (report["build"]["embedded"], report["build"]["reused"]) == (2, 0)


def test_an_answer_does_not_wait_for_an_acknowledgement() -> None:
    with (
        _listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
