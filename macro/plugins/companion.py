"""The properties with which a custom resource calls the installation's companion."""

from macro.plugin import Json, Values

# CloudFormation stops waiting for the companion after this many seconds (AWS::CloudFormation::CustomResource).
SERVICE_TIMEOUT = 600


def ask_companion(values: Values) -> dict[str, Json]:
    """The properties that name a custom resource's companion and limit how long CloudFormation waits for it."""
    return {
        "ServiceToken": values["service_token"] or name_companion(values["suffix"]),
        "ServiceTimeout": SERVICE_TIMEOUT,
    }


def name_companion(suffix: str) -> Json:
    """The ARN of the installation's companion. The ARN is fixed, so an expansion needs no lookup."""
    name = f"HitCounterMacro{suffix}-Companion"
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{name}"}
