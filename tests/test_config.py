"""Settings: what is left out follows from the rest, and what is wrong is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from service.config import Settings


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


def test_it_is_another_site_with_another_secret() -> None:
    one, two = Settings(secret_key="a" * 20), Settings(secret_key="b" * 20)
    assert one.site == Settings(secret_key="a" * 20).site != two.site


def test_it_keeps_one_secret_in_the_data_folder(tmp_path: Path) -> None:
    first = Settings(data_dir=tmp_path, secret_key="").secret
    assert len(first) >= 32
    assert Settings(data_dir=tmp_path, secret_key="").secret == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
