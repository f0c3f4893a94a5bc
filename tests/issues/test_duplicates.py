"""When two headlines are one story."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.issues.duplicates import Seen, gist


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Meridian opens an office in Oslo", "Meridian opens an office in Oslo"),
        ("Meridian opens an office in Oslo", "MERIDIAN OPENS AN OFFICE IN OSLO!"),
        ("Meridian opens an office in Oslo", "Meridian: Opens an Office, in Oslo"),
        ("Atlas 3.2 is released for everyone today", "Atlas 3.2 is released to everyone today"),
        ("A café's model beats 1,000 others", "A cafe\u0301\u2019s model beats 1000 others"),
        (
            "欧盟公布首批高风险人工智能系统名单并征求意见",
            "欧盟公布首批高风险人工智能系统名单,并征求意见",
        ),
    ],
)
def test_these_are_one_story(first: str, second: str) -> None:
    seen = Seen()
    assert seen.admit("https://a.example.org/1", first)
    assert not seen.admit("https://b.example.org/2", second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("GPT-5.4 released", "GPT-5.5 released"),
        ("GPT-4 is now free for all users", "GPT-4o is now free for all users"),
        ("Quill raises $40 million from its users", "Quill raises $45 million from its users"),
        ("The court says that the deal is lawful", "The court says that the deal is not lawful"),
        (
            "Regulators can stop the merger of the labs",
            "Regulators can't stop the merger of the labs",
        ),
        ("Introducing Llama Guard", "Introducing Llama Card"),
        ("A long story about amber and its friends", "A long story about ember and its friends"),
        (
            "Meridian releases Atlas Pro to all of its users in Europe and America today",
            "Meridian releases Atlas to all of its users in Europe and America today",
        ),
        ("Google sues Microsoft over a patent", "Microsoft sues Google over a patent"),
        ("Changelog", "Changelog"),
        ("🎉", "🎉"),
    ],
)
def test_these_are_two(first: str, second: str) -> None:
    seen = Seen()
    assert seen.admit("https://a.example.org/1", first)
    assert seen.admit("https://b.example.org/2", second)


def test_one_page_is_one_story_whatever_it_is_called() -> None:
    seen = Seen()
    assert seen.admit("https://a.example.org/1", "What the lab calls it")
    assert not seen.admit("https://a.example.org/1", "What the press calls it")


def test_a_repeat_is_remembered_by_both_its_names() -> None:
    seen = Seen()
    seen.admit("https://a.example.org/1", "What the lab calls it in its own words")
    seen.admit("https://a.example.org/1", "What the press calls it in its own words")
    assert not seen.admit("https://c.example.org/3", "What the press calls it in its own words")


def test_no_address_is_no_page() -> None:
    seen = Seen()
    assert seen.admit("", "A post about one thing and another")
    assert seen.admit("", "Something that is altogether different")


def test_a_gist_has_no_endings_and_no_small_words() -> None:
    assert gist("The labs released GPT-4o for $1,200") == gist("Lab release: GPT 4o, 1200")


@given(st.text(), st.text(), st.integers(0, 99), st.integers(0, 99))
def test_titles_with_other_figures_are_never_one_story(
    before: str, after: str, first: int, second: int
) -> None:
    seen = Seen()
    seen.admit("https://a.example.org/1", f"{before} {first} {after} and so on")
    again = seen.admit("https://b.example.org/2", f"{before} {second} {after} and so on")
    assert again or first == second


@given(st.text(), st.text())
def test_one_story_has_one_set_of_words(first: str, second: str) -> None:
    seen = Seen()
    seen.admit("https://a.example.org/1", first)
    assert seen.admit("https://b.example.org/2", second) or gist(first) == gist(second)
