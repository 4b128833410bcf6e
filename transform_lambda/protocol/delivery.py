"""Carry out one delivery of a request, and answer the request exactly once, even after failures."""

import time
import traceback
from collections.abc import Callable

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
)
from transform_lambda.idempotency.fence import Repeated, names_nothing
from transform_lambda.idempotency.guard import RequestGuard
from transform_lambda.log import log_phase, redact
from transform_lambda.protocol.answer import Answer, failed_answer, success_answer
from transform_lambda.protocol.answer_url import issue_time
from transform_lambda.protocol.execute import carry_out, remove, remove_unsettled
from transform_lambda.protocol.one_answer import OneAnswer, watchdog


class LeftoversRemain(Exception):
    """An overtaken request was answered, but what it created could not be removed: Lambda must deliver it again."""


class Delivery:
    """One delivery of a request, with its guard and its answer."""

    def __init__(self, event: Event, request: Request, guard: RequestGuard, answer: OneAnswer) -> None:
        self._event, self._request, self._guard, self._answer = event, request, guard, answer
        self._started = time.monotonic()
        self._is_overtaken = False

    def run(self, handlers: Handlers) -> None:
        """Carry out the request and send its answer, or the watchdog's answer if the time is over.

        Raises:
            LeftoversRemain: the request has its answer, but Lambda must deliver it again.
            Exception: the answer was not delivered.
        """
        with watchdog(self._request.deadline, self._answer_timeout):
            answer, are_leftovers_gone = self._serve(handlers)
            if answer:
                self._send(answer)
        if self._is_overtaken and not are_leftovers_gone:
            # No newer request knows these leftovers, so Lambda must deliver this one again. CloudFormation ignores a
            # second answer.
            raise LeftoversRemain(
                f"{self._request.logical_id}: this overtaken request could not remove what it created"
            )

    def _serve(self, handlers: Handlers) -> tuple[Answer | None, bool]:
        """The answer, and whether everything that the request noted and did not settle is gone or released."""
        try:
            # This may import another author's package, which can take any time.
            handler = handlers.get(self._request.resource_type)
        except (Exception, SystemExit) as error:
            return self._fail_unexpectedly(error), True
        if handler is None:
            return self._answer_unknown(sorted(handlers)), True
        answer = self._execute(handler)
        return answer, self._try("release names", lambda: remove_unsettled(self._request, handler, self._guard))

    def _execute(self, handler: Handler) -> Answer | None:
        """The answer, or None if the request has an answer already."""
        try:
            self._guard.enter(issue_time(self._request.answer_url))
            return self._succeed(handler)
        except Repeated:
            self._log("repeated delivery", "the request was answered before")
            return None
        except (ResourceError, Overtaken) as error:
            self._is_overtaken = isinstance(error, Overtaken)
            return self._fail(str(error))
        except (Exception, SystemExit) as error:
            return self._fail_unexpectedly(error)

    def _succeed(self, handler: Handler) -> Answer:
        result = carry_out(self._request, handler, self._guard)
        answer = success_answer(self._request, result)
        self._log("carry out")
        if self._request.type != DELETE:
            self._guard.settle(result.physical_id)
        if self._request.type == UPDATE:
            self._try("remove leftovers", lambda: self._remove_leftovers(handler, result))
        return answer

    def _remove_leftovers(self, handler: Handler, result: Result) -> None:
        for name in self._guard.leftovers(result.physical_id):
            remove(self._request, handler, self._guard, name)

    def _send(self, answer: Answer) -> None:
        started = time.monotonic()
        if self._answer.send(answer):
            log_phase(self._request, f"answered {answer['Status']}", started, answer.get("Reason", ""))
            self._try("record answer", self._guard.mark_answered)
        else:
            self._log("late result", "not sent, because the watchdog has answered")

    def _answer_timeout(self) -> None:
        seconds = time.monotonic() - self._started
        self._guard.close()
        answer = self._fail(f"the {self._request.type} did not finish within {seconds:.0f} seconds")
        if self._try("watchdog", lambda: self._answer.send(answer)):
            self._try("record answer", self._guard.mark_answered)

    def _answer_unknown(self, known: list[str]) -> Answer:
        request = self._request
        if request.type == DELETE and names_nothing(request):
            return success_answer(request, Result(request.physical_id))
        names = ", ".join(known) or "none"
        return self._fail(f"{request.logical_id}: unknown type {request.resource_type!r}; known are {names}")

    def _fail_unexpectedly(self, error: BaseException) -> Answer:
        self._log("error", traceback.format_exc())
        return self._fail(f"{type(error).__name__}: {error}")

    def _fail(self, reason: str) -> Answer:
        return failed_answer(self._request, " ".join(redact(reason, self._event).split()))

    def _try(self, phase: str, action: Callable[[], object]) -> bool:
        """Whether the action succeeded. A failure is only logged, because the answer matters more."""
        try:
            action()
        except (Exception, SystemExit):
            self._log(phase, traceback.format_exc())
            return False
        return True

    def _log(self, phase: str, note: str = "") -> None:
        log_phase(self._request, phase, self._started, note)
