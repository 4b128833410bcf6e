"""Templates for the tests of ``graph``: with many counters, with secrets, and with hostile names."""

COUNTERS = ["Visits", "Downloads", "Likes", "Shares", "Signups", "Logins", "Searches", "Orders", "Refunds", "Comments"]
SECRETS = (
    "literal-in-env", "joined-in-env", "around-a-variable", "in-a-branch", "default-of-noecho", "given-on-the-line",
    "in-a-stage", "as-a-condition", "in-a-sub-of-two", "in-an-environment", "in-a-secret-string", "in-a-password",
)  # fmt: skip
SECRET = """\
Transform: HitCounterMacro
Parameters:
  Key: {Type: String, NoEcho: true, Default: default-of-noecho}
  Given: {Type: String, NoEcho: "true"}
  Plain: {Type: String, Default: not-hidden}
Conditions:
  IsPlain: !Equals [!Ref Plain, not-hidden]
Resources:
  Visits: {Type: HitCounter, Properties: {Env: {a: literal-in-env, b: !Join ['', [joined-in-env, !Ref Plain]]}}}
  Likes:
    Type: HitCounter
    Properties:
      Env:
        c: !Sub around-a-variable${Plain}
        d: !If [IsPlain, in-a-branch, !Ref Key]
        e: !Ref Given
      Stages:
        prod: {Env: {f: in-a-stage, g: !Sub ["in-a-sub-of-two${X}", {X: in-a-sub-of-two}]}}
  Shares: {Type: HitCounter, Properties: {Env: {Condition: as-a-condition}}}
  Own:
    Type: AWS::Lambda::Function
    Properties:
      Description: default-of-noecho, given-on-the-line
      Environment: {Variables: {g: in-an-environment, h: !Ref Plain}}
  Store:
    Type: AWS::SecretsManager::Secret
    Properties: {SecretString: in-a-secret-string}
  Base:
    Type: AWS::RDS::DBInstance
    Properties: {MasterUserPassword: in-a-password, MasterUsername: !Ref Plain}
"""
HOSTILE = (
    "</script><script>window.hacked=1</script>", '"]; hacked["', "--> hacked", "<!--", "end", "a\\", "x'\"`&lt;",
    "<img src=x onerror=window.hacked=1>", "subgraph", "#quot;", "%%{init: {}}%%", "]]>", "\u2028", "{{graph}}", "\\N",
)  # fmt: skip


def make_counters(count):
    """A template with ``count`` counters that all refer to one topic, and with outputs of the first twelve."""
    rounds = [f"{name}{turn or ''}" for turn in range(count // 10 + 1) for name in COUNTERS][:count]
    lines = ["Transform: HitCounterMacro", "Resources:", "  Alerts: {Type: AWS::SNS::Topic}"]
    for name in rounds:
        lines += [f"  {name}:", "    Type: HitCounter", "    Properties:", "      Gateway: http"]
        lines += ["      Env: {TOPIC: !Ref Alerts}"]
    lines += ["Outputs:", *(f"  {name}Url: {{Value: !GetAtt {name}.Url}}" for name in rounds[:12])]
    return "\n".join(lines) + "\n"


def make_hostile():
    """A template, as data, in which all names and values of the author are hostile."""
    resources = {"Visits": {"Type": "HitCounter", "DependsOn": list(HOSTILE)}}
    for name in HOSTILE:
        resources[name] = {"Type": name, "Properties": {name: [name, {"Fn::GetAtt": ["Visits", "TableArn"]}]}}
    outputs = {name: {"Value": {"Fn::GetAtt": ["Visits", "Url"]}, "Description": name} for name in HOSTILE}
    return {"Transform": "HitCounterMacro", "Resources": resources, "Outputs": outputs}
