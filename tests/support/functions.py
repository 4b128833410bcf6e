"""A Lambda in memory, behind the companion's port, with revisions, states, tags and versions.

botocore validates the parameters of each call.
"""

import base64
import hashlib
import io
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count

from botocore.validate import ParamValidator

from transform_lambda.aws.client import input_shape
from transform_lambda.function.versions import LATEST_PUBLISHED
from transform_lambda.ports import Found, TryAgain

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:"
_STATES = ("State", "LastUpdateStatus")
_ANSWERED = ("Code", "Tags", "CodeSigningConfigArn")


@dataclass
class Stored:
    configuration: dict
    tags: dict
    code: dict
    versions: dict = field(default_factory=dict)
    signing: str = ""
    latest_published: dict | None = None


@dataclass
class MemoryFunctions:
    """``stored`` by function name; ``calls`` in order.

    ``faults`` by call: the errors that the next calls raise instead of a change. ``lost`` by call: the errors that the
    next calls raise after the change. ``before`` runs before each call. After a change, the next ``busy`` reads find the
    function busy.
    """

    objects: dict = field(default_factory=dict)
    stored: dict = field(default_factory=dict)
    calls: list = field(default_factory=list)
    faults: dict = field(default_factory=lambda: defaultdict(list))
    lost: dict = field(default_factory=lambda: defaultdict(list))
    before: object = None
    busy: int = 0
    outcome: dict = field(default_factory=dict)
    """By call: the settings that a change leaves in the configuration, such as a failed state."""

    def __post_init__(self):
        self._revisions, self._moving, self._numbers = count(1), {}, count(1)

    @property
    def kinds(self):
        return [kind for kind, _ in self.calls if kind not in ("read", "takes")]

    def takes(self, operation):
        return input_shape("lambda", operation)

    def read(self, name, version=""):
        self._called("read", "GetFunction", {"FunctionName": name, **({"Qualifier": version} if version else {})})
        stored = self.stored.get(name)
        if stored is None:
            return None
        if version:
            found = stored.versions.get(int(version)) if version.isdecimal() else stored.latest_published
            return Found(self._as_answered(found), {}) if found else None
        configuration = self._as_answered(stored.configuration)
        if self._moving.get(name):
            self._moving[name] -= 1
            configuration.update(State="Active", LastUpdateStatus="InProgress")
        return Found(configuration, dict(stored.tags))

    def create(self, call):
        with self._change("create", "CreateFunction", call) as name:
            if name in self.stored:
                raise TryAgain(f"cannot create function {name}: Function already exist: {name}")
            configuration = {part: value for part, value in call.items() if part not in _ANSWERED}
            configuration |= {"FunctionArn": ARN + name, "Version": "$LATEST", "LastModified": "now"}
            configuration |= {"State": "Active", "LastUpdateStatus": "Successful"}
            self.stored[name] = Stored(
                configuration, dict(call["Tags"]), {}, signing=call.get("CodeSigningConfigArn", "")
            )
            self._put_code(name, call["Code"])

    def update_configuration(self, name, changes, revision):
        call = {"FunctionName": name, **changes, "RevisionId": revision}
        with self._change("update_configuration", "UpdateFunctionConfiguration", call):
            self._expect(name, revision)
            self.stored[name].configuration.update(changes)

    def update_code(self, name, code, revision):
        call = {"FunctionName": name, **code, "RevisionId": revision}
        with self._change("update_code", "UpdateFunctionCode", call):
            self._expect(name, revision)
            self.stored[name].configuration["Architectures"] = code["Architectures"]
            self._put_code(name, code)

    def sign(self, name, arn):
        call = {"FunctionName": name, "CodeSigningConfigArn": arn}
        with self._change("sign", "PutFunctionCodeSigningConfig" if arn else "", call):
            self.stored[name].signing = arn

    def tag(self, arn, tags, gone):
        with self._change("tag", "TagResource", {"Resource": arn, "Tags": tags}, arn.removeprefix(ARN)) as name:
            self.stored[name].tags.update(tags)
            for each in gone:
                del self.stored[name].tags[each]

    def publish(self, name, options, revision):
        with self._change("publish", "PublishVersion", {"FunctionName": name, **options, "RevisionId": revision}):
            self._expect(name, revision)
            stored = self.stored[name]
            if options:
                named = {"Version": LATEST_PUBLISHED, "FunctionArn": f"{ARN}{name}:{LATEST_PUBLISHED}"}
                stored.latest_published = {**stored.configuration, **named}
                return dict(stored.latest_published)
            last = max(stored.versions, default=0)
            same = ("CodeSha256", "MemorySize", "Timeout", "Description")
            if last and all(stored.versions[last].get(x) == stored.configuration.get(x) for x in same):
                return dict(stored.versions[last])
            number = last + 1
            numbered = {"Version": str(number), "FunctionArn": f"{ARN}{name}:{number}"}
            stored.versions[number] = {**stored.configuration, **numbered, **self.outcome.get("publish", {})}
            return dict(stored.versions[number])

    def versions(self, name):
        self._called("versions", "ListVersionsByFunction", {"FunctionName": name})
        versions = [self._as_answered(each) for _, each in sorted(self.stored[name].versions.items())]
        # The list contains no states (AWS: "ListFunctions").
        return [{key: value for key, value in each.items() if not key.startswith(_STATES)} for each in versions]

    def delete(self, name, version=""):
        call = {"FunctionName": name, **({"Qualifier": version} if version else {})}
        with self._change("delete", "DeleteFunction", call):
            if version:
                self.stored[name].versions.pop(int(version), None)
            else:
                self.stored.pop(name, None)

    def files(self, name):
        with zipfile.ZipFile(io.BytesIO(self.stored[name].code["bytes"])) as archive:
            return {each: archive.read(each) for each in archive.namelist()}

    def _as_answered(self, configuration):
        """The configuration as Lambda answers it: layers and image settings have other shapes than in a request."""
        layers = [{"Arn": arn, "CodeSize": 1} for arn in configuration.get("Layers", [])]
        image = {"ImageConfig": configuration.get("ImageConfig", {})}
        answered = {name: value for name, value in configuration.items() if name not in ("Layers", "ImageConfig")}
        return {**answered, "Layers": layers, "ImageConfigResponse": image}

    def _expect(self, name, revision):
        if self.stored[name].configuration["RevisionId"] != revision:
            raise TryAgain(f"cannot update function {name}: another revision")

    def _put_code(self, name, code):
        data = code.get("ZipFile") or self.objects.get((code.get("S3Bucket"), code.get("S3Key")), b"image")
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        self.stored[name].code = {**code, "bytes": data}
        self.stored[name].configuration["CodeSha256"] = digest

    def _called(self, kind, operation, call):
        if operation:
            report = ParamValidator().validate(call, input_shape("lambda", operation))
            assert not report.has_errors(), report.generate_report()
        if self.before:
            self.before(kind)
        self.calls.append((kind, dict(call)))
        if self.faults[kind]:
            raise self.faults[kind].pop(0)

    def _change(self, kind, operation, call, name=None):
        self._called(kind, operation, call)
        return _Change(self, kind, name or call["FunctionName"])


class _Change:
    def __init__(self, functions, kind, name):
        self._functions, self._kind, self._name = functions, kind, name

    def __enter__(self):
        return self._name

    def __exit__(self, kind, *_):
        functions = self._functions
        if kind is None and self._name in functions.stored and self._kind != "delete":
            functions.stored[self._name].configuration["RevisionId"] = f"r{next(functions._revisions)}"
            outcome = {} if self._kind == "publish" else functions.outcome.get(self._kind, {})
            functions.stored[self._name].configuration.update(outcome)
            functions._moving[self._name] = functions.busy
        if kind is None and functions.lost[self._kind]:
            raise functions.lost[self._kind].pop(0)
        return False
