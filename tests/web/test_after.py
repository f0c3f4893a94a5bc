"""What a request leaves to be done when its answer is out."""

from __future__ import annotations

from flask import Flask
from redis import Redis
from werkzeug.test import EnvironBuilder, run_wsgi_app

from service.doorbell import QUEUES, Bell
from service.web.after import RingAfterwards

QUEUE = QUEUES[Bell.NOTICE]


def test_it_rings_for_the_workers_when_the_answer_is_out(redis: Redis, app: Flask) -> None:
    asked = EnvironBuilder("/n/report/join", method="POST", data={"email": "new@example.org"})
    body, status, headers = run_wsgi_app(RingAfterwards(app.wsgi_app), asked.get_environ())
    assert (status, headers["Location"]) == ("303 SEE OTHER", "/n/report/check-inbox")
    assert b"".join(body)
    assert redis.llen(QUEUE) == 0, "the visitor waited for the ring"
    body.close()  # type: ignore[attr-defined]  # a server does so once it has sent it (PEP 3333)
    assert redis.llen(QUEUE) == 1


def test_it_rings_at_once_where_nobody_waits(redis: Redis, app: Flask) -> None:
    answer = app.test_client().post("/n/report/join", data={"email": "new@example.org"})
    assert answer.status_code == 303
    assert redis.llen(QUEUE) == 1
