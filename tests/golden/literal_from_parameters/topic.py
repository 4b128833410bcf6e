"""A topic that is told of every hundredth hit."""

from macro.plugin import Piece

INPUTS = ("counter_id", "role_name", "options")
OUTPUTS = ("topic_arn",)


def build(values):
    topic_id = f"{values['counter_id']}Topic"
    policy = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "Path": "/hitcounter/",
            "Roles": [values["role_name"]],
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": {"Ref": topic_id}}],
            },
        },
    }
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": "alias/aws/sns", **values["options"]}}
    return Piece({"topic_arn": {"Ref": topic_id}}, {topic_id: topic, f"{topic_id}Policy": policy})
