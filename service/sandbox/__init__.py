"""A stand-in for the world outside: the feeds of a newsroom, and a local Amazon SES.

It knows nothing of the rest of the project. ``python -m service.sandbox`` runs it as a process;
tests run it in a thread: ``with Sandbox(date=date(2026, 11, 20)) as sandbox: sandbox.url``.

========================================  =====================================================
``/``, ``/inbox``                         what was sent, for people; ``/inbox/ID.json``, ``.eml``
``/news/``                                feeds and tables; ``/news/broken/`` those that misbehave
``/v2/email/…``                           SES, for ``AWS_ENDPOINT_URL_SESV2``
``POST /``                                SQS, SNS and STS, by ``AWS_ENDPOINT_URL`` and the like
``/sns/…``                                the certificate and the addresses that SNS posts name
``GET /control/messages``                 ``?to=&tag.NAME=&since=SEQ&limit=``: the ledger's rows
``GET /control/ledger``                   ``?tag=&repeated=1``: counts by recipient and by tag
``GET, POST, DELETE /control/faults``     what goes wrong on purpose: see ``faults``
``GET, POST /control/newsroom``           ``{"day": -1}``; sources, requests and 304s by path
``GET /control/queues``                   how many events wait
``POST /control/sns/queue``               ``{"raw": true, "signed": false}``: as events are queued
``GET /control/sns``                      subscribers, and the last posts to them
``POST /control/sns/subscribe``           ``{"endpoint": URL, "signature_version": "2"}``
``GET, POST /control/permissions``        ``{"denied": ["sns:CreateTopic"]}``; what was used
``POST /control/identities/NAME``         ``{"DkimAttributes": {"Status": "PENDING"}}``
``POST /control/reset``                   an empty account without faults
========================================  =====================================================
"""

from .app import Sandbox

__all__ = ["Sandbox"]
