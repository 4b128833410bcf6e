"""Check plain templates: find references to missing resources, and validate properties with botocore's models."""

import functools
import json
import re

import botocore.session
from botocore.validate import ParamValidator

from macro.intrinsic import VARIABLE

NO_VALUE = {"Ref": "AWS::NoValue"}
ANY_TEXT = "a-value-of-some-length"
APIS = {
    "AWS::DynamoDB::Table": ("dynamodb", "CreateTable"),
    "AWS::Logs::LogGroup": ("logs", "CreateLogGroup"),
    "AWS::IAM::Role": ("iam", "CreateRole"),
    "AWS::IAM::ManagedPolicy": ("iam", "CreatePolicy"),
    "Custom::LambdaFunction": ("lambda", "CreateFunction"),
    "AWS::Lambda::Permission": ("lambda", "AddPermission"),
    "AWS::ApiGateway::RestApi": ("apigateway", "CreateRestApi"),
    "AWS::ApiGateway::Resource": ("apigateway", "CreateResource"),
    "AWS::ApiGateway::RequestValidator": ("apigateway", "CreateRequestValidator"),
    "AWS::ApiGateway::Method": ("apigateway", "PutMethod"),
    "AWS::ApiGateway::Deployment": ("apigateway", "CreateDeployment"),
    "AWS::ApiGateway::Stage": ("apigateway", "CreateStage"),
    "AWS::ApiGatewayV2::Api": ("apigatewayv2", "CreateApi"),
    "AWS::ApiGatewayV2::Integration": ("apigatewayv2", "CreateIntegration"),
    "AWS::ApiGatewayV2::Route": ("apigatewayv2", "CreateRoute"),
    "AWS::ApiGatewayV2::Stage": ("apigatewayv2", "CreateStage"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
    "AWS::CloudWatch::Dashboard": ("cloudwatch", "PutDashboard"),
}
# Properties that CloudFormation or the companion applies by another call, or without AWS's API.
ELSEWHERE = {
    "AWS::DynamoDB::Table": {"PointInTimeRecoverySpecification"},
    "AWS::Logs::LogGroup": {"RetentionInDays", "Tags"},
    "AWS::IAM::Role": {"ManagedPolicyArns"},
    "AWS::IAM::ManagedPolicy": {"Roles"},
    "Custom::LambdaFunction": {"ServiceToken", "ServiceTimeout", "Env", "EnvFile", "EnvEncoding", "KeepVersions"},
    "AWS::ApiGateway::Method": {"Integration", "MethodResponses"},
    "AWS::ApiGateway::Stage": {"MethodSettings", "AccessLogSetting"},
}
NEEDED = {
    "AWS::DynamoDB::Table": {"TableName": "name-of-table"},
    "AWS::Logs::LogGroup": {"logGroupName": "name"},
    "AWS::IAM::Role": {"RoleName": "name"},
    "AWS::IAM::ManagedPolicy": {"PolicyName": "name"},
    "Custom::LambdaFunction": {"FunctionName": "name"},
    "AWS::Lambda::Permission": {"StatementId": "name"},
    "AWS::CloudWatch::Alarm": {"AlarmName": "name", "Threshold": 1},
    "AWS::CloudWatch::Dashboard": {"DashboardName": "name"},
}
OTHER_NAMES = {
    "AWS::DynamoDB::Table": {"SSEEnabled": "Enabled"},
    "AWS::ApiGateway::RequestValidator": {},
}


def evaluate(node):
    """The tree with a value in place of each intrinsic function: the first branch of ``Fn::If``, otherwise a text."""
    if isinstance(node, dict):
        if len(node) == 1:
            name, content = next(iter(node.items()))
            if name == "Fn::If":
                return evaluate(content[1] if content[1] != NO_VALUE else content[2])
            if name == "Ref" or name.startswith("Fn::"):
                return ANY_TEXT
        return {key: evaluate(value) for key, value in node.items() if value != NO_VALUE}
    if isinstance(node, list):
        return [evaluate(item) for item in node if item != NO_VALUE]
    return node


def refuse_by_api(resource):
    """The problems of a resource's properties according to botocore's model of the API; empty without a problem."""
    kind = resource["Type"]
    if kind not in APIS:
        return ""
    shape = _get_shape(*APIS[kind])
    properties = {
        name: value for name, value in evaluate(resource["Properties"]).items() if name not in ELSEWHERE.get(kind, ())
    }
    call = {**_rename(properties, shape, OTHER_NAMES.get(kind, {})), **NEEDED.get(kind, {})}
    return "\n".join(
        filter(None, [ParamValidator().validate(call, shape).generate_report(), *_find_unknown_values(call, shape)])
    )


def find_ids(node):
    """Each logical ID that the tree refers to by ``Ref``, ``Fn::GetAtt``, ``Fn::Sub`` or ``DependsOn``."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref" and isinstance(value, str):
                yield value
            elif key == "Fn::GetAtt":
                yield value.split(".")[0] if isinstance(value, str) else value[0]
            elif key == "Fn::Sub":
                text, own = (value, {}) if isinstance(value, str) else value
                yield from (name.split(".")[0] for name in VARIABLE.findall(text) if name not in own)
            elif key == "DependsOn":
                yield from [value] if isinstance(value, str) else value if isinstance(value, list) else ()
            yield from find_ids(value)
    elif isinstance(node, list):
        for item in node:
            yield from find_ids(item)


def find_dangling(template):
    """The IDs that a template refers to but doesn't contain."""
    resources = template.get("Resources", {})
    loops = {value[0] for value in resources.values() if isinstance(value, list)}
    parameters = template.get("Parameters")
    known = {*resources, *(parameters if isinstance(parameters, dict) else ()), *loops}
    used = {name for name in find_ids([template.get("Resources"), template.get("Outputs")]) if isinstance(name, str)}
    return sorted(name for name in used if name not in known and not re.match("AWS::", name))


def _find_unknown_values(node, shape, place=""):
    """The values outside of the model's enumerations, which botocore doesn't check."""
    if shape.type_name == "string" and getattr(shape, "enum", None) and node not in (*shape.enum, ANY_TEXT):
        yield f"Unknown value for {place.removeprefix('.')}: {node!r}, must be one of {', '.join(shape.enum)}"
    elif shape.type_name == "structure" and isinstance(node, dict):
        for name in shape.members.keys() & node.keys():
            yield from _find_unknown_values(node[name], shape.members[name], f"{place}.{name}")
    elif shape.type_name == "list" and isinstance(node, list):
        for item in node:
            yield from _find_unknown_values(item, shape.member, place)


def _rename(node, shape, names):
    if shape.type_name == "structure" and isinstance(node, dict):
        members = {member.lower(): member for member in shape.members}
        result = {}
        for key, value in node.items():
            name = members.get(names.get(key, key).lower(), key)
            result[name] = _rename(value, shape.members[name], names) if name in shape.members else value
        return result
    if shape.type_name == "map" and isinstance(node, list):
        return {entry["Key"]: str(entry["Value"]) for entry in node}
    if shape.type_name == "map" and isinstance(node, dict):
        return {key: _rename(value, shape.value, names) for key, value in node.items()}
    if shape.type_name == "list" and isinstance(node, list):
        return [_rename(item, shape.member, names) for item in node]
    if shape.type_name == "string" and isinstance(node, dict):
        return json.dumps(node)
    return str(node) if shape.type_name == "string" else node


@functools.cache
def _get_shape(service, operation):
    return _get_session().get_service_model(service).operation_model(operation).input_shape


@functools.cache
def _get_session():
    return botocore.session.Session()
