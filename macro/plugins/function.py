"""The function: a ``Custom::LambdaFunction`` whose ``.env`` file gets the counter's values at deployment."""

from macro.plugin import Json, Piece, Values, merge, tag_map
from macro.plugins.companion import ask_companion

INPUTS = (
    "counter_id", "table_name", "role_arn", "log_group_name", "code", "builtin_key", "handler", "runtime", "env",
    "env_file", "exact", "shards", "integration", "service_token", "suffix", "tags", "function_properties",
)  # fmt: skip
OUTPUTS = ("function_arn", "function_name", "version_arn", "code_sha256", "source_sha256")

HANDLERS = {"mapped": "index.handler", "proxy": "index.proxy"}
RUNTIME = "python3.13"


def build(values: Values) -> Piece:
    """The function, its ARN and name, and the version and digests that identify its code."""
    function_id = f"{values['counter_id']}Function"
    properties = {
        **ask_companion(values),
        **_choose_code(values),
        "Handler": values["handler"] or HANDLERS[values["integration"]],
        "Runtime": values["runtime"] or RUNTIME,
        "Role": values["role_arn"],
        "MemorySize": 256,
        "Timeout": 20,
        "LoggingConfig": {"LogGroup": values["log_group_name"]},
        "Env": _make_env(values),
        **({"EnvFile": values["env_file"]} if values["env_file"] else {}),
        **tag_map(values["tags"]),
    }
    function = {"Type": "Custom::LambdaFunction", "Properties": merge(properties, values["function_properties"])}
    attributes = ("Arn", "FunctionName", "VersionArn", "CodeSha256", "SourceSha256")
    return Piece(
        values={output: {"Fn::GetAtt": [function_id, name]} for output, name in zip(OUTPUTS, attributes, strict=True)},
        resources={function_id: function},
    )


def name_bucket(suffix: str) -> Json:
    """The name of the installation's bucket."""
    return {"Fn::Sub": f"hitcountermacro{suffix.lower()}-${{AWS::AccountId}}-${{AWS::Region}}"}


def _choose_code(values: Values) -> dict[str, Json]:
    code = values["code"]
    if code is None:
        code = {"S3Bucket": name_bucket(values["suffix"]), "S3Key": values["builtin_key"]}
        return {"Code": code, "Architectures": ["arm64"]}
    if isinstance(code, str):
        bucket, _, key = code.removeprefix("s3://").partition("/")
        return {"Code": {"S3Bucket": bucket, "S3Key": key}}
    return {"Code": code}


def _make_env(values: Values) -> dict[str, Json]:
    env = {"table": values["table_name"]}
    if values["exact"] is not False:
        env["exact"] = values["exact"]
    if values["shards"] > 1:
        env["shards"] = values["shards"]
    return {**env, **values["env"]}
