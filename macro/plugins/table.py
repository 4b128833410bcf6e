"""The counter's DynamoDB table: one item per name. The table outlives its stack."""

from macro.plugin import Piece, Values, merge, tag_list

INPUTS = ("counter_id", "tags", "table_properties")
OUTPUTS = ("table_name", "table_arn")


def build(values: Values) -> Piece:
    """The table, its name and its ARN."""
    table_id = f"{values['counter_id']}Table"
    properties = {
        "AttributeDefinitions": [{"AttributeName": "name", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": {"SSEEnabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        **tag_list(values["tags"]),
    }
    table = {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": merge(properties, values["table_properties"]),
    }
    return Piece(
        values={"table_name": {"Ref": table_id}, "table_arn": {"Fn::GetAtt": [table_id, "Arn"]}},
        resources={table_id: table},
    )
