"""Each catalog has every text that readers read, and nothing that nobody says."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from service.languages.catalogs import FOLDER
from tests.languages.messages import extracted, forms

RENEW = "Run: python -m tests.languages.renew, then translate what is empty."
CATALOGS = sorted(path.stem for path in FOLDER.glob("*.po"))
PLACE = re.compile(r"%\((\w+)\)s|%%")
TAG = re.compile(r"<[^<>]+>")


@lru_cache(maxsize=1)
def wanted() -> Catalog:
    return extracted()


@lru_cache(maxsize=8)
def catalog(code: str) -> Catalog:
    with (FOLDER / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def texts(found: Catalog) -> dict[Any, Message]:
    return {message.id: message for message in found if message.id}


def test_it_finds_texts_in_code_pages_and_mail() -> None:
    places = {path.partition("/")[0] for message in wanted() for path, _ in message.locations}
    assert places == {"service", "email_templates"}
    assert len(wanted()) > 200


@pytest.mark.parametrize("code", CATALOGS)
def test_it_has_every_text(code: str) -> None:
    missing = [key for key in texts(wanted()) if key not in texts(catalog(code))]
    empty = [key for key, message in texts(catalog(code)).items() if not all(forms(message.string))]
    assert not missing, f"{RENEW} Missing: {missing}"
    assert not empty, f"{RENEW} Empty: {empty}"


@pytest.mark.parametrize("code", CATALOGS)
def test_it_has_no_text_that_nobody_says(code: str) -> None:
    stale = [key for key in texts(catalog(code)) if key not in texts(wanted())]
    assert not stale, f"{RENEW} Stale: {stale}"
    assert not catalog(code).obsolete, RENEW


@pytest.mark.parametrize("code", CATALOGS)
def test_it_has_no_guess(code: str) -> None:
    assert [message.id for message in catalog(code) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("code", CATALOGS)
def test_it_keeps_the_places_for_values_and_the_tags(code: str) -> None:
    wrong = []
    for key, message in texts(catalog(code)).items():
        many = forms(key)[-1]
        for form in forms(message.string):
            same_tags = sorted(TAG.findall(form)) == sorted(TAG.findall(many))
            if set(PLACE.findall(form)) != set(PLACE.findall(many)) or not same_tags:
                wrong.append((key, form))
            if "%" in PLACE.sub("", form):
                wrong.append((key, form))
    assert not wrong


@pytest.mark.parametrize("code", CATALOGS)
def test_it_has_as_many_plurals_as_the_language(code: str) -> None:
    there = catalog(code)
    assert there.num_plurals == Catalog(locale=code).num_plurals
    for key, message in texts(there).items():
        assert len(forms(message.string)) == (there.num_plurals if isinstance(key, tuple) else 1)
