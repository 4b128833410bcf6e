"""Process one delivery from Lambda: check the answer URL, read the time limits, and carry out the request."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import NamedTuple

from transform_lambda.contract import Event, Handlers, ResourceError, text_of
from transform_lambda.idempotency.record import Records
from transform_lambda.limits import Clock, Context, read_limits
from transform_lambda.protocol.answer import send_answer
from transform_lambda.protocol.answer_url import check_answer_url, region_of
from transform_lambda.protocol.wrapper import process


class Behind(NamedTuple):
    """The parts that the Lambda entry point passes to `serve`."""

    handlers: Handlers
    records: Records | None
    """None if the installation has no table."""
    allowed: Collection[str]
    """Further hosts that may get answers, as `host:port`."""
    clock: Clock = Clock()


def serve(behind: Behind, event: Event, context: Context | None) -> None:
    """Carry out one delivery of a request and answer it.

    Raises:
        Exception: the request has no answer. If the answer URL is not one of CloudFormation's or of an allowed host,
            the companion has changed nothing.
    """
    if not isinstance(event, Mapping):
        raise ResourceError("not a request of CloudFormation's: the event must be a map")
    check_answer_url(text_of(event, "ResponseURL"), region_of(text_of(event, "StackId")), behind.allowed)
    limits = read_limits(event, context, behind.clock)
    send = partial(send_answer, deadline=limits.answer_by, allowed=behind.allowed)
    process(event, handlers=behind.handlers, send=send, records=behind.records, limits=limits)
