"""Posts from what was collected to what an issue shows."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.issues.compose import Window
from service.issues.gather import candidates
from service.models.document import Post, SectionSpec
from tests.issues.rows import DAY, NOW, item, newsletter, source


def test_it_keeps_what_a_post_quotes_apart_from_its_own_words(session: Session) -> None:
    spec = SectionSpec(slug="posts", kind="posts", heading="Posts")
    owner = newsletter(session, sections=[spec.model_dump(mode="json")])
    export = source(session, owner, "lena", "posts", kind="posts")
    quoted = {"quoted_author": "Tomas Rey (@tomas)", "quoted_text": "Caches forget everything."}
    item(session, export, "Not mine", summary="Not mine.", author="Lena (@lena_v)", **quoted)
    (found,) = candidates(session, owner, [spec], Window(NOW - DAY, NOW))
    assert isinstance(found.entry, Post)
    assert (found.entry.author, found.entry.text) == ("Lena (@lena_v)", "Not mine.")
    assert found.entry.quoted_author == "Tomas Rey (@tomas)"
    assert found.entry.quoted_text == "Caches forget everything."
