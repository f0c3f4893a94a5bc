"""Settings: what is left out follows from the rest, and what is wrong is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.config import Settings, UnknownSetting, refuse_slips


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"bind": "127.0.0.1:8741"}, "http://127.0.0.1:8741"),
        ({"bind": "0.0.0.0:80"}, "http://127.0.0.1:80"),
        (
            {"bind": "127.0.0.1:1", "base_url": "https://news.example.org/"},
            "https://news.example.org",
        ),
    ],
)
def test_it_links_to_where_it_listens_unless_told(given: dict[str, str], expected: str) -> None:
    assert Settings(**given).base_url == expected


@pytest.mark.parametrize("given", [{"bind": "nonsense"}, {"base_url": "news.example.org"}])
def test_it_refuses_what_is_no_address(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="must b"):
        Settings(**given)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("BROADSHEET_TRANSPROT", "BROADSHEET_TRANSPORT"),
        ("BROADSHEET_SEND_RATE", "BROADSHEET_MAX_SEND_RATE"),
        ("BROADSHEET_SECRET", "BROADSHEET_SECRET_KEY"),
        ("broadsheet_datadir", "BROADSHEET_DATA_DIR"),
    ],
)
def test_it_refuses_a_slip_with_the_name_that_is_meant(slip: str, meant: str) -> None:
    with pytest.raises(UnknownSetting, match=f"^{slip}: there is no such setting. Write {meant} "):
        refuse_slips(["PATH", slip])


def test_it_leaves_what_is_not_ours_alone() -> None:
    theirs = ["SERVICE_HOST", "SERVICE_PORT", "PORT", "PORT_8000_TCP_PROTO", "SECRET_FOO"]
    refuse_slips(["PATH", "TRANSPROT", *(f"BROADSHEET_{name}" for name in theirs)])


def test_it_knows_every_setting_of_the_example() -> None:
    example = (Path(__file__).parents[1] / ".env.example").read_text()
    named = set(re.findall(r"(?m)^#(BROADSHEET_[A-Z_]+)=", example))
    assert named == {f"BROADSHEET_{name.upper()}" for name in Settings.model_fields}
    refuse_slips(named)


def test_it_is_another_site_with_another_secret() -> None:
    one, two = Settings(secret_key="a" * 20), Settings(secret_key="b" * 20)
    assert one.site == Settings(secret_key="a" * 20).site != two.site


def test_it_takes_no_secret_that_can_be_guessed() -> None:
    with pytest.raises(ValidationError, match="at least 20 characters") as refused:
        Settings(secret_key="changeme")
    assert Settings(secret_key="changeme" * 3).secret == b"changeme" * 3
    assert "changeme" not in str(refused.value), "the secret stands in a log now"


def test_it_keeps_one_secret_in_the_data_folder(tmp_path: Path) -> None:
    first = Settings(data_dir=tmp_path, secret_key="").secret
    assert len(first) >= 32
    assert Settings(data_dir=tmp_path, secret_key="").secret == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "name", ["secret_key", "database_url", "redis_url", "smtp_url", "ai_api_key"]
)
def test_it_shows_no_secret_where_settings_are_printed(name: str) -> None:
    scheme = {"database_url": "postgresql", "redis_url": "redis"}.get(name, "smtp")
    given = Settings.model_validate({name: f"{scheme}://ann:a-very-secret-word@example.org:25"})
    assert given.secret, "it was asked for, and is kept by now"
    assert "secret-word" not in repr(given), "what is printed of settings ends in logs"


def test_it_shows_no_kept_secret_either(tmp_path: Path) -> None:
    given = Settings(data_dir=tmp_path, secret_key="")
    assert given.secret.decode() not in repr(given)
