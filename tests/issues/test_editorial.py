"""The editorial that stands in when nobody wrote one."""

from __future__ import annotations

from collections.abc import Sequence

from service.issues.tables import Board, Take, table_entry
from service.models.document import AnyEntry, Paper, Repository, Section, TableEntry
from service.models.editorial import fallback
from tests.issues.rows import NOW, SCORE, SPECS, headline


def sections(**entries: Sequence[AnyEntry]) -> tuple[Section, ...]:
    return tuple(Section(spec=spec, entries=tuple(entries.get(spec.slug, ()))) for spec in SPECS)


def table(
    before: dict[str, float] | None, after: dict[str, float], name: str = "Bench"
) -> TableEntry:
    return table_entry(
        Board("b", "benchmarks", 1, name, {"columns": SCORE}, take(after), take(before))
    )


def take(figures: dict[str, float] | None) -> Take:
    figures = figures or {}
    return Take("v1", [{"key": k, "name": k, "values": {"score": v}} for k, v in figures.items()])


def test_it_counts_what_the_mail_shows() -> None:
    wire = [headline(f"Story {n}").entry for n in range(9)]
    made = sections(labs=[headline("A story").entry], wire=wire)
    assert fallback(made) == "In this issue: 1 in AI Labs and 3 in From the Wire."


def test_it_has_nothing_to_say_of_nothing() -> None:
    assert fallback(sections()) == ""


def test_it_tells_what_moved_in_points() -> None:
    moved = table({"one": 60.0, "two": 50.0}, {"one": 61.0, "two": 47.5})
    assert fallback(sections(benchmarks=[moved])) == (
        "On Bench, two fell 2.5 points to 47.5% and one rose 1 point to 61.0%."
    )


def test_it_does_not_quote_a_row_below_the_fold() -> None:
    # The section shows two rows; the third climbed most.
    moved = table(
        {"one": 60.0, "two": 50.0, "three": 20.0}, {"one": 60.0, "two": 50.0, "three": 45.0}
    )
    assert moved.rows[2].change == "+25"
    assert fallback(sections(benchmarks=[moved])) == ""


def test_it_says_nothing_of_an_empty_table() -> None:
    assert fallback(sections(benchmarks=[table(None, {})])) == ""


def test_it_names_what_is_new() -> None:
    moved = table({"two": 50.0}, {"one": 60.0, "two": 50.0})
    assert fallback(sections(benchmarks=[moved])) == "New on Bench: one at 60.0%."


def test_it_counts_the_newcomers_it_does_not_name() -> None:
    spec = SPECS[3].model_copy(update={"limit": 5})
    new = table({"x": 1.0}, {"one": 60.0, "two": 50.0, "three": 40.0, "four": 30.0, "x": 1.0})
    assert fallback([Section(spec=spec, entries=(new,))]) == (
        "New on Bench: one at 60.0%, two at 50.0% and 2 more."
    )


def test_it_names_the_repository_that_gained_most() -> None:
    repositories: list[AnyEntry] = [
        Repository(name=name, url="https://example.org", stars=9000, gained=gained)
        for name, gained in [("a/one", 1200), ("b/two", 30), ("c/three", None)]
    ]
    assert fallback(sections(trending=repositories)) == (
        "In this issue: 3 in Trending.\n\nIn Trending, a/one gained most: 1,200 stars."
    )


def test_a_name_is_no_markdown() -> None:
    moved = table({"gpt_*x*": 60.0}, {"gpt_*x*": 61.0}, name="[Bench](http://x)")
    assert fallback(sections(benchmarks=[moved])) == (
        r"On \[Bench\](http://x), gpt\_\*x\* rose 1 point to 61.0%."
    )


def test_papers_count_as_well() -> None:
    found = Paper(title="T", url="https://x", category="cs.LG", abstract="", published_at=NOW)
    assert fallback(sections(papers=[found])) == "In this issue: 1 in Research Papers."
