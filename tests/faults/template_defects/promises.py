"""Check the rules for an expanded counter that linters don't check, by the type of each resource."""

_KEPT = ("AWS::DynamoDB::Table", "AWS::Logs::LogGroup")
_GATEWAYS = ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")


def find_broken_promises(plain):
    """The broken rules, as texts that start with the logical ID."""
    for logical_id, resource in plain["Resources"].items():
        for problem in _find_problems(plain, logical_id, resource):
            yield f"{logical_id}: {problem}"


def _find_problems(plain, logical_id, resource):
    kind, properties = resource["Type"], resource.get("Properties", {})
    if kind in _KEPT:
        yield from _check_kept(resource)
    if kind == "AWS::IAM::ManagedPolicy":
        yield from _check_policy(properties)
    elif kind == "AWS::IAM::Role":
        yield from _check_role(properties)
    elif kind == "Custom::LambdaFunction":
        yield from _check_function(plain, logical_id, properties)
    elif kind == "AWS::Lambda::Permission":
        yield from _check_permission(properties)
    elif kind == "AWS::ApiGateway::Deployment":
        yield from _check_deployment(plain, resource)
    elif kind in ("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage"):
        yield from _check_stage(logical_id, properties)


def _check_kept(resource):
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        if resource.get(policy) != "Retain":
            yield f"{policy} is not Retain"
    if resource["Type"] == "AWS::Logs::LogGroup" and "RetentionInDays" not in resource["Properties"]:
        yield "logs are kept for ever"


def _check_policy(properties):
    for statement in properties["PolicyDocument"]["Statement"]:
        if any("*" in action for action in statement["Action"]):
            yield "allows any action"
        if statement["Resource"] == "*":
            yield "allows any resource"


def _check_role(properties):
    if properties.get("Path") != "/hitcounter/":
        yield "the companion may not pass it"
    if "PermissionsBoundary" not in properties:
        yield "has no boundary"
    for statement in properties["AssumeRolePolicyDocument"]["Statement"]:
        if statement["Principal"] != {"Service": "lambda.amazonaws.com"}:
            yield "not Lambda alone may take it"


def _check_function(plain, logical_id, properties):
    if "ServiceTimeout" not in properties:
        yield "CloudFormation would wait an hour for it"
    if properties["Env"].get("table") != {"Ref": f"{logical_id.removesuffix('Function')}Table"}:
        yield "doesn't get its own table"
    permissions = [plain["Resources"][each]["Properties"] for each in _ids(plain, "AWS::Lambda::Permission")]
    called = [each["FunctionName"] for each in permissions]
    if _ids(plain, *_GATEWAYS) and {"Fn::GetAtt": [logical_id, "Arn"]} not in called:
        yield "no gateway may call it"


def _check_permission(properties):
    if "SourceAccount" not in properties:
        yield "is for any account"
    source = properties.get("SourceArn", {}).get("Fn::Sub", "/*/")
    if source.split("/")[1] == "*":
        yield "is for any API or stage"


def _check_deployment(plain, resource):
    waits = resource.get("DependsOn", [])
    waits = [waits] if isinstance(waits, str) else waits
    for method in _ids(plain, "AWS::ApiGateway::Method"):
        if method not in waits:
            yield f"may come before {method}"


def _check_stage(logical_id, properties):
    for name in properties.get("Variables", properties.get("StageVariables", {})).values():
        if name != {"Fn::GetAtt": [f"{logical_id.removesuffix('Stage')}Function", "FunctionName"]}:
            yield "calls another stage's function"
    if not {"AccessLogSetting", "AccessLogSettings"} & set(properties):
        yield "has no access log"
    settings = properties.get("MethodSettings") or [properties.get("DefaultRouteSettings", {})]
    for each in settings:
        if "ThrottlingRateLimit" not in each:
            yield "lets in any number"
        if each.get("CachingEnabled"):
            yield "answers from a cache"
        if each.get("DataTraceEnabled"):
            yield "logs what is sent"


def _ids(plain, *kinds):
    return [logical_id for logical_id, each in plain["Resources"].items() if each["Type"] in kinds]
