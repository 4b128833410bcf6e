import boto3


def handler(event, context):
    name = event["name"]

    env = get_env()
    table_name = env["table"]
    table = boto3.resource("dynamodb").Table(table_name)  # "boto3.service" in the sketch

    response = table.update_item(
        Key={"name": name},
        # "ADD counter 1" in the sketch. DynamoDB needs a placeholder for the number and for a reserved word.
        UpdateExpression="ADD #counter :one",
        ExpressionAttributeNames={"#counter": "counter"},
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    return response["Attributes"]["counter"]


def get_env():
    with open(".env") as fp:
        return dict(line.split("=", 1) for line in fp)
