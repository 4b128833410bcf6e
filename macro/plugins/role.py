"""The function's role: the function may count in its own table and write its own log, nothing else."""

from macro.plugin import Json, Piece, Values, merge, tag_list

INPUTS = ("counter_id", "table_arn", "log_group_arn", "exact", "shards", "suffix", "tags", "role_properties")
OUTPUTS = ("role_name", "role_arn")

# The companion may pass only roles below this path.
ROLE_PATH = "/hitcounter/"


def build(values: Values) -> Piece:
    """The role with its managed policy, its name and its ARN."""
    role_id = f"{values['counter_id']}Role"
    properties = {
        "Path": ROLE_PATH,
        "PermissionsBoundary": name_boundary(values["suffix"]),
        "AssumeRolePolicyDocument": _trust_lambda(),
        **tag_list(values["tags"]),
    }
    role = {"Type": "AWS::IAM::Role", "Properties": merge(properties, values["role_properties"])}
    policy = {"Path": ROLE_PATH, "Roles": [{"Ref": role_id}], "PolicyDocument": _allow_counting(values)}
    return Piece(
        values={"role_name": {"Ref": role_id}, "role_arn": {"Fn::GetAtt": [role_id, "Arn"]}},
        resources={
            role_id: role,
            f"{values['counter_id']}Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": policy},
        },
    )


def name_boundary(suffix: str) -> Json:
    """The ARN of the installation's permissions boundary, which limits the permissions of every counter's role."""
    name = f"HitCounterMacro{suffix}-Boundary-${{AWS::Region}}"
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/hitcounter-installation/{name}"}


def _allow_counting(values: Values) -> dict[str, Json]:
    statements = [
        _allow(_table_actions(values), values["table_arn"]),
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], values["log_group_arn"]),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _table_actions(values: Values) -> list[str]:
    # A transaction returns no number, so the handler reads it afterwards. An intrinsic function may resolve to true.
    is_read = values["shards"] > 1 or values["exact"] is not False
    return ["dynamodb:UpdateItem", "dynamodb:BatchGetItem"] if is_read else ["dynamodb:UpdateItem"]


def _allow(actions: list[str], resource: Json) -> dict[str, Json]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _trust_lambda() -> dict[str, Json]:
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}
