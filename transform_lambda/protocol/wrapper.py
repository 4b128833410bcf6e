"""Answer each request exactly once, even after failures."""

import time
import traceback
from collections.abc import Callable
from dataclasses import replace

from transform_lambda.contract import (
    DELETE,
    UPDATE,
    Event,
    Handler,
    Handlers,
    Overtaken,
    Request,
    ResourceError,
    Result,
    incomplete_request,
    parse_request,
    text_of,
)
from transform_lambda.idempotency.fence import Repeated
from transform_lambda.idempotency.guard import OneInvocation, RequestGuard
from transform_lambda.idempotency.record import Records
from transform_lambda.identity import is_invented, is_marker
from transform_lambda.limits import Limits, read_limits
from transform_lambda.log import log_phase, redact
from transform_lambda.protocol.answer import Answer, failed_answer, success_answer
from transform_lambda.protocol.answer_url import issue_time
from transform_lambda.protocol.execute import carry_out, give_back, remove
from transform_lambda.protocol.one_answer import OneAnswer, Send, watchdog


def process(
    event: Event,
    *,
    handlers: Handlers,
    send: Send,
    records: Records | None = None,
    limits: Limits | None = None,
) -> None:
    """Carry out the request and send its answer. A request that was answered before is not carried out again.

    Without records every request counts as the newest. The leftovers of a failed request are then found only by their
    name.

    Raises:
        ResourceError: the event lacks the IDs that an answer needs.
        Exception: anything that `send` raises. The request then has no answer, and Lambda must deliver it again.
        LeftBehind: the request has its answer, but Lambda must deliver it again.
    """
    limits = limits or read_limits(event, None)
    try:
        request = replace(parse_request(event), deadline=limits.work_by)
    except ResourceError as error:
        send(text_of(event, "ResponseURL"), failed_answer(incomplete_request(event), redact(str(error), event)))
        return
    guard = RequestGuard(records or OneInvocation(), request, limits)
    _Delivery(event, replace(request, guard=guard), guard, OneAnswer(send, request.answer_url)).run(handlers)


class LeftBehind(Exception):
    """An overtaken request was answered, but what it created could not be removed: Lambda must deliver it again."""


class _Delivery:
    """One delivery of a request, with its guard and its answer."""

    def __init__(self, event: Event, request: Request, guard: RequestGuard, outlet: OneAnswer) -> None:
        self._event = event
        self._request = request
        self._guard = guard
        self._outlet = outlet
        self._started = time.monotonic()
        self._is_overtaken = False

    def run(self, handlers: Handlers) -> None:
        with watchdog(self._request.deadline, self._give_up):
            answer, is_given_back = self._serve(handlers)
            if answer:
                self._answer(answer)
        if self._is_overtaken and not is_given_back:
            # No newer request knows these leftovers, so Lambda must deliver this one again. CloudFormation ignores a
            # second answer.
            raise LeftBehind(f"{self._request.logical_id}: what this overtaken request made is not removed yet")

    def _serve(self, handlers: Handlers) -> tuple[Answer | None, bool]:
        """The answer, and whether everything that the request noted and did not settle was given back."""
        try:
            # This may import another author's package, which can take any time.
            handler = handlers.get(self._request.resource_type)
        except (Exception, SystemExit) as error:
            return self._fail_by_bug(error), True
        if handler is None:
            return self._answer_unknown(sorted(handlers)), True
        answer = self._work(handler)
        return answer, self._quietly("give back", lambda: give_back(self._request, handler, self._guard))

    def _work(self, handler: Handler) -> Answer | None:
        """The answer, or None if the request has an answer already."""
        try:
            self._guard.enter(issue_time(self._request.answer_url))
            return self._succeed(handler)
        except Repeated:
            self._log("repeated", "answered before")
            return None
        except (ResourceError, Overtaken) as error:
            self._is_overtaken = isinstance(error, Overtaken)
            return self._fail(str(error))
        except (Exception, SystemExit) as error:
            return self._fail_by_bug(error)

    def _succeed(self, handler: Handler) -> Answer:
        result = carry_out(self._request, handler, self._guard)
        answer = success_answer(self._request, result)
        self._log("work")
        if self._request.type != DELETE:
            self._guard.settle(result.physical_id)
        if self._request.type == UPDATE:
            self._quietly("sweep", lambda: self._sweep(handler, result))
        return answer

    def _sweep(self, handler: Handler, result: Result) -> None:
        for name in self._guard.leftovers(result.physical_id):
            remove(self._request, handler, self._guard, name)

    def _answer(self, answer: Answer) -> None:
        started = time.monotonic()
        if self._outlet.give(answer):
            log_phase(self._request, f"answered {answer['Status']}", started, answer.get("Reason", ""))
            self._quietly("mark", self._guard.mark_answered)
        else:
            self._log("late", "the watchdog has answered; this result is not sent")

    def _give_up(self) -> None:
        seconds = time.monotonic() - self._started
        self._guard.close()
        answer = self._fail(f"the {self._request.type} did not finish within {seconds:.0f} seconds")
        if self._quietly("watchdog", lambda: self._outlet.give(answer)):
            self._quietly("mark", self._guard.mark_answered)

    def _answer_unknown(self, known: list[str]) -> Answer:
        request = self._request
        was_never_made = is_marker(request.physical_id) or is_invented(
            request.physical_id, request.stack_id, request.logical_id
        )
        if request.type == DELETE and was_never_made:
            return success_answer(request, Result(request.physical_id))
        names = ", ".join(known) or "none"
        return self._fail(f"{request.logical_id}: unknown type {request.resource_type!r}; known are {names}")

    def _fail_by_bug(self, error: BaseException) -> Answer:
        self._log("error", traceback.format_exc())
        return self._fail(f"{type(error).__name__}: {error}")

    def _fail(self, reason: str) -> Answer:
        return failed_answer(self._request, " ".join(redact(reason, self._event).split()))

    def _quietly(self, phase: str, action: Callable[[], object]) -> bool:
        """Whether the action succeeded. A failure is only logged, because the answer matters more."""
        try:
            action()
        except (Exception, SystemExit):
            self._log(phase, traceback.format_exc())
            return False
        return True

    def _log(self, phase: str, note: str = "") -> None:
        log_phase(self._request, phase, self._started, note)
