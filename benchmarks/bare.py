"""The yardstick of sending: boto3's bulk call in a loop, which keeps no account of anything."""

from __future__ import annotations

import json
import os
import time

import boto3
from botocore.config import Config

from service.models import Variant

BULK = 50


def bare_loop(url: str, variant: Variant, messages: int) -> tuple[float, float]:
    """The mail of *variant* to *messages* mailboxes; microseconds of clock and of CPU for each."""
    client = boto3.client(
        "sesv2",
        endpoint_url=url,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
    )
    content = {"Subject": variant.subject, "Html": variant.html or "", "Text": variant.text}
    start, cpu = time.perf_counter(), sum(os.times()[:2])
    for first in range(0, messages, BULK):
        client.send_bulk_email(
            FromEmailAddress="report@news.example.org",
            DefaultContent={"Template": {"TemplateContent": content, "TemplateData": "{}"}},
            BulkEmailEntries=[_entry(number) for number in range(first, first + BULK)],
        )
    took, used = time.perf_counter() - start, sum(os.times()[:2]) - cpu
    client.close()
    return took / messages * 1e6, used / messages * 1e6


def _entry(number: int) -> dict[str, object]:
    """What a reader's copy cannot do without: an address, a link of its own, the two headers."""
    link = f"https://news.example.org/unsubscribe/{number}"
    return {
        "Destination": {"ToAddresses": [f"bare{number}@example.org"]},
        "ReplacementEmailContent": {
            "ReplacementTemplate": {"ReplacementTemplateData": json.dumps({"unsubscribeUrl": link})}
        },
        "ReplacementHeaders": [
            {"Name": "List-Unsubscribe", "Value": f"<{link}>"},
            {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
        ],
        "ReplacementTags": [{"Name": "delivery", "Value": str(number)}],
    }
