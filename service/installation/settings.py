"""Settings of an installation, read from environment variables that begin with PATENTDOCK_."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from catalog.kit.errors import InvalidInput


class Settings(BaseSettings):
    """Everything that differs between installations; every value has a default that works."""

    model_config = SettingsConfigDict(env_prefix="PATENTDOCK_", env_ignore_empty=True, extra="ignore")

    data: Path = Field(default=Path("var"), description="数据目录：数据库、索引、模型、上传与报告都在其中")
    database_url: str = Field(default="", description="数据库地址；留空则用数据目录下的 SQLite")
    model: str = Field(default="", description="sentence-transformers 模型名或文件夹；留空则用随附模型")
    host: str = Field(default="127.0.0.1", description="服务监听地址")
    port: int = Field(default=8000, ge=1, le=65535, description="服务端口")
    threads: int = Field(default=0, ge=0, le=1024, description="计算线程数；0 表示全部核心")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="模型的数值精度；auto 表示在本机实测后选择"
    )
    follow_seconds: float = Field(
        default=10,
        ge=0,
        le=3600,
        allow_inf_nan=False,
        description="服务同步数据变更的间隔（秒）；0 表示只在重建索引时纳入",
    )
    recent_limit: int = Field(
        default=5000,
        ge=0,
        le=100_000,
        description="专利、需求、企业产品各最多在内存中纳入的变更记录数",
    )
    lock_seconds: float = Field(
        default=30,
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="写入时最多等候其他写入多少秒，仍未轮到则答复系统繁忙",
    )
    require_if_match: bool = Field(
        default=False, description="接口修改已有记录时是否必须注明所改的版本（请求头 If-Match）"
    )
    webhook_seconds: float = Field(
        default=2,
        ge=0,
        le=3600,
        allow_inf_nan=False,
        description="服务检查有无待发事件的间隔（秒）；0 表示不推送，由 patentdock webhooks send 推送",
    )
    webhook_http: bool = Field(
        default=True, description="事件是否可以用 http 推送到内网地址；互联网地址一律用 https"
    )
    backup_dir: Path | None = Field(
        default=None, description="夜间批处理备份到此文件夹，宜在另一块磁盘上；留空则不备份"
    )
    backup_days: int = Field(default=14, ge=1, le=36500, description="夜间备份保留多少天")
    backup_least: int = Field(default=3, ge=1, le=10_000, description="夜间备份最少保留几份，不论多旧")
    pg_bin: Path | None = Field(default=None, description="pg_dump、pg_restore 所在的文件夹；留空则自行查找")
    trusted_proxies: str = Field(
        default="",
        description="可信反向代理的地址或网段，逗号分隔；来自其中的请求以 X-Forwarded-For 的地址为来源",
    )
    max_upload_mb: int = Field(default=512, ge=1, le=100_000, description="上传文件的大小上限（MB）")

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            ip_network(part, strict=False)
        return value

    @property
    def proxies(self) -> list[str]:
        """The networks of proxies whose word on the address of a caller is taken."""
        return [part.strip() for part in self.trusted_proxies.split(",") if part.strip()]

    @property
    def catalogue_url(self) -> str:
        """URL of the database: the one set, else a SQLite file in the data directory."""
        from catalog.db import sqlite_url

        return self.database_url or sqlite_url(self.data.absolute() / "catalog.db")

    @property
    def models_dir(self) -> Path:
        """The folder of models."""
        return self.data / "models"

    @property
    def rejected_dir(self) -> Path:
        """The folder of the workbooks of refused rows."""
        return self.data / "rejected"

    @property
    def mappings_dir(self) -> Path:
        """The folder of the mappings of sources."""
        return self.data / "mappings"

    @property
    def uploads_dir(self) -> Path:
        """The folder of uploaded files while they are imported."""
        return self.data / "uploads"

    @property
    def import_queue_dir(self) -> Path:
        """The folder of the tickets of imports that wait for each other."""
        return self.data / "import-queue"

    @property
    def evidence_dir(self) -> Path:
        """The folder of the evidence of deals, by hash."""
        return self.data / "evidence"


def load_settings() -> Settings:
    """Read the settings. Raises InvalidInput naming the variable that cannot be read."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "PATENTDOCK_" + str(first["loc"][0]).upper()
        raise InvalidInput(
            f"环境变量 {name} 的值“{first.get('input')}”不可用", hint="请改正或删去该变量后重试"
        ) from error
