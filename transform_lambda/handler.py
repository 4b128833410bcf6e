"""Lambda entry point. It builds the companion's parts once, and answers a request even if they cannot be built.

This module imports the rest of the package only inside the `try` of `handler`. The code above it needs only the
standard library.
"""

import http.client
import json
import os
import re
import traceback
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

_SUFFIXES = (
    ("cn-", "amazonaws.com.cn"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("eusc-", "amazonaws.eu"),
    ("", "amazonaws.com"),
)
"""A copy of the table in `answer_url`, because `answer_url` may be the module that fails to import."""

Event = Mapping[str, Any]
Context = Any
Serve = Callable[[Event, Context], None]

_ATTEMPTS = 3
_TIMEOUT_SECONDS = 10.0
_LARGEST_BYTES = 4096


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
    from transform_lambda.protocol.delivery import Behind, serve
    from transform_lambda.protocol.registry import Registry

    return partial(serve, Behind(Registry(_built_in()), _records(), _allowed_hosts()))


def _built_in() -> dict[str, Callable[[], Any]]:
    return {"Custom::LambdaFunction": _lambda_function, "Custom::APIGatewayResource": _api_gateway_resource}


def _lambda_function() -> Any:
    from transform_lambda.aws.lambda_ import LambdaFunctions
    from transform_lambda.aws.s3 import S3CodeStore, connect
    from transform_lambda.function.resource import LambdaFunction

    bucket, account = _setting("HITCOUNTER_STAGING_BUCKET"), _setting("HITCOUNTER_ACCOUNT")
    return LambdaFunction(S3CodeStore(connect("s3"), bucket, account), LambdaFunctions(connect("lambda")))


def _api_gateway_resource() -> Any:
    from transform_lambda.aws.apigateway import ApiGateways
    from transform_lambda.aws.s3 import connect
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
    from transform_lambda.aws.records import TableRecords
    from transform_lambda.aws.s3 import connect

    return TableRecords(connect("dynamodb"), table)


def _allowed_hosts() -> list[str]:
    return [host for host in os.environ.get("HITCOUNTER_ANSWER_HOSTS", "").split(",") if host]


def _answer_failed_start(event: Event, error: BaseException) -> None:
    parts = urlsplit(str(event.get("ResponseURL")))
    if not _may_be_answered(event, parts.scheme, parts.netloc):
        raise error
    secure = parts.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    body = _failed_answer(event, f"the companion could not start: {type(error).__name__}: {error}")
    for _ in range(_ATTEMPTS):
        connection = connect(parts.netloc, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("PUT", f"{parts.path}?{parts.query}", body, {"Content-Type": ""})
            if 200 <= connection.getresponse().status < 300:
                return
        except (OSError, http.client.HTTPException):
            continue
        finally:
            connection.close()
    raise error


def _may_be_answered(event: Event, scheme: str, netloc: str) -> bool:
    region = os.environ.get("AWS_REGION") or str(event.get("StackId")).partition("cloudformation:")[2].partition(":")[0]
    suffix = next(suffix for head, suffix in _SUFFIXES if region.startswith(head))
    bucket = "cloudformation-custom-resource-response-" + region.replace("-", "")
    host = rf"{re.escape(bucket)}\.s3([.-]{re.escape(region)}|\.dualstack\.{re.escape(region)})?\.{re.escape(suffix)}"
    return netloc in _allowed_hosts() or (scheme == "https" and bool(region and re.fullmatch(host, netloc)))


def _failed_answer(event: Event, reason: str) -> bytes:
    answer = {name: event.get(name) for name in ("StackId", "RequestId", "LogicalResourceId")}
    known = None if event.get("RequestType") == "Create" else event.get("PhysicalResourceId")
    answer.update(Status="FAILED", PhysicalResourceId=known or "hitcounter:failed-create:start", NoEcho=False)
    while len(body := json.dumps({**answer, "Reason": reason}).encode()) > _LARGEST_BYTES and reason:
        reason = reason[: len(reason) // 2]
    return body
