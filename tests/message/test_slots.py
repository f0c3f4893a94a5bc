from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.message.mail import Mail
from service.message.slots import Slotted, mark, new_nonce
from tests.message.texts import NAMES, NONCE, OTHER_NONCE, TEXT, VALUES


@given(
    st.lists(st.tuples(TEXT, st.sampled_from(NAMES)), max_size=6),
    TEXT,
    VALUES,
)
def test_it_fills_any_text_with_any_values(
    pairs: list[tuple[str, str]], last: str, values: dict[str, str]
) -> None:
    text = "".join(literal + mark(NONCE, name) for literal, name in pairs) + last
    expected = "".join(literal + values[name] for literal, name in pairs) + last
    assert Slotted.parse(text, NONCE).fill(values) == expected


def test_it_leaves_a_sentinel_of_another_nonce_alone() -> None:
    spoof = f"buy {mark(OTHER_NONCE, 'unsubscribeUrl')} now"
    assert Slotted.parse(spoof, NONCE).names == frozenset()
    assert Slotted.parse(spoof, NONCE).fill({}) == spoof


def test_it_does_not_fill_a_slot_that_a_value_brings() -> None:
    text = Slotted.parse(mark(NONCE, "address"), NONCE)
    spoof = mark(NONCE, "unsubscribeUrl")
    assert text.fill({"address": spoof, "unsubscribeUrl": "https://a.example/secret"}) == spoof


def test_it_refuses_to_fill_a_missing_value() -> None:
    with pytest.raises(KeyError, match="unsubscribeUrl"):
        Slotted.parse(mark(NONCE, "unsubscribeUrl"), NONCE).fill({"address": "a@b.example"})


def test_it_names_each_slot_once() -> None:
    text = mark(NONCE, "address") + mark(NONCE, "address") + mark(NONCE, "actionUrl")
    assert Slotted.parse(text, NONCE).names == {"address", "actionUrl"}


@pytest.mark.parametrize("name", ["", "snake_case", "Capital", "a.b", "a-b", "1st", "é"])
def test_it_takes_flat_camel_case_names_only(name: str) -> None:
    with pytest.raises(ValueError, match="camelCase"):
        mark(NONCE, name)


def test_it_makes_sentinels_of_letters_digits_and_underscores() -> None:
    sentinel = mark(new_nonce(), "unsubscribeUrl")
    assert sentinel.replace("_", "").isalnum()
    assert sentinel.isascii()


def test_it_never_gives_a_nonce_twice() -> None:
    assert len({new_nonce() for _ in range(1000)}) == 1000


def test_it_escapes_values_in_html_and_leaves_them_raw_in_text() -> None:
    slot = mark(NONCE, "address")
    filled = Mail.of(NONCE, slot, slot, slot).fill({"address": "<b>&\"'"})
    assert filled.html == "&lt;b&gt;&amp;&quot;&#x27;"
    assert filled.text == "<b>&\"'"


def test_it_keeps_a_subject_on_one_line() -> None:
    mail = Mail.of(NONCE, f"News\r\nBcc: a@b.example {mark(NONCE, 'address')}", None, "")
    assert mail.fill({"address": "x\ny"}).subject == "News  Bcc: a@b.example x y"


def test_it_has_no_html_for_readers_of_text() -> None:
    assert Mail.of(NONCE, "s", None, "t").fill({}).html is None


def test_it_collects_the_names_of_all_parts() -> None:
    mail = Mail.of(NONCE, mark(NONCE, "a"), mark(NONCE, "b"), mark(NONCE, "c"))
    assert mail.names == {"a", "b", "c"}
