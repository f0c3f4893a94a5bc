"""Choices in canonical form, and the row that readers who chose alike share."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service.audience.choices import BadChoice, Wanted, canonical, choice_for
from service.models import Choice, MailFormat, Newsletter
from service.models.document import SectionSpec
from tests.audience.conftest import SECTIONS

SPECS = tuple(SectionSpec.model_validate(section) for section in SECTIONS)
HTML = MailFormat.HTML


@pytest.mark.parametrize(
    ("sections", "topics", "expected"),
    [
        (None, (), Wanted()),
        (("wire", "papers", "labs"), (), Wanted()),
        (("papers", "wire"), (), Wanted()),  # labs is not optional
        ((), (), Wanted(HTML, ("labs",))),
        (("wire", "wire"), (), Wanted(HTML, ("labs", "wire"))),
        (None, ("cs.LG", "cs.CL", "cs.LG"), Wanted(HTML, None, ("cs.CL", "cs.LG"))),
    ],
)
def test_it_has_one_form_for_what_means_the_same(
    sections: tuple[str, ...] | None, topics: tuple[str, ...], expected: Wanted
) -> None:
    assert canonical(SPECS, HTML, sections, topics) == expected


@pytest.mark.parametrize(
    ("sections", "topics", "said"),
    [
        (("sport",), (), "There is no section “sport”. There is: labs, papers, wire."),
        (None, ("cs.XX",), "There is no topic “cs.XX”. There is: cs.CL, cs.LG."),
    ],
)
def test_it_says_what_there_is_instead(
    sections: tuple[str, ...] | None, topics: tuple[str, ...], said: str
) -> None:
    with pytest.raises(BadChoice, match=said):
        canonical(SPECS, HTML, sections, topics)


def test_it_asks_for_one_section_at_least() -> None:
    optional = tuple(spec.model_copy(update={"optional": True}) for spec in SPECS)
    with pytest.raises(BadChoice, match="Keep at least one section"):
        canonical(optional, HTML, (), ())


def test_it_keeps_its_keys_for_ever() -> None:
    assert Wanted().key == "949a99b5a978e4d3b34da9272f0c044b5071d22163ea5b9cb40a903256868716"


wanted = st.builds(
    Wanted,
    st.sampled_from(MailFormat),
    st.none() | st.lists(st.text(), max_size=4).map(lambda names: tuple(sorted(set(names)))),
    st.lists(st.text(), max_size=4).map(lambda names: tuple(sorted(set(names)))),
)


@given(one=wanted, other=wanted)
def test_it_gives_different_choices_different_keys(one: Wanted, other: Wanted) -> None:
    assert (one.key == other.key) == (one == other)


def test_it_gives_readers_who_chose_alike_one_row(session: Session, newsletter: Newsletter) -> None:
    first = choice_for(session, newsletter, HTML, ["wire", "labs"], ["cs.LG"])
    second = choice_for(session, newsletter, HTML, ["labs", "wire", "wire"], ["cs.LG"])
    assert first is second


def test_it_gives_one_row_to_two_who_ask_at_once(
    database: Engine, session: Session, newsletter: Newsletter
) -> None:
    session.commit()
    together = threading.Barrier(2)
    found: list[int] = []

    def ask() -> None:
        with Session(database) as own:
            row = own.get_one(Newsletter, newsletter.id)
            own.commit()  # the race begins with no transaction open
            together.wait(timeout=20)
            found.append(choice_for(own, row, HTML, ["wire"], []).id)
            own.commit()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=40)
    assert len(found) == 2
    assert len(set(found)) == 1
    assert session.scalar(select(func.count()).select_from(Choice)) == 1
