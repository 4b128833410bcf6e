"""Read what a hand-written role allows beyond a counter's own role, as the counter's Role property."""

from collections.abc import Mapping

from macro.cli.convert import sam
from macro.cli.convert.function import read_tags
from macro.cli.convert.service import Service
from macro.errors import Path, Problem, describe
from macro.plugin import Json, Values

Resources = Mapping[str, Mapping[str, Json]]
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


def read_role(service: Service, resources: Resources, problems: list[Problem]) -> dict[str, Json]:
    """The counter's ``Role``: the role's settings, without the permissions to count in the table and to write logs."""
    if service.role is None:
        return _read_sam(service, resources, problems)
    properties: Values = resources[service.role]["Properties"]
    place: Path = ("Resources", service.role, "Properties")
    for name in properties:
        if name not in _KNOWN:
            problems.append(Problem((*place, name), "a counter's role has none; remove it first", at_key=True))
    found = {name: properties[name] for name in _KEPT if name in properties}
    if not _is_lambdas(properties.get("AssumeRolePolicyDocument")):
        found["AssumeRolePolicyDocument"] = properties.get("AssumeRolePolicyDocument")
    arns = [arn for arn in sam.read_list(properties.get("ManagedPolicyArns")) if not _is_basic(arn)]
    policies = [*sam.read_list(properties.get("Policies")), *(_inline(name, resources) for name in service.policies)]
    tags = read_tags(properties.get("Tags"), (*place, "Tags"), problems)
    found |= {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags else {}
    return _add_policies(found, arns, policies, service)


def _read_sam(service: Service, resources: Resources, problems: list[Problem]) -> dict[str, Json]:
    properties = resources[service.function]["Properties"]
    place: Path = ("Resources", service.function, "Properties", "Policies")
    arns: list[Json] = []
    policies: list[Json] = []
    for entry in sam.read_list(properties.get("Policies")):
        name = next(iter(entry)) if isinstance(entry, dict) and len(entry) == 1 else ""
        if isinstance(entry, dict) and "Statement" in entry:
            policies.append(_name_policy(service, len(policies), entry))
        elif name in _TEMPLATES:
            policies.append(_name_policy(service, len(policies), _spell_out(name, entry[name])))
        elif (isinstance(entry, str) and entry.startswith("arn:")) or name.startswith(("Ref", "Fn::")):
            arns.append(entry)
        elif not _is_basic(entry):
            got = describe(name or entry)
            text = f"must be an ARN or a policy with a Statement, got {got}: write out what it allows"
            problems.append(Problem(place, text))
    if "VpcConfig" in properties:
        arns.append({"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"})
    if properties.get("Tracing") == "Active":
        arns.append({"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"})
    found = {name: properties[name] for name in ("PermissionsBoundary",) if name in properties}
    if "AssumeRolePolicyDocument" in properties:
        found["AssumeRolePolicyDocument"] = properties["AssumeRolePolicyDocument"]
    return _add_policies(found, [arn for arn in arns if not _is_basic(arn)], policies, service)


def _add_policies(found: dict[str, Json], arns: list[Json], policies: list[Json], service: Service) -> dict[str, Json]:
    left = [each for each in (_leave_out(policy, service) for policy in policies) if each]
    return {**found, **({"ManagedPolicyArns": arns} if arns else {}), **({"Policies": left} if left else {})}


def _leave_out(policy: Json, service: Service) -> Json:
    """The policy without the statements that a counter's own role already has; ``None`` if no statement remains."""
    document = policy.get("PolicyDocument") if isinstance(policy, dict) else None
    if not isinstance(document, dict) or "Statement" not in document:
        return policy
    rest = [each for each in sam.read_list(document["Statement"]) if not _is_counters(each, service)]
    return {**policy, "PolicyDocument": {**document, "Statement": rest}} if rest else None


def _is_counters(statement: Json, service: Service) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow" or "Condition" in statement:
        return False
    actions = sam.read_list(statement.get("Action"))
    if not actions or not all(isinstance(action, str) for action in actions):
        return False
    if all(action.startswith("logs:") for action in actions):
        return True
    own = ({"Fn::GetAtt": [service.table, "Arn"]}, {"Fn::Sub": f"${{{service.table}.Arn}}"})
    return _COUNTED.issuperset(actions) and all(each in own for each in sam.read_list(statement.get("Resource")))


def _spell_out(name: str, parameters: Json) -> Values:
    table = parameters.get("TableName") if isinstance(parameters, dict) else None
    arn = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Name}"
    resources: list[Json] = [{"Fn::Sub": [text, {"Name": table}]} for text in (arn, f"{arn}/index/*")]
    if isinstance(table, dict) and isinstance(table.get("Ref"), str):
        at = {"Fn::GetAtt": [table["Ref"], "Arn"]}
        resources = [at, {"Fn::Sub": f"${{{table['Ref']}.Arn}}/index/*"}]
    actions = [f"dynamodb:{action}" for action in _TEMPLATES[name]]
    return {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]}


def _name_policy(service: Service, place: int, document: Values) -> Json:
    name = {"Fn::Sub": f"${{AWS::StackName}}-{service.function}{place + 1}"}
    return {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", **document}}


def _inline(name: str, resources: Resources) -> Json:
    """A policy resource as an inline policy of the role."""
    properties = resources[name]["Properties"]
    named = properties.get("PolicyName", properties.get("ManagedPolicyName", name))
    return {"PolicyName": named, "PolicyDocument": properties.get("PolicyDocument")}


def _is_lambdas(document: Json) -> bool:
    if not isinstance(document, dict):
        return False
    statements = sam.read_list(document.get("Statement"))
    return len(statements) == 1 and isinstance(statements[0], dict) and (
        sam.read_list(statements[0].get("Action")) == ["sts:AssumeRole"]
        and sam.read_list(sam.read_map(statements[0].get("Principal")).get("Service")) == ["lambda.amazonaws.com"]
        and "Condition" not in statements[0]
    )  # fmt: skip


def _is_basic(arn: Json) -> bool:
    text = arn.get("Fn::Sub") if isinstance(arn, dict) else arn
    return isinstance(text, str) and text.endswith(_BASIC)
