"""The port ``Records``, with a DynamoDB table: an item for each resource. A write replaces only the version read."""

import json
import time
from dataclasses import asdict
from typing import Any

from transform_lambda.aws.client import Client
from transform_lambda.idempotency.record import Record

KEPT_SECONDS = 90 * 24 * 3600
"""Seconds that a record stays after its resource's last request. Late copies of a request arrive within hours."""


class TableRecords:
    """Records in a table with the key `id` (a string) and the time to live in `expires`."""

    def __init__(self, client: Client, table: str) -> None:
        self._client = client
        self._table = table

    def read(self, key: str) -> Record:
        """The record after the last write. An empty record if there was no write."""
        item = self._client.get_item(TableName=self._table, Key={"id": {"S": key}}, ConsistentRead=True).get("Item")
        if item is None:
            return Record()
        stored = json.loads(item["record"]["S"])
        return Record(**{**stored, "seen": tuple(stored["seen"]), "known": tuple(stored["known"])})

    def write(self, key: str, record: Record) -> bool:
        """Write the record if the table has the previous version, and return whether it did.

        Also True if an earlier attempt wrote the record, but its answer was lost.
        """
        before = record.version - 1
        item = {
            "id": {"S": key},
            "version": {"N": str(record.version)},
            "record": {"S": json.dumps(asdict(record), separators=(",", ":"))},
            "expires": {"N": str(int(time.time()) + KEPT_SECONDS)},
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(id)"}
        if before:
            condition = {
                "ConditionExpression": "version = :before",
                "ExpressionAttributeValues": {":before": {"N": str(before)}},
            }
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition)
        except self._client.exceptions.ConditionalCheckFailedException:
            return self.read(key) == record
        return True
