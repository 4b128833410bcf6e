"""Counts hits: gets ``event['name']``, adds one in the table that ``.env`` names, returns the count."""

from pathlib import Path

import boto3

lines = Path(__file__).with_name(".env").read_text("utf-8").split("\n")
env = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
table = boto3.resource("dynamodb").Table(env["table"])


def handler(event, context):
    answer = table.update_item(
        Key={"name": event["name"]},
        UpdateExpression="ADD #counter :one",
        ExpressionAttributeNames={"#counter": "counter"},
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    return int(answer["Attributes"]["counter"])
