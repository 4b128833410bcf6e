"""Mistakes of the expansion in a plain template, with the check that must detect each mistake."""

from copy import deepcopy
from typing import NamedTuple

MISSING = object()


class Mistake(NamedTuple):
    """A mistake: ``value`` at ``path`` below ``Resources``, or from the top after a dot. ``noticed`` starts the message."""

    path: str
    value: object
    noticed: str


def make_mistake(plain, mistake):
    """A copy of the template with the mistake. A step with * at its end is the first key with this beginning."""
    changed = deepcopy(plain)
    *steps, last = mistake.path.removeprefix(".").split(".")
    node = changed if mistake.path.startswith(".") else changed["Resources"]
    for step in steps:
        node = node[_find_key(node, step)]
    if mistake.value is MISSING:
        del node[_find_key(node, last)]
    else:
        node[last] = mistake.value
    return changed


def _find_key(node, step):
    if isinstance(node, list):
        return int(step)
    return next(key for key in node if key.startswith(step[:-1])) if step.endswith("*") else step


REST = {
    "no permission": Mistake("VisitsPermission", MISSING, "promise: VisitsFunction: no gateway may call it"),
    "a permission for any API": Mistake(
        "VisitsPermission.Properties.SourceArn", MISSING, "promise: VisitsPermission: is for any API or stage"
    ),
    "a permission for any account": Mistake(
        "VisitsPermission.Properties.SourceAccount", MISSING, "promise: VisitsPermission: is for any account"
    ),
    "a permission for another function": Mistake(
        "VisitsPermission.Properties.FunctionName",
        {"Fn::GetAtt": ["VisitsFunction", "Name"]},
        "promise: VisitsFunction: no gateway may call it",
    ),
    "a role with any action": Mistake(
        "VisitsPolicy.Properties.PolicyDocument.Statement.0.Action",
        ["dynamodb:*"],
        "promise: VisitsPolicy: allows any action",
    ),
    "a role with any resource": Mistake(
        "VisitsPolicy.Properties.PolicyDocument.Statement.0.Resource", "*", "promise: VisitsPolicy: allows any resource"
    ),
    "an action that is none": Mistake(
        "VisitsPolicy.Properties.PolicyDocument.Statement.0.Action", ["dynamodb:UpdateItems"], "cfn-lint: W3037"
    ),
    "a role that anyone may take": Mistake(
        "VisitsRole.Properties.AssumeRolePolicyDocument.Statement.0.Principal",
        "*",
        "promise: VisitsRole: not Lambda alone may take it",
    ),
    "a role without a boundary": Mistake(
        "VisitsRole.Properties.PermissionsBoundary", MISSING, "promise: VisitsRole: has no boundary"
    ),
    "a role that the companion may not pass": Mistake(
        "VisitsRole.Properties.Path", "/", "promise: VisitsRole: the companion may not pass it"
    ),
    "a table that goes with the stack": Mistake(
        "VisitsTable.DeletionPolicy", MISSING, "promise: VisitsTable: DeletionPolicy is not Retain"
    ),
    "a table that goes when it is replaced": Mistake(
        "VisitsTable.UpdateReplacePolicy", "Delete", "promise: VisitsTable: UpdateReplacePolicy is not Retain"
    ),
    "logs that go with the stack": Mistake(
        "VisitsAccessLog.DeletionPolicy", "Delete", "promise: VisitsAccessLog: DeletionPolicy is not Retain"
    ),
    "logs that are kept for ever": Mistake(
        "VisitsLogGroup.Properties.RetentionInDays", MISSING, "promise: VisitsLogGroup: logs are kept for ever"
    ),
    "a value that is none": Mistake("VisitsTable.Properties.BillingMode", "SOMETIMES", "cfn-lint: E3030"),
    "a wrong type": Mistake("VisitsTable.Properties.SSESpecification.SSEEnabled", "maybe", "cfn-lint: E3012"),
    "an unknown property": Mistake("VisitsTable.Properties.TableNam", "x", "cfn-lint: E3002"),
    "a mandatory property left out": Mistake("VisitsMethod.Properties.HttpMethod", MISSING, "cfn-lint: E3003"),
    "an attribute of no key": Mistake(
        "VisitsTable.Properties.AttributeDefinitions.0.AttributeName", "nam", "cfn-lint: E3039"
    ),
    "a type that is none": Mistake("VisitsTable.Type", "AWS::DynamoDB::Tabel", "cfn-lint: E3006"),
    "an id that is none": Mistake("Visits_Topic", {"Type": "AWS::SNS::Topic"}, "cfn-lint: E3001"),
    "an output of what is not there": Mistake(
        ".Outputs.Url.Value", {"Fn::GetAtt": ["VisitsTable", "Url"]}, "cfn-lint: E6101"
    ),
    "a deployment before its method": Mistake("VisitsDeployment*.DependsOn", MISSING, "promise: VisitsDeployment"),
    "a circle": Mistake("VisitsRole.DependsOn", "VisitsFunction", "cfn-lint: E3004"),
    "a Ref to nothing": Mistake(
        "VisitsMethod.Properties.ResourceId", {"Ref": "VisitsResorce"}, "refers to nothing: VisitsResorc"
    ),
    "an attribute that is not there": Mistake(
        "VisitsPolicy.Properties.PolicyDocument.Statement.0.Resource",
        {"Fn::GetAtt": ["VisitsTable", "Arm"]},
        "cfn-lint: E1010",
    ),
    "a Sub of nothing": Mistake(
        "VisitsMethod.Properties.Integration.Uri",
        {"Fn::Sub": "${VisitsFunctions.Arn}"},
        "refers to nothing: VisitsFunctions",
    ),
    "a condition that is not there": Mistake("VisitsTable.Condition", "IsBlue", "cfn-lint: E3015"),
    "waiting for nothing": Mistake("VisitsTable.DependsOn", "VisitsRoles", "refers to nothing: VisitsRoles"),
    "a runtime that is none": Mistake(
        "VisitsFunction.Properties.Runtime",
        "python3.31",
        "API: VisitsFunction: Unknown value for Runtime: 'python3.31'",
    ),
    "memory that is no number": Mistake("VisitsFunction.Properties.MemorySize", "lots", "API: VisitsFunction: "),
    "a property that Lambda does not have": Mistake("VisitsFunction.Properties.MemorySise", 1, "API: VisitsFunction: "),
    "a function without a role": Mistake("VisitsFunction.Properties.Role", MISSING, "API: VisitsFunction: "),
    "a function that nobody serves": Mistake("VisitsFunction.Properties.ServiceToken", MISSING, "cfn-lint: E3003"),
    "a function that is waited for an hour": Mistake(
        "VisitsFunction.Properties.ServiceTimeout",
        MISSING,
        "promise: VisitsFunction: CloudFormation would wait an hour",
    ),
    "a function without its table": Mistake(
        "VisitsFunction.Properties.Env", {}, "promise: VisitsFunction: doesn't get its own table"
    ),
    "a stage without a limit": Mistake(
        "VisitsStage.Properties.MethodSettings.0.ThrottlingRateLimit",
        MISSING,
        "promise: VisitsStage: lets in any number",
    ),
    "a stage with a cache": Mistake(
        "VisitsStage.Properties.MethodSettings.0.CachingEnabled", True, "promise: VisitsStage: answers from a cache"
    ),
    "a stage that logs what is sent": Mistake(
        "VisitsStage.Properties.MethodSettings.0.DataTraceEnabled", True, "promise: VisitsStage: logs what is sent"
    ),
    "a stage without an access log": Mistake(
        "VisitsStage.Properties.AccessLogSetting", MISSING, "promise: VisitsStage: has no access log"
    ),
}
HTTP = {
    "a route to nothing": Mistake(
        "VisitsRoute.Properties.Target", {"Fn::Sub": "integrations/${VisitsApis}"}, "refers to nothing: VisitsApis"
    ),
    "a route without a key": Mistake("VisitsRoute.Properties.RouteKey", MISSING, "API: VisitsRoute: "),
    "an integration that is none": Mistake(
        "VisitsIntegration.Properties.IntegrationType", "LAMBDA", "API: VisitsIntegration: Unknown value"
    ),
    "a stage without an access log": Mistake(
        "VisitsStage.Properties.AccessLogSettings", MISSING, "promise: VisitsStage: has no access log"
    ),
    "a stage without a limit": Mistake(
        "VisitsStage.Properties.DefaultRouteSettings", MISSING, "promise: VisitsStage: lets in any number"
    ),
}
CUSTOM = {
    "a property that the companion does not have": Mistake(
        "VisitsGateway.Properties.Pth",
        "{name}",
        "companion: VisitsGateway: Properties.Pth: unknown; did you mean Path?",
    ),
    "a path that is none": Mistake(
        "VisitsGateway.Properties.Path", "{name", "companion: VisitsGateway: Properties.Path: each part must be letters"
    ),
    "a method that is none": Mistake(
        "VisitsGateway.Properties.Method", "FETCH", "companion: VisitsGateway: Properties.Method: must be GET, POST"
    ),
    "a gateway before nothing": Mistake(
        "VisitsGateway.Properties.IntegrationRequest",
        MISSING,
        "companion: VisitsGateway: Properties.IntegrationRequest: must be given",
    ),
}
STAGES = {
    "a stage that calls another's function": Mistake(
        "VisitsProdStage.Properties.Variables.VisitsFunction",
        {"Fn::GetAtt": ["VisitsDevFunction", "FunctionName"]},
        "promise: VisitsProdStage: calls another stage's function",
    ),
    "a stage that counts in another's table": Mistake(
        "VisitsProdFunction.Properties.Env.table",
        {"Ref": "VisitsDevTable"},
        "promise: VisitsProdFunction: doesn't get its own table",
    ),
    "a permission for the other stage": Mistake(
        "VisitsProdPermission.Properties.SourceArn",
        {"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${VisitsApi}/*/GET/*"},
        "promise: VisitsProdPermission: is for any API or stage",
    ),
}
# By the name of the file in golden_combinations that gets the mistakes.
PLAIN = {"rest_mapped": REST, "http_proxy": HTTP, "custom_mapped": CUSTOM, "rest_mapped_stages": STAGES}
