"""Show each ``Custom::LambdaFunction`` to cfn-lint as the corresponding ``AWS::Lambda::Function``."""

from collections.abc import Mapping
from typing import Any

TYPE, NATIVE = "Custom::LambdaFunction", "AWS::Lambda::Function"
# Properties that only the companion accepts, and properties that it accepts in another form.
_OWN = ("ServiceToken", "ServiceTimeout", "Env", "EnvFile", "EnvEncoding")
_OTHER_FORM = ("KeepVersions", "Publish", "PublishTo", "Tags")
# The API's name and CloudFormation's name. All other names are the same.
_RENAMED = {"KMSKeyArn": "KmsKeyArn"}
# Rules about parts that the template of native functions lacks, and rules that already check the resource itself.
_ELSEWHERE = ("E1", "E6", "W1", "W6", "I")
_SECTIONS = ("AWSTemplateFormatVersion", "Metadata", "Parameters", "Mappings", "Conditions", "Rules")

Marked = Any


def as_native_functions(plain: Marked) -> Marked | None:
    """A template with only the functions and with cfn-lint's marks, or ``None`` if there are no functions."""
    from cfnlint.decode.node import dict_node

    resources: Mapping[str, Marked] = plain.get("Resources") or {}
    functions = {
        logical_id: dict_node(_as_native(resource), resource.start_mark, resource.end_mark)
        for logical_id, resource in resources.items()
        if _is_function(resource)
    }
    if not functions:
        return None
    kept = {name: value for name, value in plain.items() if name in _SECTIONS}
    return dict_node({**kept, "Resources": functions}, plain.start_mark, plain.end_mark)


def is_about_native_function(finding: Any) -> bool:
    """Whether a finding is about a native function's properties, and not about parts that its template lacks."""
    path = getattr(finding, "path", None) or []
    return len(path) > 2 and path[2] == "Properties" and not finding.rule.id.startswith(_ELSEWHERE)


def _is_function(resource: Marked) -> bool:
    is_one = isinstance(resource, dict) and resource.get("Type") == TYPE
    return is_one and isinstance(resource.get("Properties"), dict)


def _as_native(resource: Marked) -> Mapping[str, Any]:
    from cfnlint.decode.node import dict_node

    properties = resource["Properties"]
    sent = {_RENAMED.get(name, name): value for name, value in properties.items() if name not in (*_OWN, *_OTHER_FORM)}
    if isinstance(sent.get("Code"), str):
        sent["Code"] = {"S3Bucket": "bucket", "S3Key": "key"}
    native = {name: value for name, value in resource.items() if name in ("Condition", "Metadata", "Properties")}
    return {"Type": NATIVE, **native, "Properties": dict_node(sent, properties.start_mark, properties.end_mark)}
