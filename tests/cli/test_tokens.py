from __future__ import annotations

from collections.abc import Callable

from click.testing import Result
from sqlalchemy import select

from service.db import session_scope
from service.models import ApiToken

Run = Callable[..., Result]
OWNER = ("user", "add", "owner@example.org", "--password", "correct horse battery")


def test_it_makes_a_token_and_shows_it_this_once(run: Run) -> None:
    run(*OWNER)
    made = run("token", "add", "A shop", "--scope", "stats:read", "--scope", "issues:read")
    assert made.exit_code == 0
    text = made.output.splitlines()[0]
    assert text.startswith("bsk_")
    listed = run("token", "list").output
    assert text not in listed
    assert text[:10] in listed
    assert "issues:read stats:read" in listed
    assert "never used" in listed


def test_it_revokes_a_token(run: Run) -> None:
    run(*OWNER)
    run("token", "add", "A shop", "--all-scopes")
    with session_scope() as session:
        token_id = session.scalars(select(ApiToken.id)).one()
    assert "Revoked: A shop" in run("token", "revoke", str(token_id)).output
    assert "revoked" in run("token", "list").output
    missing = run("token", "revoke", "99")
    assert missing.exit_code == 1
    assert "There is no token 99" in missing.output


def test_it_says_what_is_missing(run: Run) -> None:
    assert "There is no owner yet" in run("token", "add", "A shop", "--all-scopes").output
    run(*OWNER)
    assert "Choose at least one scope" in run("token", "add", "A shop").output
    assert "There is no scope" in run("token", "add", "A shop", "--scope", "all").output
    nobody = run("token", "add", "A shop", "--all-scopes", "--user", "ann@example.org")
    assert "There is no account" in nobody.output
