"""A draft says nothing that the facts do not."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.issues.ai.check import LONGEST_DRAFT, problems
from service.issues.ai.facts import facts_of
from service.models.document import (
    Column,
    Document,
    Repository,
    Section,
    SectionSpec,
    TableEntry,
    TableRow,
)
from tests.issues.rows import SPECS, headline

COLUMNS = (
    Column(key="rank", label="#", numeric=True),
    Column(key="model", label="Model"),
    Column(key="score", label="Score", numeric=True),
)
INDEX = TableEntry(
    name="Intelligence Index",
    columns=COLUMNS,
    rows=(
        TableRow(cells=("1", "Aster Opus 4.5", "62.7"), change="+2.3"),
        TableRow(cells=("2", "Brill-7B", "57")),
        TableRow(cells=("3", "Hidden 9", "11.1")),
    ),
)
CODING = TableEntry(
    name="Coding", columns=COLUMNS, rows=(TableRow(cells=("1", "Aster Opus 4.5", "45.6%")),)
)
EMPTY = TableEntry(name="Nothing Today", columns=COLUMNS, rows=())
DOCUMENT = Document(
    newsletter="report",
    title="The Report",
    kind="daily",
    number=3,
    issue_date=date(2026, 11, 20),
    subject="x",
    sections=(
        Section(
            spec=SPECS[0],
            entries=(
                headline(
                    "Aster opens Brill-7B to all", source="Lab", url="https://a.example/1"
                ).entry,
                headline("Weights for 1,200 GPUs", source="Lab").entry,
            ),
        ),
        Section(spec=SPECS[3], entries=(INDEX, CODING, EMPTY)),
        Section(
            spec=SPECS[4],
            entries=(
                Repository(name="quick/start", url="https://g.example/q", gained=300, stars=900),
            ),
        ),
    ),
)
FACTS = facts_of(DOCUMENT)


@pytest.mark.parametrize(
    "draft",
    [
        "Aster opens Brill-7B to all, and 1200 GPUs are enough.",
        "Aster Opus 4.5 rose by 2.3 points to 62.7. Brill-7B stands at 57.0.",
        "On coding, Aster Opus 4.5 resolves 45.6% of issues, or 45.6 percent.",
        "It\u2019s Aster\u2019s day: quick/start gained 300 stars.",
        "Two headlines, and one table of 2 rows.",
        "See [the weights](https://a.example/1).",
        "**Everyone** looked at one thing.\n\n- Nobody knew why.\n- Perhaps the AI did.",
        "On November 20, 2026 little happened.",
        "Nobody leads for long. Everyone fell. Researchers agree. Aster leads.",
    ],
)
def test_it_passes_what_the_facts_hold(draft: str) -> None:
    assert problems(draft, FACTS) == []


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        ("Aster Opus 4.5 rose to 63.7.", "63.7"),
        ("The index stands at 62.7%.", "62.7%"),
        ("The index stands at 62.7 percent.", "62.7%"),
        ("It rose 2.3 % in a day.", "2.3%"),
        ("Some 1,300 GPUs.", "1,300"),
        ("A hundred people came.", "hundred"),
        ("It doubled, and seventeen more.", "seventeen"),
        ("Scores of \uff16\uff13 were seen.", "63"),
        ("The week saw ¾ of it.", "4"),
    ],
)  # fmt: skip
def test_it_refuses_a_number_of_its_own(draft: str, said: str) -> None:
    assert any(f"It says {said}" in problem for problem in problems(draft, FACTS)), problems(
        draft, FACTS
    )


@pytest.mark.parametrize(
    ("draft", "name"),
    [
        ("Meanwhile Zephyrion leads.", "Zephyrion"),
        ("Zephyrion leads.", "Zephyrion"),
        ("All is well. Zephyrion fell.", "Zephyrion"),
        ("Nobody spoke of Brill-8B.", "Brill-8B"),
        ("claude is ahead.", "claude"),
        ("Gemini leads today.", "Gemini"),
        ("gpt-5.4 is ahead.", "gpt-5.4"),
        ("Claude\u2019s lead grows.", "Claude's"),
        ("Aster Opus 57 is ahead.", "Opus 57"),
        ("What of Hidden?", "Hidden"),
        ("GPT\u20115.4 is ahead.", "GPT-5.4"),
        ("Zephyr7 is ahead.", "Zephyr7"),
    ],
)
def test_it_refuses_a_name_of_its_own(draft: str, name: str) -> None:
    assert f"It names {name}, which the facts do not." in problems(draft, FACTS)


def test_it_refuses_a_link_of_its_own() -> None:
    assert problems("See https://evil.example/x now.", FACTS) == [
        "It links to https://evil.example/x, which the facts do not."
    ]


@pytest.mark.parametrize("draft", ["", " \n ", "x" * (LONGEST_DRAFT + 1)])
def test_it_refuses_what_is_no_editorial(draft: str) -> None:
    assert problems(draft, FACTS)


def test_the_facts_are_what_a_mail_shows() -> None:
    benchmarks = FACTS["sections"][1]
    assert [table["table"] for table in benchmarks["entries"]] == ["Intelligence Index", "Coding"]
    assert [row["Model"] for row in benchmarks["entries"][0]["rows"]] == [
        "Aster Opus 4.5",
        "Brill-7B",
    ], "a row below the section's limit is told"


def test_a_section_without_entries_is_no_fact() -> None:
    silent = SectionSpec(slug="silent", kind="headlines", heading="Silent")
    empty = DOCUMENT.model_copy(update={"sections": (Section(spec=silent),)})
    assert facts_of(empty)["sections"] == []


@given(st.text(max_size=300))
def test_it_has_an_answer_for_any_draft(draft: str) -> None:
    assert all(problem.endswith(".") for problem in problems(draft, FACTS))


@given(st.integers(min_value=3000, max_value=10**9))
def test_it_refuses_any_number_that_is_not_there(number: int) -> None:
    assert problems(f"It took {number} days.", FACTS)
    assert problems(f"It took {number:,} days.", FACTS)
