"""Service mail, and the copy of an issue that an editor sends to try it."""

from __future__ import annotations

from service.audience.choices import Wanted
from service.languages import speaking
from service.message.mail import Mail
from service.message.slots import new_nonce
from service.models.delivery import NoticeKind
from service.models.document import Document
from service.rendering.environment import render
from service.rendering.filters import one_space
from service.rendering.issue import FULLEST, Identity, identity_context, render_issue
from service.rendering.mjml import compile_mjml

TEST_PREFIX = "[TEST] "


def render_notice(kind: NoticeKind, identity: Identity) -> Mail:
    """Service mail of *kind* in the identity's language: one rendering serves every address.

    Slots: ``actionUrl`` for ``confirm``, ``remind``, ``change_address``,
    ``address_changed``, ``my_data``, ``invitation`` and ``reset``;
    ``preferencesUrl`` and ``unsubscribeUrl`` for ``welcome``. To those who
    work here go also ``alert``, with ``actionUrl`` and ``alertText``, ``login``, with
    ``actionUrl``, ``browser`` and ``loginAt``, and ``account``, with ``actionUrl``, ``news`` and
    ``newsAt``. No text of a reader's is in it, so that
    nobody can have us carry a message to an address that never asked. ValueError for ``test``:
    see :func:`render_test_copy`.
    """
    if kind is NoticeKind.TEST:
        raise ValueError("a test copy is made of an issue: use render_test_copy")
    nonce = new_nonce()
    context = identity_context(identity, nonce)
    with speaking(identity.language):
        return Mail.of(
            nonce,
            one_space(render(f"{kind.value}/subject.txt.j2", context)),
            compile_mjml(compose_notice(kind, identity, nonce), f"{kind.value}/html.mjml.j2"),
            render(f"{kind.value}/text.txt.j2", context),
        )


def compose_notice(kind: NoticeKind, identity: Identity, nonce: str) -> str:
    """The MJML of service mail, its slots marked by *nonce*."""
    with speaking(identity.language):
        return render(f"{kind.value}/html.mjml.j2", identity_context(identity, nonce))


def render_test_copy(document: Document, identity: Identity, wanted: Wanted = FULLEST) -> Mail:
    """The issue as readers of *wanted* would get it, its subject marked ``[TEST]``.

    Slots as in an issue: ``preferencesUrl`` and ``unsubscribeUrl``.
    """
    parts = render_issue(document, wanted, identity, new_nonce())
    return Mail.of(parts.nonce, TEST_PREFIX + parts.subject, parts.html, parts.text)
