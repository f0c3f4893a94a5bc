"""A file with a mistake: which line, which field, and what is allowed."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from service.newsletters.problems import EXAMPLES, PARTS, BadNewsletter, read_spec
from service.newsletters.spec import NewsletterSpec
from tests.newsletters.test_file import FILE


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(BadNewsletter) as caught:
        read_spec(text)
    return caught.value.problems


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            'name = "The Report"',
            "",
            'name: is missing; write it like name = "The Daily Report".',
        ),
        (
            '[sender]\naddress = "report@example.org"\n',
            "",
            'sender: is missing; write [sender] and below it address = "news@example.org".',
        ),
        (
            'heading = "Benchmarks"',
            "",
            "line 20: section 'benchmarks', heading: is missing; write it like heading = "
            '"AI Labs".',
        ),
        (
            FILE[FILE.index("[[sections]]") :],
            "",
            "sections: is missing; write a [[sections]] with slug, kind and heading for each "
            "section.",
        ),
        (
            FILE,
            FILE[: FILE.index("[sender]")].strip()
            + "\nsections = []\n"
            + FILE[FILE.index("[sender]") : FILE.index("[[sections]]")],
            "line 4: sections: must not be empty; write a [[sections]] with slug, kind and heading "
            "for each section.",
        ),
        (
            'kind = "feed"',
            "",
            "line 25: source 'lab', kind: is missing; write it like kind = \"feed\".",
        ),
        (
            'name = "The Report"',
            'name = "The Report"\ntitle = "x"',
            "line 4: title: is not known here. Remove it, or use one of: byline, description, "
            "language, name, postal_address, publishing, schedule, sections, sender, sending, "
            "slug, sources, theme.",
        ),
        (
            '[[sources]]\nslug = "lab"',
            '[[source]]\nslug = "lab"',
            "line 25: source: is not known here. Write 'sources' instead, or remove it. There are: "
            "byline, description, language, name, postal_address, publishing, schedule, sections, "
            "sender, sending, slug, sources, theme.",
        ),
        (
            'heading = "AI Labs"',
            'heading = "AI Labs"\nlimits = 3',
            "line 19: section 'labs', limits: is not known here. Write 'limit' instead, or remove "
            "it. There are: empty, focused_heading, heading, kind, limit, more_label, optional, "
            "pool, slug, topics.",
        ),
        (
            'kind = "headlines"',
            'kind = "headline"',
            "line 17: section 'labs', kind: must be 'headlines', 'papers', 'tables', 'repos' or "
            "'posts'.",
        ),
        (
            "Europe/Berlin",
            "Europe/Bärlin",
            "line 10: schedule.timezone: 'Europe/Bärlin' is not a known time zone; use a name such "
            "as Europe/Berlin or UTC.",
        ),
        (
            "06:30",
            "6:30",
            "line 11: schedule.time: must be written like 07:00.",
        ),
        (
            '["mon", "fri"]',
            '["monday"]',
            "line 12: schedule.days.0: must be 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun'.",
        ),
        (
            'section = "labs"',
            'section = "lab"',
            "source 'lab': there is no section 'lab'; there are labs, benchmarks.",
        ),
        (
            'section = "benchmarks"',
            'section = "labs"',
            "source 'bench' is a table and belongs into a section of kind 'tables', but 'labs' is "
            "of kind 'headlines'.",
        ),
        (
            'section = "labs"',
            'section = "benchmarks"',
            "source 'lab' gives items, but section 'benchmarks' of kind 'tables' shows sources of "
            "kind table only.",
        ),
        (
            'slug = "labs"',
            'slug = "privacy"',
            "'privacy' is a page of ours; give the section another slug.",
        ),
        (
            'slug = "bench"',
            'slug = "lab"',
            "two sources have the slug 'lab'.",
        ),
        (
            "https://lab.example.org/feed",
            "lab.example.org/feed",
            "line 29: source 'lab', url: must be an address that begins with http:// or https://, "
            "or name a file in the folder uploads like upload:posts.json.",
        ),
        (
            "deep = { on = true }",
            "since = 2026-01-01",
            "line 38: source 'bench', config: may hold text, numbers, true, false, lists and "
            "tables only; write a date as text.",
        ),
        (
            "1 Main Street",
            " ",
            "line 4: postal_address: must not be empty: the law asks for one in every issue.",
        ),
        (
            'slug = "lab"',
            'slug = "The Lab"',
            "line 26: source 'The Lab', slug: must be small letters, digits and hyphens, beginning "
            "with a letter.",
        ),
        (
            'name = "The Report"',
            'name = "The\\nReport"',
            "line 3: name: must be one line of text, and not empty.",
        ),
        (
            'name = "The Report"',
            'name = "The\\u0000Report"',
            "The file holds a NUL character, which no database keeps: remove it.",
        ),
        (
            'name = "The Report"',
            'name = "The Report',
            "This is not TOML: Illegal character '\\n' (at line 3, column 19).",
        ),
    ],
)
def test_it_says_what_is_wrong_and_where(old: str, new: str, problem: str) -> None:
    assert old in FILE
    assert problems(FILE.replace(old, new, 1)) == (problem,)


@pytest.mark.parametrize(("group", "model"), [("", NewsletterSpec), *PARTS.items()])
def test_it_has_an_example_of_every_field_that_must_be_there(
    group: str, model: type[BaseModel]
) -> None:
    needed = {name for name, field in model.model_fields.items() if field.is_required()}
    assert {name for name in needed if not {name, f"{group}.{name}"} & EXAMPLES.keys()} == set()


def test_it_says_that_an_address_is_none() -> None:
    (problem,) = problems(FILE.replace("report@example.org", "report.example.org"))
    assert problem.startswith("line 7: sender.address: That does not look like an address")


def test_it_finds_every_problem_at_once() -> None:
    text = FILE.replace("Berlin", "Bärlin").replace('"headlines"', '"x"')
    assert [problem.split(":")[0] for problem in problems(text)] == ["line 10", "line 17"]


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read_spec("\ufeff" + FILE).slug == "report"
