"""Where a source may be: on the web, in the folder of uploads, or in the file itself."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from service.newsletters.file import dump_newsletter, load_newsletter
from service.newsletters.problems import BadNewsletter
from service.sources.kinds import check_config
from tests.newsletters.test_file import FILE, NOW

PLACES = (
    FILE.replace(", deep = { on = true }", "")
    + """
[[sources]]
slug = "notes"
kind = "manual"
name = "From the editors"
section = "labs"

[sources.config]
text = '''
## [A note](https://daily.example/note)
'''

[[sources]]
slug = "ada"
kind = "posts"
name = "Ada Verne"
url = "upload:tweets.js"
section = "labs"
"""
)


def test_it_keeps_a_source_that_stands_in_the_file_or_was_uploaded(session: Session) -> None:
    load_newsletter(session, PLACES, NOW, check_source=check_config)
    dumped = dump_newsletter(session, "report")
    assert load_newsletter(session, dumped, NOW, check_source=check_config).unchanged


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "manual"', 'kind = "feed"', "source 'notes': a source needs a url"),
        ("upload:tweets.js", "file:///etc/passwd", "source 'ada', url: must be an address"),
        ("upload:tweets.js", "upload:../secret_key", "source 'ada', url: must be an address"),
    ],
)
def test_it_refuses_a_source_that_is_nowhere_or_any_file(
    session: Session, old: str, new: str, said: str
) -> None:
    with pytest.raises(BadNewsletter, match=said):
        load_newsletter(session, PLACES.replace(old, new), NOW, check_source=check_config)
