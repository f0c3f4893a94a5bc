"""Look, plan, and take the steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from service.provisioning.aws import Aws, Refused
from service.provisioning.setup.plan import DONE, notes, plan
from service.provisioning.setup.wanted import Wanted

NOTHING = "Everything is there already; nothing was changed."


def run(aws: Aws, wanted: Wanted, *, dry_run: bool, say: Callable[[str], None]) -> str:
    """Take the steps that are missing, a line of *say* each; the queue's URL, '' without one.

    Raises :class:`Refused`; the steps before it are done, and another run begins after them.
    """
    found = aws.look(wanted)
    steps = plan(wanted, found)
    queue_url = found.queue.url if found.queue else ""
    for number, step in enumerate(steps):
        if dry_run:
            say(f"would {step.verb}  {step.what}")
            continue
        try:
            answer = aws.take(step)
        except Refused as error:
            said = f"{error} {number} of {len(steps)} steps are done and stay done: run this again."
            raise Refused(said, certain=error.certain) from error
        say(f"{DONE[step.verb]}  {step.what}")
        if answer.get("QueueUrl", "").endswith(f"/{wanted.name}"):
            queue_url = answer["QueueUrl"]
    for note in notes(wanted, found):
        say(note)
    if not steps:
        say(NOTHING)
    return queue_url


def settings_for(wanted: Wanted, queue_url: str) -> Mapping[str, str]:
    """What to put into ``.env``."""
    return {
        "BROADSHEET_SES_CONFIGURATION_SET": wanted.configuration_set,
        "BROADSHEET_SQS_QUEUE_URL": queue_url,
        "BROADSHEET_SNS_TOPIC_ARNS": wanted.topic_arn,
    }
