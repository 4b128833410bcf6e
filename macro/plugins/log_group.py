"""The function's log group, and how long its log is kept."""

from macro.plugin import Piece, Values, merge, tag_list

INPUTS = ("counter_id", "tags", "log_group_properties")
OUTPUTS = ("log_group_name", "log_group_arn")


def build(values: Values) -> Piece:
    """The log group, its name and its ARN. The ARN ends in ``:*``, as CloudFormation returns it."""
    log_group_id = f"{values['counter_id']}LogGroup"
    log_group = {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": merge({"RetentionInDays": 365, **tag_list(values["tags"])}, values["log_group_properties"]),
    }
    return Piece(
        values={"log_group_name": {"Ref": log_group_id}, "log_group_arn": {"Fn::GetAtt": [log_group_id, "Arn"]}},
        resources={log_group_id: log_group},
    )
