"""A topic that the function may publish milestones to."""

from macro.plugin import Piece

INPUTS = ("counter_id", "role_name", "options")
OUTPUTS = ("topic_arn",)


def build(values):
    topic_id = f"{values['counter_id']}Topic"
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": "alias/aws/sns", **values["options"]}}
    statement = {"Effect": "Allow", "Action": "sns:Publish", "Resource": {"Ref": topic_id}}
    policy = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "Path": "/hitcounter/",
            "Roles": [values["role_name"]],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }
    return Piece(values={"topic_arn": {"Ref": topic_id}}, resources={topic_id: topic, f"{topic_id}Policy": policy})
