"""The one preference page: every newsletter of the reader's, their address, language and data."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.audience.addresses import parse_address
from service.audience.joining import Reader, add_confirmed
from service.audience.subscribe import unsubscribe
from service.audience.suppression import suppress
from service.audience.tokens import stamp
from service.config import settings
from service.db import session_scope
from service.models import (
    Newsletter,
    Notice,
    NoticeKind,
    Subscriber,
    Subscription,
    SuppressionReason,
)
from service.models.document import SectionSpec
from service.web.public.editions import count_entries
from tests.web.browsing import csrf_of, link, post, subscription
from tests.web.issues import add_issue, headlines
from tests.web.test_preferences import FORM, save

NEW = "ann@new.example"


@pytest.fixture
def second(newsletter: Newsletter, reader: Subscription, now: datetime) -> Subscription:
    """The reader's standing with another newsletter."""
    with session_scope() as session:
        other = Newsletter(
            slug="evening",
            name="The Evening",
            from_name="The Evening",
            from_address="evening@news.example.org",
            postal_address="2 Quay Street, Harbourtown",
            created_at=now,
        )
        session.add(other)
        session.flush()
        add_confirmed(session, other, Reader(parse_address("ann@example.org")), now)
        query = select(Subscription).where(Subscription.newsletter_id == other.id)
        return session.scalars(query).one()


def mail(kind: NoticeKind) -> list[Notice]:
    with session_scope() as session:
        return list(session.scalars(select(Notice).where(Notice.kind == kind)))


def email_of(reader: Subscription) -> str:
    with session_scope() as session:
        return session.get_one(Subscriber, reader.subscriber_id).email


def ask_address(client: FlaskClient, reader: Subscription, email: str, **more: str) -> Any:
    page = link("preferences", reader.id)
    return post(client, page, f"{page}/address", email=email, **more)


def test_it_shows_all_newsletters_of_the_reader(
    client: FlaskClient, reader: Subscription, second: Subscription
) -> None:
    page = client.get(link("preferences", second.id)).text
    assert re.findall(r"<summary><h2>(.+?)</h2>", page) == ["The Evening", "The Report"]
    assert page.count("<details") == 2
    assert len(re.findall(r"<details[^>]* open", page)) == 1


def test_it_shows_nothing_of_another_reader(
    client: FlaskClient, reader: Subscription, newsletter: Newsletter, now: datetime
) -> None:
    with session_scope() as session:
        add_confirmed(session, newsletter, Reader(parse_address("bo@example.org")), now)
    assert "<details" not in client.get(link("preferences", reader.id)).text


def test_it_saves_the_newsletter_whose_form_was_sent(
    client: FlaskClient, reader: Subscription, second: Subscription
) -> None:
    page = link("preferences", reader.id)
    action = link("preferences", second.id)
    shown = client.get(page).text
    assert f'action="{action}"' in shown
    form = {**FORM, "cadence": "weekdays", "csrf_token": csrf_of(shown)}
    assert client.post(action, data=form).location == f"{action}?said=saved"
    cadences = [subscription(one.id).cadence.value for one in (reader, second)]
    assert cadences == ["daily", "weekdays"]


def test_it_counts_what_was_in_the_last_issue(
    client: FlaskClient, reader: Subscription, newsletter: Newsletter, now: datetime
) -> None:
    spec = SectionSpec(slug="wire", kind="headlines", heading="From the Wire", limit=3)
    add_issue(newsletter, 7, now, "A day", spec=spec, entries=headlines(5, now))
    page = client.get(link("preferences", reader.id)).text
    held = re.search(rf'id="held-{reader.id}-wire">.*?</span>\s*(\d+)<', page)
    assert held
    assert held[1] == "3"


@pytest.mark.parametrize(
    ("kind", "shown"), [("headlines", 2), ("tables", 3)], ids=["cut by the limit", "tables"]
)
def test_it_counts_entries_and_topics(kind: str, shown: int) -> None:
    spec = {"slug": "s", "kind": kind, "limit": 2, "topics": ["a", "b", "c"]}
    entries = [{"topics": ["a"]}, {"topics": ["a", "b"]}, {"topics": []}]
    counts = count_entries({"sections": [{"spec": spec, "entries": entries}]})
    assert counts.sections == {"s": shown}
    assert counts.topics == {("s", "a"): 2, ("s", "b"): 1, ("s", "c"): 0}


def test_it_asks_about_tracking_only_where_there_is_any(
    client: FlaskClient, reader: Subscription, newsletter: Newsletter
) -> None:
    assert 'name="tracking"' not in client.get(link("preferences", reader.id)).text
    with session_scope() as session:
        session.get_one(Newsletter, newsletter.id).tracking = True
    assert save(client, reader, "wire", tracking="off") == 303
    assert subscription(reader.id).tracked is False
    save(client, reader, "wire")
    assert subscription(reader.id).tracked is False
    save(client, reader, "wire", tracking="on")
    assert subscription(reader.id).tracked is True


def test_it_gives_back_what_could_not_be_saved(client: FlaskClient, reader: Subscription) -> None:
    page = link("preferences", reader.id)
    form = {
        **FORM,
        "cadence": "weekdays",
        "hour": "6",
        "csrf_token": csrf_of(client.get(page).text),
    }
    answer = client.post(page, data=form)
    assert answer.status_code == 400
    assert '<option value="6" selected>' in answer.text
    assert re.search(r'value="weekdays" checked', answer.text)


def test_it_asks_a_new_reader_for_hour_and_topics_alone(
    client: FlaskClient, reader: Subscription
) -> None:
    save(client, reader, "wire", cadence="weekdays", format="text")
    page = link("preferences", reader.id)
    form = {"hour": "6", "timezone": "Asia/Tokyo", "topics": "cs.LG"}
    assert post(client, page, f"{page}/start", **form).status_code == 303
    row = subscription(reader.id)
    assert (row.send_hour, row.timezone, row.cadence.value) == (6, "Asia/Tokyo", "weekdays")
    bad = post(client, page, f"{page}/start", hour="6")
    assert bad.status_code == 400
    assert "needs a time zone" in bad.text


@pytest.mark.parametrize(("asked", "kept"), [("de", "de"), ("", None), ("xx", None)])
def test_it_keeps_a_language(
    asked: str, kept: str | None, client: FlaskClient, reader: Subscription
) -> None:
    page = link("preferences", reader.id)
    post(client, page, f"{page}/language", language=asked)
    with session_scope() as session:
        assert session.get_one(Subscriber, reader.subscriber_id).language == kept


def test_it_changes_the_address_by_the_button_alone(
    client: FlaskClient, reader: Subscription
) -> None:
    done = ask_address(client, reader, NEW)
    assert "We have sent a message to the new address" in client.get(done.location).text
    path = mail(NoticeKind.CHANGE_ADDRESS)[0].payload["path"]
    shown = client.get(path).text
    client.head(path)
    assert "a•••@new.example" in shown
    assert email_of(reader) == "ann@example.org"
    assert "Done" in client.post(path, data={"csrf_token": csrf_of(shown)}).text
    assert email_of(reader) == NEW
    assert "Already confirmed" in client.post(path, data={"csrf_token": csrf_of(shown)}).text


def test_it_lets_the_old_address_take_it_back(client: FlaskClient, reader: Subscription) -> None:
    ask_address(client, reader, NEW)
    path = mail(NoticeKind.CHANGE_ADDRESS)[0].payload["path"]
    post(client, path, path)
    (told,) = mail(NoticeKind.ADDRESS_CHANGED)
    assert told.address == "ann@example.org"
    post(client, told.payload["path"], told.payload["path"])
    assert email_of(reader) == "ann@example.org"


def test_it_answers_alike_whether_an_address_is_known(
    client: FlaskClient, reader: Subscription, newsletter: Newsletter, now: datetime
) -> None:
    with session_scope() as session:
        add_confirmed(session, newsletter, Reader(parse_address("bo@example.org")), now)
    answers = {ask_address(client, reader, email).location for email in (NEW, "bo@example.org")}
    assert len(answers) == 1


def test_it_gives_no_link_of_the_readers_to_somebody_elses_mailbox(
    client: FlaskClient, reader: Subscription, newsletter: Newsletter, now: datetime
) -> None:
    with session_scope() as session:
        add_confirmed(session, newsletter, Reader(parse_address("bo@example.org")), now)
    ask_address(client, reader, "bo@example.org")
    path = mail(NoticeKind.CHANGE_ADDRESS)[0].payload["path"]
    assert "Nothing was changed" in client.get(path).text
    answer = post(client, link("preferences", reader.id), path)
    assert "Nothing was changed" in answer.text
    assert "/preferences/" not in answer.text
    assert email_of(reader) == "ann@example.org"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ann", "does not look like an address"),
        ("ann@example.org", "goes to already"),
        ("ann@gmial.com", "Did you mean ann@gmail.com?"),
    ],
)
def test_it_says_what_is_wrong_with_a_new_address(
    typed: str, said: str, client: FlaskClient, reader: Subscription
) -> None:
    page = ask_address(client, reader, typed).text
    assert said in page
    assert f'value="{typed}"' in page
    assert mail(NoticeKind.CHANGE_ADDRESS) == []


def data_link(client: FlaskClient, reader: Subscription) -> str:
    """Ask for the link to the reader's data; its path, as it is mailed."""
    page = link("preferences", reader.id)
    assert post(client, page, f"{page}/data").status_code == 303
    notice = mail(NoticeKind.MY_DATA)[-1]
    assert notice.address == email_of(reader)
    return str(notice.payload["path"])


def test_it_gives_the_readers_data_as_a_file(client: FlaskClient, reader: Subscription) -> None:
    answer = client.get(f"{data_link(client, reader)}/my-data.json")
    assert answer.json
    assert answer.json["address"] == "ann@example.org"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_gives_nothing_out_to_whoever_was_passed_an_issue_on(
    client: FlaskClient, reader: Subscription
) -> None:
    page = client.get(link("preferences", reader.id)).text
    assert "ann@example.org" not in page
    assert "/data/" not in page
    for _ in range(5):
        data_link(client, reader)
    assert len(mail(NoticeKind.MY_DATA)) == 3


def test_it_gives_nothing_out_while_a_change_of_address_can_be_taken_back(
    client: FlaskClient, reader: Subscription
) -> None:
    page = link("preferences", reader.id)
    before = data_link(client, reader)
    ask_address(client, reader, NEW)
    post(client, page, mail(NoticeKind.CHANGE_ADDRESS)[0].payload["path"])
    assert "Until " in client.get(page).text
    # Whoever is at the new address has neither a new link nor that which went to the old one.
    client.post(f"{page}/data", data={"csrf_token": csrf_of(client.get(page).text)})
    assert len(mail(NoticeKind.MY_DATA)) == 1
    assert "has expired" in client.get(before).text
    assert "has expired" in client.get(f"{before}/my-data.json").text
    post(client, page, mail(NoticeKind.ADDRESS_CHANGED)[0].payload["path"])
    assert "Take it with you" in client.get(before).text
    assert data_link(client, reader)


def test_it_lets_the_link_to_the_data_expire(
    client: FlaskClient, reader: Subscription, now: datetime
) -> None:
    path = data_link(client, reader)
    with session_scope() as session:
        session.scalars(select(Notice)).one().created_at -= timedelta(hours=24)
    form = {"csrf_token": csrf_of(client.get(link("preferences", reader.id)).text)}
    assert "has expired" in client.post(f"{path}/delete", data=form).text
    assert email_of(reader) == "ann@example.org"


def test_it_deletes_the_readers_data_by_the_button_alone(
    client: FlaskClient, reader: Subscription
) -> None:
    page = data_link(client, reader)
    client.head(page)
    assert "What stays, and why" in client.get(page).text
    assert email_of(reader) == "ann@example.org"
    assert "Your data is deleted" in post(client, page, f"{page}/delete").text
    with session_scope() as session:
        assert session.scalars(select(Subscriber)).all() == []
    assert client.get(page).status_code == 404
    assert client.get(link("preferences", reader.id)).status_code == 404


def test_it_lets_a_reader_who_left_ask_for_it_again(
    client: FlaskClient, reader: Subscription, now: datetime
) -> None:
    with session_scope() as session:
        unsubscribe(session, reader.id, now, how="one_click")
    page = link("unsubscribe", reader.id)
    assert "Check your inbox" in post(client, page, f"{page}/again").text
    assert [notice.address for notice in mail(NoticeKind.CONFIRM)] == ["ann@example.org"]
    assert subscription(reader.id).state.value == "unsubscribed"


def test_it_keeps_a_chosen_reason_in_english(client: FlaskClient, reader: Subscription) -> None:
    page = link("unsubscribe", reader.id)
    done = client.post(page, data={"by": "page"}).text
    form = {"csrf_token": csrf_of(done), "why": "often", "reason": "Every day!"}
    client.post(f"{page}/reason", data=form)
    assert subscription(reader.id).unsubscribe_reason == "It comes too often: Every day!"


def test_it_links_to_the_operators_own_notice(
    client: FlaskClient, reader: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROADSHEET_PRIVACY_URL", "https://example.org/privacy")
    settings.cache_clear()
    assert 'href="https://example.org/privacy"' in client.get(link("preferences", reader.id)).text


def test_it_says_what_else_goes_on_coming(
    client: FlaskClient, reader: Subscription, second: Subscription
) -> None:
    page = link("unsubscribe", reader.id)
    assert "You go on getting The Evening." in client.post(page, data={"by": "page"}).text
    page = link("unsubscribe", second.id)
    assert "You go on getting" not in client.post(page, data={"by": "page"}).text


def test_it_tells_who_confirms_that_nothing_is_sent_to_a_suppressed_address(
    client: FlaskClient, reader: Subscription, now: datetime
) -> None:
    with session_scope() as session:
        found = session.get_one(Subscriber, reader.subscriber_id)
        suppress(session, found.email_hash, SuppressionReason.MANUAL, "", now)
    page = client.get(link("confirm", reader.id, stamp(now))).text
    assert "nothing is sent to it" in page
    assert "Your next issue" not in page
