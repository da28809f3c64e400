"""The command line `patentdock`: its commands, how errors are shown, exit codes (0 done, 1 failed, 2 wrong usage)."""

from __future__ import annotations

import secrets
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import typer

from catalog.kit.errors import Busy, NotFound, PatentDockError, system_reason
from service.cli.commands import activities as cli_activities
from service.cli.commands import activity_papers as cli_activity_papers
from service.cli.commands import backups as cli_backups
from service.cli.commands import chances as cli_chances
from service.cli.commands import changes as cli_changes
from service.cli.commands import conflicts as cli_conflicts
from service.cli.commands import deals as cli_deals
from service.cli.commands import evaluation as cli_eval
from service.cli.commands import factors as cli_factors
from service.cli.commands import fees as cli_fees
from service.cli.commands import generations as cli_generations
from service.cli.commands import holders as cli_holders
from service.cli.commands import imports as cli_imports
from service.cli.commands import install as cli_install
from service.cli.commands import keys as cli_catalogue
from service.cli.commands import law as cli_law
from service.cli.commands import licences as cli_licences
from service.cli.commands import load as cli_data
from service.cli.commands import mappings as cli_mappings
from service.cli.commands import match as cli_match
from service.cli.commands import match_batch as cli_match_batch
from service.cli.commands import nightly as cli_nightly
from service.cli.commands import records as cli_records
from service.cli.commands import screening as cli_screening
from service.cli.commands import single as cli_single
from service.cli.commands import users as cli_users
from service.cli.commands import webhooks as cli_webhooks
from service.cli.terminal.language import ChineseGroup, Command, explain
from service.cli.terminal.output import print_error
from service.cli.terminal.runtime import any_runtime
from service.installation.settings import load_settings
from service.requests.field_problems import InvalidFields

INTERRUPTED = 130
HELP = """PatentDock 专利供需对接服务：盘活存量专利，管理技术需求库，匹配专利与需求。

示例：
patentdock import patents 登记簿.xlsx
patentdock reindex
patentdock match "车间切削液发臭，想换不易变质的配方" --top 5
patentdock serve
"""

app = typer.Typer(
    name="patentdock",
    cls=ChineseGroup,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)

for module in (
    cli_install,
    cli_data,
    cli_imports,
    cli_conflicts,
    cli_single,
    cli_records,
    cli_changes,
    cli_mappings,
    cli_match,
    cli_match_batch,
    cli_factors,
    cli_eval,
    cli_chances,
    cli_nightly,
    cli_licences,
    cli_law,
    cli_screening,
    cli_fees,
    cli_deals,
    cli_activities,
    cli_activity_papers,
    cli_holders,
    cli_catalogue,
    cli_webhooks,
    cli_users,
    cli_generations,
    cli_backups,
):
    module.register(app, Command, ChineseGroup)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code. No traceback ever reaches the terminal."""
    try:
        result = app(
            args=list(arguments) if arguments is not None else None,
            prog_name="patentdock",
            standalone_mode=False,
        )
    except typer.TyperException as error:
        return _usage_error(error)
    except PatentDockError as error:
        explained = _explained(error)
        print_error(explained.message, explained.hint)
        return 2 if isinstance(error, InvalidFields) else 1
    except (KeyboardInterrupt, typer.Abort):
        print_error("已中断")
        return INTERRUPTED
    except BrokenPipeError:
        return 1
    except OSError as error:
        return _refused_by_system(error)
    except Exception:
        return _internal_error()
    if result == INTERRUPTED:  # the library has handled the interrupt and prints nothing
        print_error("已中断")
    return result if isinstance(result, int) else 0


def _explained(error: PatentDockError) -> PatentDockError:
    """The error; of a record that was not found with what became of it, of a busy database with what is being done."""
    if isinstance(error, Busy):
        from service.installation import busy

        return busy.explained(any_runtime(), error)
    if not isinstance(error, NotFound) or error.record is None:
        return error
    from catalog.mending import tombstones

    try:
        with any_runtime().database.read() as session:
            return tombstones.explained(session, error)
    except PatentDockError:
        return error


def _refused_by_system(error: OSError) -> int:
    if not error.filename:
        return _internal_error()
    print_error(f"{error.filename} 无法读写：{system_reason(error)}", "请检查该路径、权限与磁盘空间后重试")
    return 1


def _usage_error(error: typer.TyperException) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        return 2
    print_error(explain(error), "用 patentdock --help 或 patentdock 命令 --help 查看用法")
    return error.exit_code


def _internal_error() -> int:
    number = secrets.token_hex(4)
    path = _log_folder() / f"patentdock-{number}.log"
    path.write_text(traceback.format_exc(), encoding="utf-8")
    print_error(f"程序内部出错，编号 {number}", f"详情已写入 {path}，请连同所用命令一并反馈")
    return 1


def _log_folder() -> Path:
    """The folder `logs` of the data directory, the system's own where that cannot be written."""
    try:
        folder = load_settings().data / "logs"
        folder.mkdir(parents=True, exist_ok=True)
    except (PatentDockError, OSError):
        return Path(tempfile.gettempdir())
    return folder


if __name__ == "__main__":
    sys.exit(main())
