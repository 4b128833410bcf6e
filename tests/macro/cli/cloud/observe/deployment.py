"""A deployed stack, as CloudFormation tells of it."""

import json

ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/hits/1"


def function(prefix, shards=None, **more):
    env = {"table": {"Ref": f"{prefix}Table"}, **({"shards": shards} if shards else {})}
    log = {"LogGroup": {"Ref": f"{prefix}LogGroup"}}
    return {"Type": "Custom::LambdaFunction", "Properties": {"Env": env, "LoggingConfig": log, **more}}


def plain(*prefixes, **functions):
    """A plain template with these counters. A counter with a function has that function."""
    resources = {}
    for prefix in [*prefixes, *functions]:
        resources[f"{prefix}Table"] = {"Type": "AWS::DynamoDB::Table"}
        resources[f"{prefix}LogGroup"] = {"Type": "AWS::Logs::LogGroup"}
        resources[f"{prefix}AccessLog"] = {"Type": "AWS::Logs::LogGroup"}
        resources[f"{prefix}Function"] = functions.get(prefix) or function(prefix)
    return {"Resources": resources}


def report(aws, template, compact=None, missing=()):
    """The stack ``hits``, deployed from the compact template, or from the plain one."""
    aws.answer("DescribeStacks", {"Stacks": [{"StackName": "hits", "StackId": ID, "StackStatus": "CREATE_COMPLETE"}]})
    listed = [
        {
            "LogicalResourceId": name,
            "PhysicalResourceId": f"hits-{name}",
            "ResourceType": each["Type"],
            "ResourceStatus": "DELETE_COMPLETE" if name in missing else "CREATE_COMPLETE",
        }
        for name, each in template["Resources"].items()
    ]
    half = len(listed) // 2
    aws.answer(
        "ListStackResources",
        lambda call: (
            {"StackResourceSummaries": listed[half:]}
            if "NextToken" in call
            else {"StackResourceSummaries": listed[:half], "NextToken": "more"}
        ),
    )
    bodies = {"Processed": template, "Original": compact or template}
    aws.answer("GetTemplate", lambda call: {"TemplateBody": json.dumps(bodies[call["TemplateStage"]])})
