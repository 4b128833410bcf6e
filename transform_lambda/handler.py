"""Lambda entry point. It builds the companion's parts once, and answers a request even if they cannot be built.

This module imports the rest of the package only inside functions. A failed import therefore fails a request, and not
the start of the runtime.
"""

import json
import os
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

Event = Mapping[str, Any]
Context = Any
Serve = Callable[[Event, Context], None]


def handler(event: Event, context: Context) -> None:
    """Carry out one request from CloudFormation and answer it.

    The function reads these environment variables:

    - `HITCOUNTER_RECORDS_TABLE`: the table of fence and ledger.
    - `HITCOUNTER_ANSWER_HOSTS`: further hosts that may get answers, as `host:port` separated by commas. An engine
      that stands in for CloudFormation needs them.
    - `HITCOUNTER_STAGING_BUCKET`: the installation's bucket.
    - `HITCOUNTER_ACCOUNT`: the account that owns the bucket.

    Raises:
        Exception: the request has no answer. Lambda delivers it again.
    """
    try:
        serve = _start()
    except (Exception, SystemExit) as error:
        print(json.dumps({"phase": "start", "note": traceback.format_exc()}), flush=True)
        _answer_failed_start(event if isinstance(event, Mapping) else {}, error)
        return
    serve(event, context)


@cache
def _start() -> Serve:
    from transform_lambda.protocol.companion import Companion
    from transform_lambda.protocol.registry import Registry

    return Companion(Registry(_built_in()), _records(), _allowed_hosts()).serve


def _built_in() -> dict[str, Callable[[], Any]]:
    return {"Custom::LambdaFunction": _lambda_function, "Custom::APIGatewayResource": _api_gateway_resource}


def _lambda_function() -> Any:
    from transform_lambda.aws.client import connect
    from transform_lambda.aws.lambda_ import LambdaFunctions
    from transform_lambda.aws.s3.store import S3CodeStore
    from transform_lambda.function.resource import LambdaFunction

    bucket, account = _setting("HITCOUNTER_STAGING_BUCKET"), _setting("HITCOUNTER_ACCOUNT")
    return LambdaFunction(S3CodeStore(connect("s3"), bucket, account), LambdaFunctions(connect("lambda")))


def _api_gateway_resource() -> Any:
    from transform_lambda.aws.apigateway import ApiGateways
    from transform_lambda.aws.client import connect
    from transform_lambda.gateway.resource import ApiGatewayResource
    from transform_lambda.idempotency.guard import OneInvocation

    # The lock on an API expires by itself, so each call must end before the lock expires.
    gateways = ApiGateways(*(connect(service, answer_seconds=20.0) for service in ("apigateway", "lambda")))
    return ApiGatewayResource(gateways, _records() or OneInvocation())


def _setting(name: str) -> str:
    if not os.environ.get(name):
        raise RuntimeError(f"the installation is incomplete: the companion's environment has no {name}")
    return os.environ[name]


def _records() -> Any:
    table = os.environ.get("HITCOUNTER_RECORDS_TABLE")
    if not table:
        return None
    from transform_lambda.aws.client import connect
    from transform_lambda.aws.records import TableRecords

    return TableRecords(connect("dynamodb"), table)


def _allowed_hosts() -> list[str]:
    return [host for host in os.environ.get("HITCOUNTER_ANSWER_HOSTS", "").split(",") if host]


def _answer_failed_start(event: Event, error: BaseException) -> None:
    # These modules need only the standard library. If one of them is broken, Lambda delivers the request again.
    from transform_lambda.protocol.answer import failed_answer, send_answer
    from transform_lambda.protocol.event import incomplete_request, text_of

    reason = f"the companion could not start: {type(error).__name__}: {error}"
    answer = failed_answer(incomplete_request(event), reason)
    send_answer(text_of(event, "ResponseURL"), answer, allowed=_allowed_hosts())
