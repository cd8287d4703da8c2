"""Typed settings of one deployment: a TOML file in `config/`, overridden by the environment (`NAME` or `NAME_FILE`)."""

from __future__ import annotations

import contextlib
import os
import secrets
import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from core.identity.settings import IdentitySettings, read_identity

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_CONFIG = ROOT / "config" / "default.toml"


@dataclass(frozen=True)
class Settings:
    """What `create_app` needs to know. Paths are absolute; empty URLs mean the embedded default."""

    plugins: tuple[str, ...] = ()
    data: Path = (ROOT if (ROOT / "zhian").exists() else Path.cwd()) / "var"
    database_url: str = ""
    redis_url: str = ""
    secret: str = ""
    old_secrets: tuple[str, ...] = ()
    outgoing_allow: tuple[str, ...] = ()
    proxies: int = 0
    agency: str = "知案"
    agency_en: str = "Zhian"
    base_url: str = ""
    demo: bool = False
    production: bool = False
    testing: bool = False
    smtp_url: str = ""
    mail_from: str = "zhian@localhost"
    max_upload_mb: int = 50
    session_idle_minutes: int = 480
    session_days: int = 7
    identity: IdentitySettings = field(default_factory=IdentitySettings)
    hook_seconds: float = 3.0
    write_hook_seconds: float = 30.0
    page_seconds: float = 5.0
    process_memory_mb: int = 1024
    plugin_settings: dict[str, dict] = field(default_factory=dict)
    config_file: Path | None = None

    @property
    def database(self) -> str:
        """SQLAlchemy URL; SQLite in the data folder unless one is given."""
        url = self.database_url or f"sqlite:///{self.data / 'zhian.db'}"
        for prefix in ("postgres://", "postgresql://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url.removeprefix(prefix)
        return url

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database.startswith("sqlite")


_ENV = {
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
    "secret": "ZHIAN_SECRET",
    "old_secrets": "ZHIAN_OLD_SECRETS",
    "outgoing_allow": "ZHIAN_OUTGOING_ALLOW",
    "proxies": "ZHIAN_PROXIES",
    "data": "ZHIAN_DATA",
    "base_url": "ZHIAN_BASE_URL",
    "smtp_url": "ZHIAN_SMTP_URL",
    "mail_from": "ZHIAN_MAIL_FROM",
    "agency": "ZHIAN_AGENCY",
    "demo": "ZHIAN_DEMO",
    "production": "ZHIAN_PRODUCTION",
    "plugins": "ZHIAN_PLUGINS",
}


def _from_environment() -> dict:
    found: dict = {}
    for name, variable in _ENV.items():
        if (file := os.environ.get(f"{variable}_FILE")) and Path(file).is_file():
            found[name] = Path(file).read_text().strip()
        elif value := os.environ.get(variable):
            found[name] = value
    for name in {"plugins", "outgoing_allow", "old_secrets"} & found.keys():
        found[name] = [p.strip() for p in found[name].replace("\n", ",").split(",") if p.strip()]
    for name in {"demo", "production"} & found.keys():
        found[name] = found[name].lower() in ("1", "true", "yes")
    return found


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """Read `config` (or `ZHIAN_CONFIG`, `<data>/config.toml`, the default), then the environment, then `overrides`.

    Raises `ValueError` that names an unknown key.
    """
    merged: dict = {}
    explicit = config or (Path(os.environ["ZHIAN_CONFIG"]) if os.environ.get("ZHIAN_CONFIG") else None)
    data = Path(overrides.get("data") or os.environ.get("ZHIAN_DATA") or Settings.data)
    chosen = explicit or (data / "config.toml" if (data / "config.toml").exists() else DEFAULT_CONFIG)
    if chosen.exists():
        merged |= tomllib.loads(chosen.read_text("utf-8"))
    merged |= _from_environment()
    merged |= {k: v for k, v in overrides.items() if v is not None}
    known = {f.name for f in fields(Settings)}
    if unknown := set(merged) - known:
        raise ValueError(
            f"{chosen}: unknown setting {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}"
        )
    if isinstance(given := merged.get("identity", {}), dict):
        merged["identity"] = read_identity(given)
    for name in ("plugins", "outgoing_allow", "old_secrets"):
        merged[name] = tuple(merged.get(name, ()))
    merged["proxies"] = int(merged.get("proxies", 0))
    merged["data"] = Path(merged.get("data", Settings.data)).resolve()
    return _with_secret(Settings(**merged | {"config_file": chosen}))


def _with_secret(settings: Settings) -> Settings:
    """A deployment without a stated secret keeps one of its own in the data folder, readable by its owner alone."""
    if settings.secret:
        return settings
    settings.data.mkdir(parents=True, exist_ok=True)
    file = settings.data / "secret"
    if not file.exists():
        fresh = settings.data / f".secret.{os.getpid()}"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file)
        fresh.unlink()
    return replace(settings, secret=file.read_text().strip())
