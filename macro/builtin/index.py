"""The hit counter: one more hit for a name, and how many it has now.

``.env`` beside this file says which ``table`` holds the counts, over how many items a name is spread (``shards``),
and whether a hit costs a transaction (``exact``). ``handler`` answers with the number, ``proxy`` in the form that
API Gateway passes on as it is. What is wrong is an error whose text begins with the HTTP status it stands for, and
a JSON line in the log; a hit that was counted writes none.
"""

import functools
import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, HTTPClientError

MAX_KEY_BYTES = 2048
TRIES = 4
# Transactions on one item get into each other's way; one that is repeated with its token does no harm.
EXACT_TRIES = 8
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 0.4
# The last tries, of writing and of reading, may take three seconds each after it, and all of it the function's twenty.
PATIENCE = 10.0
UNHEARD = "the table did not answer; the hit may be counted or not"
THROTTLED = {
    "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException",
    "TransactionConflictException", "TransactionInProgressException",
    # Reasons of a cancelled transaction.
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
# One attempt: a lost answer may belong to a hit that was counted, so only `retry` below may repeat a call.
CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=2)
DYNAMODB = boto3.client("dynamodb", config=CONFIG)


def handler(event: Any, context: Any) -> int:
    """Count a hit of ``event["name"]`` (or of the name in a proxy event); return the number of hits."""
    began = time.monotonic()
    token = getattr(context, "aws_request_id", None)
    try:
        return count(get_name(event), token)
    except Exception as error:
        print(describe_failure(error, event, token, time.monotonic() - began))
        raise


def proxy(event: Any, context: Any) -> dict[str, Any]:
    """The same as an API Gateway proxy answer (payload 1.0 and 2.0)."""
    try:
        return respond(200, handler(event, context))
    except CounterError as error:
        return respond(error.status, {"message": error.message})


class CounterError(Exception):
    """A hit that was not counted, or not answered; its text begins with the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"[{status}] {message}")
        self.status = status
        self.message = message


def get_name(event: Any) -> str:
    """The name to count; a :class:`CounterError` of status 400 where the event has none that can be a key."""
    name = find_name(event)
    if not isinstance(name, str) or not name:
        raise CounterError(400, "a name to count is needed")
    limit = MAX_KEY_BYTES - len("#63")
    if len(name.encode("utf-8", "replace")) > limit:
        raise CounterError(400, f"a name has at most {limit} bytes")
    return name


def find_name(event: Any) -> Any:
    """Whatever the event has in the name's place."""
    if not isinstance(event, dict):
        return None
    parameters = event.get("pathParameters")
    return event.get("name") or (parameters.get("name") if isinstance(parameters, dict) else None)


def describe_failure(error: Exception, event: Any, token: str | None, seconds: float) -> str:
    """The log's line about a hit that was refused or failed, with the names that Lambda's own JSON format uses.

    Of the name only the length: it is what a stranger typed, and may be personal.
    """
    status = error.status if isinstance(error, CounterError) else 500
    reason = error.message if isinstance(error, CounterError) else type(error).__name__
    if isinstance(error, ClientError):
        # The code alone: a service's message may repeat what it was asked.
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
    """Add one hit and return how many there are."""
    key, end = name, time.monotonic() + PATIENCE
    if SHARDS > 1:
        # The same request picks the same item, or a repeated transaction would not match its token.
        key = f"{name}#{random.Random(token).randrange(SHARDS)}"
    if EXACT and token:
        items = [{"Update": add(key)}]
        write = functools.partial(DYNAMODB.transact_write_items, TransactItems=items, ClientRequestToken=token)
        retry(write, end, EXACT_TRIES, repeatable=True)
        return read(name, end)
    answer = retry(lambda: DYNAMODB.update_item(**add(key), ReturnValues="UPDATED_NEW"), end)
    return int(answer["Attributes"]["counter"]["N"]) if SHARDS == 1 else read(name, end)


def add(key: str) -> dict[str, Any]:
    """The update that both ways of counting make."""
    return {
        "TableName": ENV["table"],
        "Key": {"name": {"S": key}},
        "UpdateExpression": "ADD #counter :one",
        "ExpressionAttributeNames": {"#counter": "counter"},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def read(name: str, end: float) -> int:
    """How many hits the items of a name hold together; with shards, that from before is among them."""
    names = [f"{name}#{shard}" for shard in range(SHARDS)] if SHARDS > 1 else [name]
    if SHARDS > 1 and not re.search(r"#\d+$", name):
        # The item from before there were shards; that of "a#1" would be the shard of another name.
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
    """The call's answer; repeated when it is known not to have been carried out, or does no harm a second time."""
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
            message = UNHEARD
        except ClientError as error:
            if repeatable and is_server_side(error):
                message = UNHEARD
            elif not is_throttled(error):
                raise
        if time.monotonic() > end:
            break
    raise CounterError(503, message)


def is_throttled(error: ClientError) -> bool:
    """Whether DynamoDB refused the call before it did anything."""
    reasons = error.response.get("CancellationReasons", ())
    codes = {error.response["Error"]["Code"], *(reason.get("Code") for reason in reasons)}
    return not codes.isdisjoint(THROTTLED)


def is_server_side(error: ClientError) -> bool:
    """Whether the answer is one that may come after the work was done (HTTP 5xx)."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"]) >= 500


def respond(status: int, body: Any) -> dict[str, Any]:
    """An API Gateway proxy answer that no cache keeps."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
