"""Resolve the intrinsic functions of a template, like CloudFormation in one account and region."""

import re

ACCOUNT, REGION, STACK = "111122223333", "eu-west-1", "app"
NO_VALUE = object()
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": NO_VALUE,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
_HERE = f"{REGION}:{ACCOUNT}"
_ARNS = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{_HERE}:table/{{}}",
    "AWS::IAM::ManagedPolicy": f"arn:aws:iam::{ACCOUNT}:policy{{}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role{{}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{_HERE}:function:{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_HERE}:log-group:{{}}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::SNS::Topic": f"arn:aws:sns:{_HERE}:{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{_HERE}:{{}}",
}
_NAMES = ("BucketName", "FunctionName", "ManagedPolicyName", "RoleName", "TableName")
_MACRO = "AWS::CloudFormation::Macro"
_REFERS_TO_ARN = ("AWS::IAM::ManagedPolicy", "AWS::SNS::Topic")


class Resolved:
    """A template with parameter values. A resource without a name property is named ``app-<logical ID>``."""

    def __init__(self, template, parameters=None):
        self._template = template
        defaults = {name: each.get("Default") for name, each in template.get("Parameters", {}).items()}
        self._values = {**_PSEUDO, **defaults, **(parameters or {})}

    def ids(self, kind):
        """The logical IDs of the resources of a type whose conditions are true."""
        resources = self._template["Resources"].items()
        return [name for name, each in resources if each["Type"] == kind and self._exists(each)]

    def properties(self, logical_id):
        """The properties of a resource."""
        return self.resolve(self._template["Resources"][logical_id]["Properties"])

    def policy(self, logical_id):
        """The policy document of a resource."""
        return self.resolve(self._template["Resources"][logical_id]["Properties"]["PolicyDocument"])

    def arn(self, logical_id):
        """The ARN of a resource."""
        resource = self._template["Resources"][logical_id]
        path = self.resolve(resource.get("Properties", {}).get("Path", "/"))
        name = self._name(logical_id)
        return _ARNS[resource["Type"]].format(f"{path}{name}" if "::IAM::" in resource["Type"] else name)

    def resolve(self, node):
        """A part of the template with all intrinsic functions resolved, and without ``AWS::NoValue``."""
        if isinstance(node, list):
            return [each for each in map(self.resolve, node) if each is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        name, content = next(iter(node.items()), (None, None))
        if len(node) == 1 and name in _FUNCTIONS:
            return _FUNCTIONS[name](self, content)
        members = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in members.items() if value is not NO_VALUE}

    def refer(self, name):
        """The value of a ``Ref``."""
        if name in self._values:
            return self._values[name]
        is_arn = self._template["Resources"][name]["Type"] in _REFERS_TO_ARN
        return self.arn(name) if is_arn else self._name(name)

    def get(self, attribute):
        """The value of an ``Fn::GetAtt``, which must name an ARN."""
        logical_id, name = attribute.split(".") if isinstance(attribute, str) else attribute
        assert name.endswith("Arn"), attribute
        return self.arn(logical_id)

    def choose(self, content):
        """The value of an ``Fn::If``."""
        condition, yes, no = content
        return self.resolve(yes if self.resolve(self._template["Conditions"][condition]) else no)

    def substitute(self, content):
        """The value of an ``Fn::Sub``."""
        text, own = (content, {}) if isinstance(content, str) else content
        own = self.resolve(own)

        def value(match):
            name = match[1]
            return own[name] if name in own else self.get(name) if "." in name else self.refer(name)

        return re.sub(r"\$\{([^!}]+)\}", value, text)

    def _exists(self, resource):
        condition = resource.get("Condition")
        return condition is None or self.resolve(self._template["Conditions"][condition])

    def _name(self, logical_id):
        resource = self._template["Resources"][logical_id]
        properties = resource.get("Properties", {})
        names = ("Name",) if resource["Type"] == _MACRO else _NAMES
        named = next((properties[name] for name in names if name in properties), f"{STACK}-{logical_id}")
        return self.resolve(named)


_FUNCTIONS = {
    "Ref": Resolved.refer,
    "Fn::GetAtt": Resolved.get,
    "Fn::If": Resolved.choose,
    "Fn::Sub": Resolved.substitute,
    "Fn::Join": lambda here, content: here.resolve(content[0]).join(here.resolve(content[1])),
    "Fn::Split": lambda here, content: here.resolve(content[1]).split(here.resolve(content[0])),
    "Fn::Equals": lambda here, content: here.resolve(content[0]) == here.resolve(content[1]),
    "Fn::Not": lambda here, content: not here.resolve(content[0]),
    "Fn::And": lambda here, content: all(here.resolve(each) for each in content),
    "Fn::Or": lambda here, content: any(here.resolve(each) for each in content),
}
