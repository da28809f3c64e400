"""Help pages fit a terminal of 80 columns, cut nothing, and show an example that the command line accepts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from service.cli.main import app, main
from service.cli.terminal.help import Panel, columns, parts

ROOT: Any = typer.main.get_command(app)


def commands(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands((*path, name), below)


ALL = dict(commands((), ROOT))


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "patentdock")
def test_a_help_page_fits_and_cuts_nothing(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*path, "--help"]) == 0
    page = capsys.readouterr().out
    assert [line for line in page.splitlines() if columns(line) > 80] == []
    command = ALL[path]
    said = [*parts(command.help or "")[0], *(parameter.help for parameter in command.params)]
    said += [below.help.partition("。")[0] for below in getattr(command, "commands", {}).values()]
    assert [text for text in said if squeezed(text) not in squeezed(page)] == []
    assert [
        name
        for one in command.params
        for name in (one.opts if one.param_type_name == "option" else ())
        if name not in page
    ] == []


@pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "patentdock")
def test_an_example_is_accepted(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*path, "--help"]) == 0
    examples = capsys.readouterr().out.partition("\n示例：\n")[2].splitlines()
    assert examples
    for example in examples:
        words = shlex.split(example.partition(">")[0])
        assert words[: len(path) + 1] == ["patentdock", *path]
        command, rest = ROOT, words[1:]
        while rest and rest[0] in getattr(command, "commands", {}):
            command, rest = command.commands[rest[0]], rest[1:]
        command.make_context("patentdock", list(rest))


def test_every_command_stands_in_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert {command.rich_help_panel for command in ROOT.commands.values()} == set(Panel)
    main(["--help"])
    page = capsys.readouterr().out
    places = [page.index(f"\n{panel}：\n") for panel in Panel]
    assert places == sorted(places)
