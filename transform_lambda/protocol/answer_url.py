"""Check answer URLs: answers go only to CloudFormation's buckets, and to hosts that the installation allows.

The bucket is named `cloudformation-custom-resource-response-` plus the region without dashes. Its host name ends in
`.s3.amazonaws.com` in us-east-1, in `.s3-eu-west-1.amazonaws.com` in older regions, and in
`.s3.eu-north-1.amazonaws.com` in newer regions. Sources: requests, and the page "Access CloudFormation using an
interface endpoint".
"""

import calendar
import os
import re
import time
from collections.abc import Collection
from urllib.parse import SplitResult, parse_qs, urlsplit

_DOMAINS = (
    ("cn-", "amazonaws.com.cn"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("eusc-", "amazonaws.eu"),
    ("", "amazonaws.com"),
)
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}")
_PLAIN = re.compile(r"[!-~]+")


class AnswerError(Exception):
    """The answer did not reach CloudFormation. The text never shows more of the answer's URL than the host."""


def check_answer_url(url: str, region: str, allowed: Collection[str] = ()) -> SplitResult:
    """The parts of a URL that may get answers: CloudFormation's in this region, or one with an allowed `host:port`.

    Raises:
        AnswerError: the companion may not send a request to the URL.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise AnswerError("the answer URL is not a URL") from None
    if _PLAIN.fullmatch(url) is None or "\\" in url or "@" in parts.netloc or parts.fragment:
        raise AnswerError("the answer URL has parts that CloudFormation's answer URLs never have")
    if parts.scheme in ("http", "https") and parts.netloc in allowed:
        return parts
    if parts.scheme != "https" or port not in (None, 443) or host not in _hosts(region):
        got = f"{parts.scheme or 'no scheme'}, host {host!r}"
        raise AnswerError(f"the answer URL must be one of CloudFormation's in this region, got {got}")
    return parts


def region_of(stack_id: str) -> str:
    """The region of CloudFormation's bucket: the companion's region if Lambda sets AWS_REGION, else the stack's."""
    if own := os.environ.get("AWS_REGION"):
        return own
    fields = stack_id.split(":")
    return fields[3] if len(fields) > 3 else ""


def domain_of(region: str) -> str:
    """The domain of AWS's hosts in the region, for example `amazonaws.com`."""
    return next(domain for head, domain in _DOMAINS if region.startswith(head))


def issue_time(url: str) -> int | None:
    """When the request was made, in seconds since 1970, according to its answer URL. None if the URL has no time.

    This is `X-Amz-Date` if the URL has one, else the time at which the URL expires. Both give the same order for
    requests that are signed in the same way.
    """
    try:
        query = parse_qs(urlsplit(url).query)
        if "X-Amz-Date" in query:
            return calendar.timegm(time.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ"))
        return int(query["Expires"][0])
    except (KeyError, ValueError):
        return None


def _hosts(region: str) -> set[str]:
    if not _REGION.fullmatch(region):
        return set()
    bucket = "cloudformation-custom-resource-response-" + region.replace("-", "")
    places = ("s3", f"s3.{region}", f"s3-{region}", f"s3.dualstack.{region}")
    return {f"{bucket}.{place}.{domain_of(region)}" for place in places}
