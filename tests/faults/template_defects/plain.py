"""Mistakes that a generator could make in a plain template: what is changed, and who has to notice."""

from copy import deepcopy
from typing import NamedTuple

GONE = object()


class Slip(NamedTuple):
    """Below ``Resources``, or from the top with a dot in front, ``value`` stands at ``path``; what is said begins so."""

    path: str
    value: object
    noticed: str


def slipped(plain, slip):
    """A copy of the template with the slip in it; a step that ends in * is the key that begins so."""
    changed = deepcopy(plain)
    *way, last = slip.path.removeprefix(".").split(".")
    node = changed if slip.path.startswith(".") else changed["Resources"]
    for step in way:
        node = node[_find_key(node, step)]
    if slip.value is GONE:
        del node[_find_key(node, last)]
    else:
        node[last] = slip.value
    return changed


def _find_key(node, step):
    if isinstance(node, list):
        return int(step)
    return next(key for key in node if key.startswith(step[:-1])) if step.endswith("*") else step


REST = {
    "no permission": Slip("VisitsPermission", GONE, "promise: VisitsFunction: no gateway may call it"),
    "a permission for any API": Slip(
        "VisitsPermission.Properties.SourceArn", GONE, "promise: VisitsPermission: is for any API or stage"
    ),
    "a permission for any account": Slip(
        "VisitsPermission.Properties.SourceAccount", GONE, "promise: VisitsPermission: is for any account"
    ),
    "a permission for another function": Slip(
        "VisitsPermission.Properties.FunctionName",
        {"Fn::GetAtt": ["VisitsFunction", "Name"]},
        "promise: VisitsFunction: no gateway may call it",
    ),
    "a role with any action": Slip(
        "VisitsPolicy.Properties.PolicyDocument.Statement.0.Action",
        ["dynamodb:*"],
        "promise: VisitsPolicy: allows any action",
    ),
    "a role with any resource": Slip(
        "VisitsPolicy.Properties.PolicyDocument.Statement.0.Resource", "*", "promise: VisitsPolicy: allows any resource"
    ),
    "an action that is none": Slip(
        "VisitsPolicy.Properties.PolicyDocument.Statement.0.Action", ["dynamodb:UpdateItems"], "cfn-lint: W3037"
    ),
    "a role that anyone may take": Slip(
        "VisitsRole.Properties.AssumeRolePolicyDocument.Statement.0.Principal",
        "*",
        "promise: VisitsRole: not Lambda alone may take it",
    ),
    "a role without a boundary": Slip(
        "VisitsRole.Properties.PermissionsBoundary", GONE, "promise: VisitsRole: has no boundary"
    ),
    "a role that the companion may not pass": Slip(
        "VisitsRole.Properties.Path", "/", "promise: VisitsRole: the companion may not pass it"
    ),
    "a table that goes with the stack": Slip(
        "VisitsTable.DeletionPolicy", GONE, "promise: VisitsTable: DeletionPolicy is not Retain"
    ),
    "a table that goes when it is replaced": Slip(
        "VisitsTable.UpdateReplacePolicy", "Delete", "promise: VisitsTable: UpdateReplacePolicy is not Retain"
    ),
    "logs that go with the stack": Slip(
        "VisitsAccessLog.DeletionPolicy", "Delete", "promise: VisitsAccessLog: DeletionPolicy is not Retain"
    ),
    "logs that are kept for ever": Slip(
        "VisitsLogGroup.Properties.RetentionInDays", GONE, "promise: VisitsLogGroup: logs are kept for ever"
    ),
    "a value that is none": Slip("VisitsTable.Properties.BillingMode", "SOMETIMES", "cfn-lint: E3030"),
    "a wrong type": Slip("VisitsTable.Properties.SSESpecification.SSEEnabled", "maybe", "cfn-lint: E3012"),
    "an unknown property": Slip("VisitsTable.Properties.TableNam", "x", "cfn-lint: E3002"),
    "a mandatory property left out": Slip("VisitsMethod.Properties.HttpMethod", GONE, "cfn-lint: E3003"),
    "an attribute of no key": Slip(
        "VisitsTable.Properties.AttributeDefinitions.0.AttributeName", "nam", "cfn-lint: E3039"
    ),
    "a type that is none": Slip("VisitsTable.Type", "AWS::DynamoDB::Tabel", "cfn-lint: E3006"),
    "an id that is none": Slip("Visits_Topic", {"Type": "AWS::SNS::Topic"}, "cfn-lint: E3001"),
    "an output of what is not there": Slip(
        ".Outputs.Url.Value", {"Fn::GetAtt": ["VisitsTable", "Url"]}, "cfn-lint: E6101"
    ),
    "a deployment before its method": Slip("VisitsDeployment*.DependsOn", GONE, "promise: VisitsDeployment"),
    "a circle": Slip("VisitsRole.DependsOn", "VisitsFunction", "cfn-lint: E3004"),
    "a Ref to nothing": Slip(
        "VisitsMethod.Properties.ResourceId", {"Ref": "VisitsResorce"}, "refers to nothing: VisitsResorc"
    ),
    "an attribute that is not there": Slip(
        "VisitsPolicy.Properties.PolicyDocument.Statement.0.Resource",
        {"Fn::GetAtt": ["VisitsTable", "Arm"]},
        "cfn-lint: E1010",
    ),
    "a Sub of nothing": Slip(
        "VisitsMethod.Properties.Integration.Uri",
        {"Fn::Sub": "${VisitsFunctions.Arn}"},
        "refers to nothing: VisitsFunctions",
    ),
    "a condition that is not there": Slip("VisitsTable.Condition", "IsBlue", "cfn-lint: E3015"),
    "waiting for nothing": Slip("VisitsTable.DependsOn", "VisitsRoles", "refers to nothing: VisitsRoles"),
    "a runtime that is none": Slip(
        "VisitsFunction.Properties.Runtime",
        "python3.31",
        "API: VisitsFunction: Unknown value for Runtime: 'python3.31'",
    ),
    "memory that is no number": Slip("VisitsFunction.Properties.MemorySize", "lots", "API: VisitsFunction: "),
    "a property that Lambda does not have": Slip("VisitsFunction.Properties.MemorySise", 1, "API: VisitsFunction: "),
    "a function without a role": Slip("VisitsFunction.Properties.Role", GONE, "API: VisitsFunction: "),
    "a function that nobody serves": Slip("VisitsFunction.Properties.ServiceToken", GONE, "cfn-lint: E3003"),
    "a function that is waited for an hour": Slip(
        "VisitsFunction.Properties.ServiceTimeout", GONE, "promise: VisitsFunction: CloudFormation would wait an hour"
    ),
    "a function without its table": Slip(
        "VisitsFunction.Properties.Env", {}, "promise: VisitsFunction: is not told its own table"
    ),
    "a stage without a limit": Slip(
        "VisitsStage.Properties.MethodSettings.0.ThrottlingRateLimit", GONE, "promise: VisitsStage: lets in any number"
    ),
    "a stage with a cache": Slip(
        "VisitsStage.Properties.MethodSettings.0.CachingEnabled", True, "promise: VisitsStage: answers from a cache"
    ),
    "a stage that logs what is sent": Slip(
        "VisitsStage.Properties.MethodSettings.0.DataTraceEnabled", True, "promise: VisitsStage: logs what is sent"
    ),
    "a stage without an access log": Slip(
        "VisitsStage.Properties.AccessLogSetting", GONE, "promise: VisitsStage: has no access log"
    ),
}
HTTP = {
    "a route to nothing": Slip(
        "VisitsRoute.Properties.Target", {"Fn::Sub": "integrations/${VisitsApis}"}, "refers to nothing: VisitsApis"
    ),
    "a route without a key": Slip("VisitsRoute.Properties.RouteKey", GONE, "API: VisitsRoute: "),
    "an integration that is none": Slip(
        "VisitsIntegration.Properties.IntegrationType", "LAMBDA", "API: VisitsIntegration: Unknown value"
    ),
    "a stage without an access log": Slip(
        "VisitsStage.Properties.AccessLogSettings", GONE, "promise: VisitsStage: has no access log"
    ),
    "a stage without a limit": Slip(
        "VisitsStage.Properties.DefaultRouteSettings", GONE, "promise: VisitsStage: lets in any number"
    ),
}
CUSTOM = {
    "a property that the companion does not have": Slip(
        "VisitsGateway.Properties.Pth",
        "{name}",
        "companion: VisitsGateway: Properties.Pth: unknown; did you mean Path?",
    ),
    "a path that is none": Slip(
        "VisitsGateway.Properties.Path", "{name", "companion: VisitsGateway: Properties.Path: each part must be letters"
    ),
    "a method that is none": Slip(
        "VisitsGateway.Properties.Method", "FETCH", "companion: VisitsGateway: Properties.Method: must be GET, POST"
    ),
    "a gateway before nothing": Slip(
        "VisitsGateway.Properties.IntegrationRequest",
        GONE,
        "companion: VisitsGateway: Properties.IntegrationRequest: must be given",
    ),
}
STAGES = {
    "a stage that calls another's function": Slip(
        "VisitsProdStage.Properties.Variables.VisitsFunction",
        {"Fn::GetAtt": ["VisitsDevFunction", "FunctionName"]},
        "promise: VisitsProdStage: calls another stage's function",
    ),
    "a stage that counts in another's table": Slip(
        "VisitsProdFunction.Properties.Env.table",
        {"Ref": "VisitsDevTable"},
        "promise: VisitsProdFunction: is not told its own table",
    ),
    "a permission for the other stage": Slip(
        "VisitsProdPermission.Properties.SourceArn",
        {"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${VisitsApi}/*/GET/*"},
        "promise: VisitsProdPermission: is for any API or stage",
    ),
}
PLAIN = {"rest_mapped": REST, "http_proxy": HTTP, "custom_mapped": CUSTOM, "rest_mapped_stages": STAGES}
"""By the file in ``golden_combinations`` that they are made in."""
