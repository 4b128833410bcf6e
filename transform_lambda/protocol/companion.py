"""Process requests: check the answer URL, read the time limits, and carry out each request once."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial

from transform_lambda.contract import Event, Handlers, ResourceError
from transform_lambda.idempotency.guard import OneInvocation, RequestGuard
from transform_lambda.idempotency.record import Records
from transform_lambda.limits import Clock, Context, Limits, read_limits
from transform_lambda.log import redact
from transform_lambda.protocol.answer import failed_answer, send_answer
from transform_lambda.protocol.answer_url import check_answer_url, region_of
from transform_lambda.protocol.delivery import Delivery
from transform_lambda.protocol.event import incomplete_request, parse_request, text_of
from transform_lambda.protocol.one_answer import OneAnswer, Send


class Companion:
    """The resources that it serves, and the records of their requests.

    Without records every request counts as the newest. The leftovers of a failed request are then found only by their
    name. `allowed` names further hosts that may get answers, as `host:port`.
    """

    def __init__(
        self,
        handlers: Handlers,
        records: Records | None = None,
        allowed: Collection[str] = (),
        clock: Clock | None = None,
    ) -> None:
        self._handlers, self._records, self._allowed, self._clock = handlers, records, allowed, clock

    def serve(self, event: Event, context: Context | None) -> None:
        """Carry out one delivery from Lambda and answer it.

        Raises:
            Exception: the request has no answer. If the answer URL is not one of CloudFormation's or of an allowed
                host, the companion has changed nothing.
        """
        if not isinstance(event, Mapping):
            raise ResourceError("the event is no request from CloudFormation: must be a map")
        check_answer_url(text_of(event, "ResponseURL"), region_of(text_of(event, "StackId")), self._allowed)
        limits = read_limits(event, context, self._clock)
        self.process(event, partial(send_answer, deadline=limits.answer_by, allowed=self._allowed), limits)

    def process(self, event: Event, send: Send, limits: Limits | None = None) -> None:
        """Carry out the request and `send` its answer. A request that was answered before is not carried out again.

        Raises:
            ResourceError: the event lacks the IDs that an answer needs.
            Exception: anything that `send` raises. The request then has no answer, and Lambda must deliver it again.
            LeftoversRemain: the request has its answer, but Lambda must deliver it again.
        """
        limits = limits or read_limits(event, None)
        try:
            request = replace(parse_request(event), deadline=limits.result_by)
        except ResourceError as error:
            send(text_of(event, "ResponseURL"), failed_answer(incomplete_request(event), redact(str(error), event)))
            return
        guard = RequestGuard(self._records or OneInvocation(), request, limits)
        request = replace(request, guard=guard)
        Delivery(event, request, guard, OneAnswer(send, request.answer_url)).run(self._handlers)
