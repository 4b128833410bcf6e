"""The hit counter: adds one hit to a name, and returns the name's number of hits.

The file ``.env`` beside this module holds the name of the ``table`` with the counts, the number of items over which
each name is spread (``shards``), and whether each hit is a transaction (``exact``). ``handler`` returns the number.
``proxy`` returns a proxy response of API Gateway. A refused or failed hit is an error whose text starts with the HTTP
status, and writes one line of JSON to the log. A counted hit writes no log line.
"""

import functools
import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, HTTPClientError

MAX_KEY_BYTES = 2048
# Decoders replace bytes that are not UTF-8 by U+FFFD. A lone surrogate can't be encoded.
NOT_UTF8 = re.compile("[\ufffd\ud800-\udfff]")
TRIES = 4
# Transactions on the same item often conflict. Repeating a transaction with its token is harmless.
EXACT_TRIES = 8
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 0.4
# No further try starts after this many seconds. The last tries of writing and reading may take three more
# seconds each, and the function's timeout is 20 seconds.
RETRY_SECONDS = 10.0
NO_ANSWER = "the table did not answer; the hit may be counted or not"
THROTTLED = {
    "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException",
    "TransactionConflictException", "TransactionInProgressException",
    # Reasons for a canceled transaction.
    "ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict",
}  # fmt: skip


def read_env(text: str) -> dict[str, str]:
    """The names and values of an env file."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").split("\n"))
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name: value.strip() for name, value in pairs}


ENV = read_env(Path(__file__).with_name(".env").read_text("utf-8"))
SHARDS = int(ENV.get("shards") or 1)
EXACT = ENV.get("exact", "").lower() == "true"
# The SDK must not repeat a call: if an answer is lost, the hit may be counted. Only `retry` below repeats calls.
CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=2)
DYNAMODB = boto3.client("dynamodb", config=CONFIG)


def handler(event: Any, context: Any) -> int:
    """Count a hit of ``event["name"]``, or of a proxy event's path parameter ``name``. Returns the number of hits."""
    began = time.monotonic()
    token = getattr(context, "aws_request_id", None)
    try:
        return count(get_name(event), token)
    except Exception as error:
        print(describe_failure(error, event, token, time.monotonic() - began))
        raise


def proxy(event: Any, context: Any) -> dict[str, Any]:
    """The result of ``handler`` as a proxy response of API Gateway (payload formats 1.0 and 2.0)."""
    try:
        return respond(200, handler(event, context))
    except CounterError as error:
        return respond(error.status, {"message": error.message})


class CounterError(Exception):
    """A hit that is not counted, or whose number is unknown. The text starts with the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"[{status}] {message}")
        self.status = status
        self.message = message


def get_name(event: Any) -> str:
    """The name to count. Raises :class:`CounterError` with status 400 if the event has no valid name."""
    name = find_name(event)
    if not isinstance(name, str) or not name:
        raise CounterError(400, "the request must have a name to count")
    if NOT_UTF8.search(name):
        raise CounterError(400, "a name must be UTF-8")
    limit = MAX_KEY_BYTES - len("#63")
    if len(name.encode()) > limit:
        raise CounterError(400, f"a name must have at most {limit} bytes")
    return name


def find_name(event: Any) -> Any:
    """The value in the place of the name, of any type. ``None`` if the event has no such place.

    The name is percent-decoded: in mapped events and in events of HTTP APIs (payload 2.0) it already is, in events of
    REST APIs (payload 1.0) it is as in the URL. A percent sign without two hex digits stays.
    """
    if not isinstance(event, dict):
        return None
    parameters = event.get("pathParameters")
    name = parameters.get("name") if isinstance(parameters, dict) else None
    if isinstance(name, str) and event.get("version") != "2.0":
        name = unquote(name)
    return event.get("name") or name


def describe_failure(error: Exception, event: Any, token: str | None, seconds: float) -> str:
    """The log line about a refused or failed hit, with the field names of Lambda's JSON format.

    The line has only the length of the name, because anyone can send a name, and a name may be personal data.
    """
    status = error.status if isinstance(error, CounterError) else 500
    reason = error.message if isinstance(error, CounterError) else type(error).__name__
    if isinstance(error, ClientError):
        # Only the code, because a service's message may repeat the name.
        reason = f"{error.operation_name}: {error.response['Error'].get('Code', '')}"
    name = find_name(event)
    line = {
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "level": "WARN" if status < 500 else "ERROR",
        "requestId": token,
        "status": status,
        "reason": reason,
        "nameLength": len(name) if isinstance(name, str) else None,
        "durationMs": round(seconds * 1000),
    }
    return json.dumps(line)


def count(name: str, token: str | None) -> int:
    """Add one hit, and return the name's number of hits."""
    key, end = name, time.monotonic() + RETRY_SECONDS
    if SHARDS > 1:
        # A repeated request must use the same item, otherwise its transaction does not match its token.
        key = f"{name}#{random.Random(token).randrange(SHARDS)}"
    if EXACT and token:
        items = [{"Update": add(key)}]
        write = functools.partial(DYNAMODB.transact_write_items, TransactItems=items, ClientRequestToken=token)
        retry(write, end, EXACT_TRIES, repeatable=True)
        return read(name, end)
    answer = retry(lambda: DYNAMODB.update_item(**add(key), ReturnValues="UPDATED_NEW"), end)
    return int(answer["Attributes"]["counter"]["N"]) if SHARDS == 1 else read(name, end)


def add(key: str) -> dict[str, Any]:
    """The update that adds one hit, for UpdateItem and for a transaction."""
    return {
        "TableName": ENV["table"],
        "Key": {"name": {"S": key}},
        "UpdateExpression": "ADD #counter :one",
        "ExpressionAttributeNames": {"#counter": "counter"},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def read(name: str, end: float) -> int:
    """The sum of the hits in all items of a name. With shards, the item without a shard number counts too."""
    names = [f"{name}#{shard}" for shard in range(SHARDS)] if SHARDS > 1 else [name]
    if SHARDS > 1 and not re.search(r"#\d+$", name):
        # Hits from before the counter had shards. The item of a name like "a#1" is a shard of the name "a".
        names.append(name)
    table = ENV["table"]
    pending = {table: {"Keys": [{"name": {"S": key}} for key in names], "ConsistentRead": True}}
    total = 0
    for _ in range(2 * TRIES):
        try:
            answer = retry(functools.partial(DYNAMODB.batch_get_item, RequestItems=pending), end, repeatable=True)
        except CounterError:
            break
        total += sum(int(item["counter"]["N"]) for item in answer["Responses"].get(table, ()))
        pending = answer.get("UnprocessedKeys")
        if not pending:
            return total
        if time.monotonic() > end:
            break
        time.sleep(FIRST_PAUSE)
    raise CounterError(503, "the hit is counted, but the table is too busy to be read")


def retry(call: Callable[[], Any], end: float, tries: int = TRIES, repeatable: bool = False) -> Any:
    """The call's answer. A failed call is repeated if DynamoDB did not run it, or if it is ``repeatable`` without harm.

    No try starts after ``end``, a time of ``time.monotonic``. Raises :class:`CounterError` (503) if no try succeeds.
    """
    message = "the table is too busy; try again"
    for attempt in range(tries):
        if attempt:
            time.sleep(min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE) * random.uniform(0.5, 1))
        try:
            return call()
        except (EndpointConnectionError, ConnectTimeoutError):
            pass
        except HTTPClientError:
            if not repeatable:
                raise
            message = NO_ANSWER
        except ClientError as error:
            if repeatable and is_server_side(error):
                message = NO_ANSWER
            elif not is_throttled(error):
                raise
        if time.monotonic() > end:
            break
    raise CounterError(503, message)


def is_throttled(error: ClientError) -> bool:
    """Whether DynamoDB refused the call without running it."""
    reasons = error.response.get("CancellationReasons", ())
    codes = {error.response["Error"]["Code"], *(reason.get("Code") for reason in reasons)}
    return not codes.isdisjoint(THROTTLED)


def is_server_side(error: ClientError) -> bool:
    """Whether DynamoDB may have run the call despite the error (HTTP 5xx)."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"]) >= 500


def respond(status: int, body: Any) -> dict[str, Any]:
    """A proxy response of API Gateway that caches must not store."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
