"""DNS, asked of a real server."""

from __future__ import annotations

import pytest

from service.provisioning.doctor.finding import Unread
from service.provisioning.doctor.look.dns import BadResolver, Lookup
from tests.provisioning.nameserver import Nameserver


@pytest.fixture
def lookup(nameserver: Nameserver) -> Lookup:
    return Lookup(nameserver.address, lifetime=2)


def test_it_reads_each_text_of_a_name(nameserver: Nameserver, lookup: Lookup) -> None:
    nameserver.txt("example.org", "v=spf1 -all", "other")
    found = lookup.texts("example.org")
    assert not isinstance(found, Unread)
    assert set(found) == {"v=spf1 -all", "other"}


def test_it_joins_the_pieces_of_a_long_text_that_comes_by_tcp(
    nameserver: Nameserver, lookup: Lookup
) -> None:
    long = "v=spf1 " + " ".join(f"ip4:192.0.2.{n}" for n in range(200)) + " ~all"
    nameserver.txt("example.org", long)
    assert lookup.texts("example.org") == (long,)


def test_it_reads_mail_exchangers_by_preference(nameserver: Nameserver, lookup: Lookup) -> None:
    nameserver.mx("example.org", "20 second.example.", "10 first.example.")
    assert lookup.exchanges("example.org") == ("first.example", "second.example")


def test_it_tells_a_name_without_such_records_from_one_that_nobody_answers_for(
    nameserver: Nameserver, lookup: Lookup
) -> None:
    nameserver.txt("example.org", "v=spf1 -all")
    nameserver.broken.add("broken.example.org")
    nameserver.silent.add("silent.example.org")
    assert lookup.texts("nowhere.example.org") == ()
    assert lookup.exchanges("example.org") == ()
    for name in ("broken.example.org", "silent.example.org"):
        found = lookup.texts(name)
        assert isinstance(found, Unread), f"{name}: {found}"
        assert f"did not answer for {name} TXT" in found.reason


def test_it_takes_dmarc_from_the_nearest_name_that_has_it(
    nameserver: Nameserver, lookup: Lookup
) -> None:
    nameserver.txt("_dmarc.example.org", "v=DMARC1; p=none")
    nameserver.txt("_dmarc.news.example.org", "not DMARC1")
    assert lookup.dmarc("daily.news.example.org") == ("v=DMARC1; p=none",)
    nameserver.txt("_dmarc.daily.news.example.org", "v=DMARC1; p=reject")
    assert lookup.dmarc("daily.news.example.org") == ("v=DMARC1; p=reject",)
    assert lookup.dmarc("other.example") == ()


def test_it_does_not_look_past_a_name_that_nobody_answers_for(
    nameserver: Nameserver, lookup: Lookup
) -> None:
    nameserver.txt("_dmarc.example.org", "v=DMARC1; p=none")
    nameserver.broken.add("_dmarc.news.example.org")
    assert isinstance(lookup.dmarc("news.example.org"), Unread)


@pytest.mark.parametrize("server", ["dns.example.org", "127.0.0.1:dns", "::1:53x", "[::1]:x"])
def test_it_refuses_a_resolver_that_is_no_address(server: str) -> None:
    with pytest.raises(BadResolver, match=r"such as 9\.9\.9\.9"):
        Lookup(server)
