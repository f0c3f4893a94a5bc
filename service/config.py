"""Settings: the only reader of the environment.

Values come from ``BROADSHEET_…`` variables or from a ``.env`` file in the working folder, the
variable winning. The file's lines are put into the environment first, so that boto3 finds its own
``AWS_…`` variables there as well.
"""

from __future__ import annotations

import difflib
import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from dotenv import load_dotenv
from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "BROADSHEET_"
ALIKE = 0.75
"""Of 1: how like a setting a name is that is taken for a slip."""
SMTP_URL = re.compile("smtps?://[^/]")
DEFAULT_BIND = "127.0.0.1:8000"
SHORTEST_SECRET = 20
"""Characters. A token in anybody's mail is enough to try short ones on, at home and for ever."""
MAX_SOCKET_PATH = 100  # sockaddr_un holds 108 bytes on Linux and 104 on macOS


class Settings(BaseSettings):
    """Everything an operator may set; ``.env.example`` explains each in a line."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data_dir: Path = Path("data")
    database_url: str = Field(default="", repr=False)
    redis_url: str = Field(default="", repr=False)
    secret_key: str = Field(default="", repr=False)

    base_url: str = ""
    """What links in mail begin with; where it is not set, the address that is listened on."""
    privacy_url: str = ""
    """The operator's own privacy notice; where it is not set, ours says what is kept and why."""
    bind: str = DEFAULT_BIND
    trusted_proxies: int = Field(default=0, ge=0)

    transport: Literal["ses", "smtp"] = "ses"
    ses_configuration_set: str = "broadsheet"
    ses_mode: Literal["bulk", "single"] = "bulk"
    ses_timeout: float = Field(default=20.0, gt=0)
    smtp_url: str = Field(default="", validate_default=True, repr=False)
    sqs_queue_url: str = ""
    sns_topic_arns: str = ""

    max_send_rate: float | None = Field(default=None, gt=0)
    rate_share: float = Field(default=0.9, gt=0, le=1)
    batch_size: int = Field(default=500, ge=1, le=500)
    lease_seconds: int = Field(default=120, ge=2)
    grace_minutes: float = Field(default=20.0, gt=0)
    undo_seconds: float = Field(default=20.0, ge=0, le=600)
    """How long an issue that an editor sends now can be taken back before it leaves."""

    ai_base_url: str = ""
    ai_model: str = ""
    ai_api_key: str = Field(default="", repr=False)
    ai_timeout: float = Field(default=60.0, gt=0)

    tick_seconds: float = Field(default=60.0, gt=0)
    worker_processes: int = Field(default=3, ge=1)
    chunks_in_flight: int = Field(default=4, ge=1, le=32)
    """Calls to SES that each worker process has under way at a time."""
    web_processes: int = Field(default=2, ge=1)
    web_threads: int = Field(default=4, ge=1)
    """Of each web process: more only wait for each other, as one of them runs Python at a time."""
    sign_ups_per_network: int = Field(default=20, ge=0)
    """An hour, as the three below; 0 is without a limit. A classroom gets in, a script does not."""
    sign_ups_per_address: int = Field(default=5, ge=0)
    """To all newsletters together: nobody can have a mailbox filled."""
    sign_ups_per_domain: int = Field(default=500, ge=0)
    sign_ups_overall: int = Field(default=5000, ge=0)
    altcha: bool = False
    """Ask the reader's browser for a proof of work before a confirmation is sent."""
    allow_private_sources: bool = False
    allow_private_webhooks: bool = False
    api_rate: int = Field(default=600, ge=1)
    """Requests that one token may make in a minute."""
    log_format: Literal["text", "json"] = "text"

    @field_validator("base_url")
    @classmethod
    def _without_trailing_slash(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("privacy_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value

    @field_validator("secret_key")
    @classmethod
    def _not_to_be_guessed(cls, value: str) -> str:
        if value and len(value) < SHORTEST_SECRET:
            raise ValueError(
                f"must have at least {SHORTEST_SECRET} characters, such as `openssl rand -hex 32` "
                "prints; leave it out, and one is made and kept in the data folder"
            )
        return value

    @field_validator("database_url")
    @classmethod
    def _of_a_known_kind(cls, value: str) -> str:
        if value and not value.startswith(("postgres://", "postgresql", "sqlite:")):
            raise ValueError("must begin with postgresql:// or sqlite:///")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _there_when_asked_for(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("transport") == "smtp" and not SMTP_URL.match(value):
            raise ValueError("must look like smtp://user:password@mail.example.org:587")
        return value

    @field_validator("bind")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not value.startswith("unix:") and not (host and port.isdigit()):
            raise ValueError("must be an address and a port, such as 127.0.0.1:8000")
        return value

    @model_validator(mode="before")
    @classmethod
    def _base_url_by_bind(cls, given: dict[str, Any]) -> dict[str, Any]:
        bind = str(given.get("bind") or DEFAULT_BIND)
        host, _, port = bind.rpartition(":")
        here = "127.0.0.1" if host in {"0.0.0.0", "[::]"} else host  # noqa: S104 (only compared)
        if not given.get("base_url"):
            given = {**given, "base_url": f"http://{here}:{port}"}
        return given

    @property
    def database(self) -> str:
        """SQLAlchemy URL; SQLite in the data folder unless another is set."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'broadsheet.db'}"

    @property
    def redis(self) -> str:
        """Redis URL; the private server's socket in the data folder unless another is set."""
        return self.redis_url or f"unix://{self.redis_socket}"

    @property
    def redis_socket(self) -> Path:
        """The private server's socket; a deep data folder's lies in the temporary one instead."""
        path = self.data_dir.resolve() / "redis.sock"
        if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
            return path
        digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"broadsheet-{digest}.sock"

    @property
    def broker(self) -> str:
        """The same Redis, in the form that kombu reads (``redis+socket://`` for a socket)."""
        if self.redis.startswith("unix://"):
            return "redis+socket://" + self.redis.removeprefix("unix://")
        return self.redis

    @property
    def topic_arns(self) -> frozenset[str]:
        """SNS topics whose posts are read; everything else is refused before it is looked at."""
        return frozenset(arn.strip() for arn in self.sns_topic_arns.split(",") if arn.strip())

    @property
    def site(self) -> str:
        """Which installation this is, in a word: the events of another one may reach us."""
        return hmac.digest(self.secret, b"site", "sha256").hex()[:12]

    @cached_property
    def secret(self) -> bytes:
        """The installation's secret: the setting, else one kept in the data folder.

        Tokens in sent mail and the hashes of suppressed addresses hang on it: it must never change.
        """
        if self.secret_key:
            return self.secret_key.encode()
        return _kept_secret(self.data_dir / "secret_key")


def _kept_secret(path: Path) -> bytes:
    """Read the secret at *path*, making it on the first call; two first calls agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip().encode()


class UnknownSetting(ValueError):
    """A variable is called almost like a setting; the text says like which."""


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once. Raises :class:`UnknownSetting`."""
    load_dotenv(Path.cwd() / ".env")
    refuse_slips(os.environ)
    return Settings()


def refuse_slips(variables: Iterable[str]) -> None:
    """Raise :class:`UnknownSetting` for a slip, which would leave its setting at the default.

    A name that is like none of ours is somebody else's: Kubernetes gives a service that is called
    broadsheet a ``BROADSHEET_SERVICE_HOST``.
    """
    known = {name.upper() for name in Settings.model_fields}
    for variable in sorted(variables):
        name = variable.upper().removeprefix(PREFIX)
        if name == variable.upper() or name in known:
            continue
        for near in difflib.get_close_matches(name, sorted(known), n=1, cutoff=ALIKE):
            raise UnknownSetting(
                f"{variable}: there is no such setting. Write {PREFIX}{near} if you mean that; "
                f"name what is your own, such as a source's key, without {PREFIX} before it."
            )


def child_environment(**overrides: str) -> dict[str, str]:
    """This process's environment for a child, with *overrides* on top."""
    return {**os.environ, **overrides}


def apply_environment(**overrides: str | None) -> None:
    """Set variables for this process (None: unset), and forget the settings read before."""
    for name, value in overrides.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    settings.cache_clear()


def aws_region() -> str | None:
    """``AWS_REGION``, which the other SDKs read and boto3 does not, else boto3's own variable."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def aws_sns_endpoint() -> str | None:
    """boto3's own variable for SNS: set where SNS is not Amazon's (the sandbox)."""
    return os.environ.get("AWS_ENDPOINT_URL_SNS")


def secret_from_environment(name: str) -> str | None:
    """A secret that a source's file names by its variable, such as a key for an API."""
    return os.environ.get(name) or None
