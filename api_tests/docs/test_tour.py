"""The tour of the REST interface is run from its first command to its last, and each answer is of the form that it shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from service.app import create_app
from service.installation.runtime import Runtime
from service.installation.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TOUR = ROOT / "docs" / "api.md"
MORE = "…"
"""What an example leaves out: members of an object, elements of an array, the end of a text."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}…]')


class Step(NamedTuple):
    """A command of the tour, and the answer that it shows."""

    command: str
    answer: str


def sessions(page: str) -> list[str]:
    """The blocks of a page that begin with a command."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    return [block for block in blocks if block.startswith("$ ")]


def steps(page: str) -> Iterator[Step]:
    """The commands of a page in their order; a quotation that is open goes on in the next line."""
    for block in sessions(page):
        command, answer = "", ""
        for line in block.splitlines():
            if line.startswith("$ "):
                if command:
                    yield Step(command, answer)
                command, answer = line.removeprefix("$ "), ""
            elif command.count("'") % 2:
                command += f"\n{line}"
            else:
                answer += f"{line}\n"
        if command:
            yield Step(command, answer)


def parsed(shown: str) -> Any:
    """The JSON of an example, whose marks of omission become members and elements of their own."""
    within: list[str] = []
    text, at = "", 0
    for token in _TOKEN.finditer(shown):
        text += shown[at : token.start()]
        at, found = token.end(), token.group()
        if found in "[{":
            within.append(found)
        elif found in "]}":
            within.pop()
        text += found if found != MORE else f'"{MORE}"' if within[-1] == "[" else f'"{MORE}": null'
    return json.loads(text + shown[at:])


def differences(shown: Any, real: Any, place: str = "") -> Iterator[str]:
    """The places where an answer has not the form of an example. Numbers may differ, texts from a mark of omission on."""
    if isinstance(shown, dict) and isinstance(real, dict):
        wanted = {name: value for name, value in shown.items() if name != MORE}
        excess = set() if MORE in shown else real.keys() - wanted.keys()
        yield from (f"{place}/{name}" for name in (wanted.keys() - real.keys()) | excess)
        for name in wanted.keys() & real.keys():
            yield from differences(wanted[name], real[name], f"{place}/{name}")
    elif isinstance(shown, list) and isinstance(real, list):
        wanted_items = [value for value in shown if value != MORE]
        if len(real) < len(wanted_items) or (MORE not in shown and len(real) > len(wanted_items)):
            yield f"{place}: {len(real)} elements"
        for at, (one, other) in enumerate(zip(wanted_items, real, strict=False)):
            yield from differences(one, other, f"{place}/{at}")
    elif isinstance(shown, str) and isinstance(real, str):
        if not re.fullmatch(".*".join(map(re.escape, shown.split(MORE))), real, flags=re.DOTALL):
            yield f"{place}: {real}"
    elif type(shown) is not type(real) or (isinstance(shown, bool) and shown is not real):
        yield f"{place}: {real}"


def disagreements(shown: str, real: str) -> list[str]:
    """The differences of an answer from an example, which may begin with the lines of its header."""
    if not shown.startswith("HTTP/"):
        return list(differences(parsed(shown), json.loads(real))) if shown else []
    (head, _, body), (real_head, _, real_body) = shown.partition("\n\n"), real.partition("\n\n")
    (status, *headers), (real_status, *real_headers) = head.splitlines(), real_head.splitlines()
    names = {line.partition(":")[0].lower() for line in real_headers}
    missing = [line for line in headers if line.partition(":")[0].lower() not in names]
    return [
        *([] if status == real_status else [real_status]),
        *missing,
        *(differences(parsed(body), json.loads(real_body)) if body.strip() else []),
    ]


def run(found: list[Step], folder: Path, server: str, key: str) -> list[str]:
    """What the commands print, run one after the other in one shell, as a reader would."""
    mark = "=== end of a step ==="
    given = {"B=": f"B={server}/api/v1", "K=": f"K='Authorization: Bearer {key}'"}
    lines = [given.get(step.command[:2], step.command) + f"\necho; echo '{mark}'" for step in found]
    (folder / "examples").symlink_to(ROOT / "examples")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-u", "-c", "\n".join(lines)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    return [part.strip().replace("\r", "") for part in done.stdout.split(mark)[:-1]]


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_every_step_of_the_tour_is_answered_as_it_shows(
    server: str, api_key: str, as_before: None, tmp_path: Path
) -> None:
    # Keys are made on the machine of the service; this one has one.
    found = [step for step in steps(TOUR.read_text("utf-8")) if not step.command.startswith("patentdock ")]
    answers = run(found, tmp_path, server, api_key)
    assert len(answers) == len(found) > 30
    wrong = [
        f"{step.command}\n  {difference}"
        for step, answer in zip(found, answers, strict=True)
        for difference in disagreements(step.answer.strip(), answer)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ('{"a": 1}', '{"a": 1, "b": 2}'),
        ('{"a": 1, …}', '{"b": 2}'),
        ('{"a": "1.00"}', '{"a": 1}'),
        ('{"a": true, …}', '{"a": false}'),
        ('{"a": "bl…ue"}', '{"a": "black"}'),
        ('{"a": [1, …]}', '{"a": []}'),
        ('{"a": [{"b": null}, …]}', '{"a": [{"b": 3}]}'),
        ("HTTP/1.1 200 OK\netag: …", "HTTP/1.1 412 Precondition Failed\netag: 1"),
        ("HTTP/1.1 200 OK\nlocation: …", "HTTP/1.1 200 OK\netag: 1"),
    ],
)
def test_an_answer_of_another_form_would_be_found(shown: str, real: str) -> None:
    assert disagreements(shown, real)


def named(document: Any) -> Iterator[str]:
    """Every name of a property or parameter of an OpenAPI document."""
    if isinstance(document, dict):
        yield from document.get("properties", {})
        if "in" in document and "name" in document:
            yield document["name"]
    parts = (
        document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    )
    for part in parts:
        yield from named(part)


@pytest.mark.parametrize("page", ["api-reference.md", "api-imports.md"])
def test_examples_of_the_reference_have_the_names_of_the_interface(page: str) -> None:
    document = create_app(Runtime(Settings())).openapi()
    blocks = sessions((ROOT / "docs" / page).read_text("utf-8"))
    used = {name for block in blocks for name in re.findall(r'"([a-z_]+)":', block)}
    assert len(used) > 60
    assert used - set(named(document)) == set()
    kinds = set(re.findall(r'"/problems/([a-z-]+)"', "".join(blocks)))
    assert kinds <= set(
        re.findall(r"^## (.+)$", (ROOT / "docs" / "api-problems.md").read_text("utf-8"), re.MULTILINE)
    )
