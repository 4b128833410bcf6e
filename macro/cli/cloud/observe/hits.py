"""Read counts from a table: all counts page by page, or the counts of one name."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from macro.cli.cloud.observe.deployed import Part
from macro.cli.cloud.stack.account import Client
from macro.cli.cloud.stack.errors import CloudError, code_of

Page = Sequence[Mapping[str, Any]]
_SHARD = re.compile(r"(.+)#(0|[1-9][0-9]*)", re.DOTALL)
# Number of BatchGetItem calls, and the first pause in seconds. A busy table returns the keys that it didn't read.
_TRIES, _PAUSE = 6, 0.05


def read_pages(client: Client, part: Part) -> Iterator[Page]:
    """The items of the counter's table, page by page. The reads are eventually consistent.

    Raises:
        CloudError: the table doesn't exist.
    """
    request: dict[str, Any] = {
        "TableName": part.table,
        "ProjectionExpression": "#name, #counter",
        "ExpressionAttributeNames": {"#name": "name", "#counter": "counter"},
    }
    while True:
        page = _ask(client.scan, part, request)
        yield page["Items"]
        if not page.get("LastEvaluatedKey"):
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def count_all(pages: Iterable[Page], shards: int) -> tuple[dict[str, int], int]:
    """The hits of every name in the pages of a table, and the number of items that hold no count."""
    hits: Counter[str] = Counter()
    left_out = 0
    for item in chain.from_iterable(pages):
        name, number = item.get("name", {}).get("S"), item.get("counter", {}).get("N")
        if name is None or number is None:
            left_out += 1
        else:
            hits[find_name(name, shards)] += int(number)
    return dict(hits), left_out


def count_one(client: Client, part: Part, name: str, pause: float = _PAUSE) -> int:
    """The hits of one name, read with strong consistency.

    ``pause`` is the first pause between two tries, in seconds. Each further pause is twice as long.

    Raises:
        CloudError: the table doesn't exist, or is too busy.
    """
    keys = [{"name": {"S": key}} for key in list_keys(name, part.shards)]
    pending: Any = {part.table: {"Keys": keys, "ConsistentRead": True}}
    total = 0
    for attempt in range(_TRIES):
        answer = _ask(client.batch_get_item, part, {"RequestItems": pending})
        total += sum(int(item.get("counter", {}).get("N", 0)) for item in answer["Responses"].get(part.table, ()))
        pending = answer.get("UnprocessedKeys")
        if not pending:
            return total
        time.sleep(pause * 2**attempt)
    raise CloudError(f"the table {part.table} of {part.label} is too busy to be read; try again")


def find_name(key: str, shards: int) -> str:
    """The name that the item with this key counts. The built-in handler's ``read`` sums the same items."""
    match = _SHARD.fullmatch(key) if shards > 1 else None
    return match[1] if match and int(match[2]) < shards else key


def list_keys(name: str, shards: int) -> list[str]:
    """The keys of the items that count a name, including the item from the time before the counter had shards."""
    if shards == 1:
        return [name]
    before = [] if re.search(r"#\d+$", name) else [name]
    return [*(f"{name}#{shard}" for shard in range(shards)), *before]


def _ask(call: Callable[..., Any], part: Part, request: dict[str, Any]) -> Any:
    from botocore.exceptions import ClientError

    try:
        return call(**request)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            raise CloudError(f"the table {part.table} of {part.label} doesn't exist") from None
        raise
