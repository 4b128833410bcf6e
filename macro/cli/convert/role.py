"""Read what a hand-written role allows beyond a counter's own role, as the counter's Role property."""

from macro.cli.convert import sam
from macro.cli.convert.function import read_tags
from macro.cli.convert.sam import Resources
from macro.cli.convert.service import Service
from macro.errors import Problems, describe
from macro.intrinsic import is_function_name
from macro.plugin import Json, Values

_BASIC = "AWSLambdaBasicExecutionRole"
_COUNTED = {"dynamodb:UpdateItem"}
_KEPT = ("Description", "MaxSessionDuration", "PermissionsBoundary")
_KNOWN = (*_KEPT, "AssumeRolePolicyDocument", "ManagedPolicyArns", "Policies", "Tags", "Path", "RoleName")
_READ = ("GetItem", "Scan", "Query", "BatchGetItem", "DescribeTable")
_WRITE = ("PutItem", "UpdateItem", "BatchWriteItem")
# SAM's policy templates for tables ("AWS SAM policy template list").
_TEMPLATES = {
    "DynamoDBReadPolicy": _READ,
    "DynamoDBWritePolicy": _WRITE,
    "DynamoDBCrudPolicy": (*_READ, *_WRITE, "DeleteItem", "ConditionCheckItem"),
}


def read_role(service: Service, resources: Resources, problems: Problems) -> dict[str, Json]:
    """The counter's ``Role``: the role's settings, without the permissions to count in the table and to write logs."""
    if service.role is None:
        properties = resources[service.function]["Properties"]
        here = problems.at("Resources", service.function, "Properties", "Policies")
        arns, policies = _read_sam_policies(properties, service, here)
        kept = ("PermissionsBoundary", "AssumeRolePolicyDocument")
        return _add_policies({name: properties[name] for name in kept if name in properties}, arns, policies, service)
    properties = resources[service.role]["Properties"]
    here = problems.at("Resources", service.role, "Properties")
    for name in properties:
        if name not in _KNOWN:
            here.at(name).add("isn't supported by a counter's role; remove it first", at_key=True)
    found = {name: properties[name] for name in _KEPT if name in properties}
    if not _is_lambda_only(properties.get("AssumeRolePolicyDocument")):
        found["AssumeRolePolicyDocument"] = properties.get("AssumeRolePolicyDocument")
    tags = read_tags(properties.get("Tags"), here.at("Tags"))
    found |= {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags else {}
    policies = [*sam.as_list(properties.get("Policies")), *(_inline(name, resources) for name in service.policies)]
    return _add_policies(found, sam.as_list(properties.get("ManagedPolicyArns")), policies, service)


def _read_sam_policies(properties: Values, service: Service, problems: Problems) -> tuple[list[Json], list[Json]]:
    """The ARNs of managed policies and the inline policies of the role that SAM creates."""
    arns: list[Json] = []
    policies: list[Json] = []
    for entry in sam.as_list(properties.get("Policies")):
        name = next(iter(entry)) if isinstance(entry, dict) and len(entry) == 1 else ""
        if isinstance(entry, dict) and "Statement" in entry:
            policies.append(_name_policy(service, len(policies), entry))
        elif name in _TEMPLATES:
            policies.append(_name_policy(service, len(policies), _expand_template(name, entry[name])))
        elif (isinstance(entry, str) and entry.startswith("arn:")) or is_function_name(name):
            arns.append(entry)
        elif not _is_basic(entry):
            got = describe(name or entry)
            problems.add(f"must be ARNs or policies with a Statement, got {got}; replace it by its statements")
    if "VpcConfig" in properties:
        arns.append({"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"})
    if properties.get("Tracing") == "Active":
        arns.append({"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"})
    return arns, policies


def _add_policies(found: dict[str, Json], arns: list[Json], policies: list[Json], service: Service) -> dict[str, Json]:
    arns = [arn for arn in arns if not _is_basic(arn)]
    rest = [each for each in (_remove_own(policy, service) for policy in policies) if each]
    return {**found, **({"ManagedPolicyArns": arns} if arns else {}), **({"Policies": rest} if rest else {})}


def _remove_own(policy: Json, service: Service) -> Json:
    """The policy without the statements that a counter's own role already has; ``None`` if no statement remains."""
    document = policy.get("PolicyDocument") if isinstance(policy, dict) else None
    if not isinstance(document, dict) or "Statement" not in document:
        return policy
    rest = [each for each in sam.as_list(document["Statement"]) if not _is_own(each, service)]
    return {**policy, "PolicyDocument": {**document, "Statement": rest}} if rest else None


def _is_own(statement: Json, service: Service) -> bool:
    """Whether a counter's own role already allows what the statement allows."""
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow" or "Condition" in statement:
        return False
    actions = sam.as_list(statement.get("Action"))
    if not actions or not all(isinstance(action, str) for action in actions):
        return False
    if all(action.startswith("logs:") for action in actions):
        return True
    table = ({"Fn::GetAtt": [service.table, "Arn"]}, {"Fn::Sub": f"${{{service.table}.Arn}}"})
    return _COUNTED.issuperset(actions) and all(each in table for each in sam.as_list(statement.get("Resource")))


def _expand_template(name: str, parameters: Json) -> Values:
    """The policy that a policy template of SAM stands for."""
    table = parameters.get("TableName") if isinstance(parameters, dict) else None
    arn = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Name}"
    resources: list[Json] = [{"Fn::Sub": [text, {"Name": table}]} for text in (arn, f"{arn}/index/*")]
    if isinstance(table, dict) and isinstance(table.get("Ref"), str):
        table_arn = {"Fn::GetAtt": [table["Ref"], "Arn"]}
        resources = [table_arn, {"Fn::Sub": f"${{{table['Ref']}.Arn}}/index/*"}]
    actions = [f"dynamodb:{action}" for action in _TEMPLATES[name]]
    return {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]}


def _name_policy(service: Service, number: int, document: Values) -> Json:
    name = {"Fn::Sub": f"${{AWS::StackName}}-{service.function}{number + 1}"}
    return {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", **document}}


def _inline(name: str, resources: Resources) -> Json:
    """A policy resource as an inline policy of the role."""
    properties = resources[name]["Properties"]
    named = properties.get("PolicyName", properties.get("ManagedPolicyName", name))
    return {"PolicyName": named, "PolicyDocument": properties.get("PolicyDocument")}


def _is_lambda_only(document: Json) -> bool:
    """Whether the trust policy lets only Lambda assume the role, as a counter's role does."""
    if not isinstance(document, dict):
        return False
    statements = sam.as_list(document.get("Statement"))
    return len(statements) == 1 and isinstance(statements[0], dict) and (
        sam.as_list(statements[0].get("Action")) == ["sts:AssumeRole"]
        and sam.as_list(sam.as_map(statements[0].get("Principal")).get("Service")) == ["lambda.amazonaws.com"]
        and "Condition" not in statements[0]
    )  # fmt: skip


def _is_basic(arn: Json) -> bool:
    text = arn.get("Fn::Sub") if isinstance(arn, dict) else arn
    return isinstance(text, str) and text.endswith(_BASIC)
