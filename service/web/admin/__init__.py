"""What editors and owners see.

- ``team``: who may come in, and as whom: login, one's own account, people, the audit log.
- ``desk``: a draft as an editor shapes it: words, entries, previews, test copies.
- ``issue``: an issue from the last look before it is sent to its last delivery.
- ``numbers``: what became of it all: the home page, an issue's report, and what they are made of.
- ``readers``: readers found, added, changed, brought from a file, and left alone.
- ``newsletter``: what a newsletter is: its settings, its look, its sources.
- ``operation``: the installation itself: whether it is fit to send, keys for programs, webhooks.
"""

from __future__ import annotations

from service.web.admin.blueprint import admin

# Each hangs its views on the blueprint.
from service.web.admin.desk import (
    compose,
    copies,
    correcting,
    draft,
    drafting,
    entries,
    preview,
    wording,
)
from service.web.admin.issue import (
    control,
    issues,
    recipients,
    segmenting,
    sending,
)
from service.web.admin.newsletter import (
    look,
    making,
    opml,
    section_settings,
    settings,
    source_form,
    sources,
)
from service.web.admin.numbers import (
    home,
    report,
)
from service.web.admin.operation import (
    installation,
    tokens,
    webhooks,
)
from service.web.admin.readers import (
    adding,
    import_steps,
    imports,
    reader,
    reader_changes,
    reader_choices,
    reader_data,
    subscribers,
    suppressing,
    tagging,
)
from service.web.admin.team import (
    audit,
    login,
    own_account,
    own_codes,
    passwords,
    users,
)

__all__ = [
    "adding",
    "admin",
    "audit",
    "compose",
    "control",
    "copies",
    "correcting",
    "draft",
    "drafting",
    "entries",
    "home",
    "import_steps",
    "imports",
    "installation",
    "issues",
    "login",
    "look",
    "making",
    "opml",
    "own_account",
    "own_codes",
    "passwords",
    "preview",
    "reader",
    "reader_changes",
    "reader_choices",
    "reader_data",
    "recipients",
    "report",
    "section_settings",
    "segmenting",
    "sending",
    "settings",
    "source_form",
    "sources",
    "subscribers",
    "suppressing",
    "tagging",
    "tokens",
    "users",
    "webhooks",
    "wording",
]
