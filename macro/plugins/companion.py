"""How a custom resource asks the installation's companion."""

from macro.plugin import Json, Values

# CloudFormation gives up on the companion after this many seconds (AWS::CloudFormation::CustomResource).
SERVICE_TIMEOUT = 600


def ask_companion(values: Values) -> dict[str, Json]:
    """The properties that say who serves a custom resource, and for how long CloudFormation waits."""
    return {
        "ServiceToken": values["service_token"] or name_companion(values["suffix"]),
        "ServiceTimeout": SERVICE_TIMEOUT,
    }


def name_companion(suffix: str) -> Json:
    """The ARN of the installation's companion: fixed, so that an expansion needs to ask no one."""
    name = f"HitCounterMacro{suffix}-Companion"
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{name}"}
