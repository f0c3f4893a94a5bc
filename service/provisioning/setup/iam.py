"""The least that the keys need, as an IAM policy to paste. Pure.

Which resources an action knows is from the Service Authorization Reference, pages "Amazon Simple
Email Service v2", "Amazon SNS" and "Amazon SQS"; those that know none take ``*``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.provisioning.setup.wanted import Wanted

SEND = ("ses:SendBulkEmail", "ses:SendEmail")
TAKE_EVENTS = ("sqs:DeleteMessage", "sqs:ReceiveMessage")
LOOK_AT_ACCOUNT = ("ses:GetAccount",)
LOOK_AT_IDENTITIES = ("ses:GetEmailIdentity",)
LOOK_AT_SET = ("ses:GetConfigurationSet", "ses:GetConfigurationSetEventDestinations")
MAKE_SET = (
    "ses:CreateConfigurationSet",
    "ses:CreateConfigurationSetEventDestination",
    "ses:UpdateConfigurationSetEventDestination",
)
MAKE_TOPIC = (
    "sns:CreateTopic",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
)
MAKE_SUBSCRIPTION = ("sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes")
MAKE_QUEUES = (
    "sqs:CreateQueue",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:SetQueueAttributes",
)


def policy(wanted: Wanted) -> dict[str, Any]:
    """A statement for the service, the doctor and the setup each; take out what is not wanted."""
    place = wanted.place
    identities = place.arn("ses", "identity/*")
    configuration_set = place.arn("ses", f"configuration-set/{wanted.configuration_set}")
    queues = [wanted.queue_arn, wanted.dead_letter_arn]
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow("ServiceSends", SEND, [identities, configuration_set]),
            _allow("ServiceKnowsItsLimits", LOOK_AT_ACCOUNT, "*"),
            _allow("ServiceTakesEvents", TAKE_EVENTS, wanted.queue_arn),
            _allow("DoctorLooksAtSenders", LOOK_AT_IDENTITIES, identities),
            _allow("DoctorAndSetupLookAtTheSet", LOOK_AT_SET, configuration_set),
            _allow("SetupMakesTheSet", MAKE_SET, configuration_set),
            _allow("SetupMakesTheTopic", MAKE_TOPIC, wanted.topic_arn),
            _allow("SetupSubscribes", MAKE_SUBSCRIPTION, "*"),
            _allow("SetupMakesTheQueues", MAKE_QUEUES, queues),
        ],
    }


def _allow(sid: str, actions: Sequence[str], resource: str | list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}
