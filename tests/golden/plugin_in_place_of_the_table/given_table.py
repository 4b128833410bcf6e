"""A plug-in that replaces the table with an existing one."""

from macro.plugin import Piece

INPUTS = ("table_properties",)
OUTPUTS = ("table_name", "table_arn")


def build(values):
    name = values["table_properties"]["Name"]
    arn = {"Fn::Sub": f"arn:${{AWS::Partition}}:dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/{name}"}
    return Piece({"table_name": name, "table_arn": arn}, {})
