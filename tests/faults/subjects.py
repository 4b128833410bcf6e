"""The two resources on fakes, with one interface for tests: properties, state, and a hook before each call."""

from dataclasses import replace

from tests.faults.checked_outbox import SECRET
from tests.support.cloudformation import STACK_ID
from tests.support.code_store import MemoryCodeStore
from tests.support.companion import ARCHIVE, ROLE
from tests.support.companion import wanted as wanted_function
from tests.support.fakes import MemoryRecords
from tests.support.functions import MemoryFunctions
from tests.support.gateway_companion import wanted as wanted_gateway
from tests.support.gateways import FUNCTION, MemoryGateways
from transform_lambda.aws.apigateway import CHANGES, OF_LAMBDA
from transform_lambda.function.resource import LambdaFunction
from transform_lambda.gateway.lock import key_of_api
from transform_lambda.gateway.mark import mark_of
from transform_lambda.gateway.place import Place, prefixes, read_place
from transform_lambda.gateway.resource import ApiGatewayResource
from transform_lambda.identity import physical_id_for
from transform_lambda.limits import Clock

NAME = physical_id_for(STACK_ID, "Visits")
KEY = f"{STACK_ID}|Visits"
OTHER = FUNCTION.replace("Visits", "Other")
HEADER = "method.response.header.Cache-Control"


class ObservedRecords:
    """Records that run ``before`` before each call, and raise ``lost`` after the next write."""

    def __init__(self):
        self.before, self.lost, self._records = None, None, MemoryRecords()
        self.stored = self._records.stored

    def read(self, key):
        self._call("records read")
        return self._records.read(key)

    def write(self, key, record):
        self._call("records write")
        is_written, lost, self.lost = self._records.write(key, record), self.lost, None
        if lost:
            raise lost
        return is_written

    def _call(self, call):
        if self.before:
            self.before(call)


def ledger_of(records):
    """The physical IDs in the companion's ledger."""
    return records.stored[KEY].names if KEY in records.stored else {}


class FunctionSubject:
    """``Custom::LambdaFunction``. The value is in the env file, a setting and a tag; the place is the function's name."""

    type = "Custom::LambdaFunction"
    max_calls = 20
    """The approximate number of calls of a request."""
    changes = ("create", "update_configuration", "update_code", "tag", "publish", "delete")
    unconditional = ("tag",)
    """Lambda accepts tags for any revision, so the next update must correct late tags."""
    bounded = unconditional
    """The calls with a time limit. No other request can run during such a call."""
    refusable = ()
    """The calls whose refusal is harmless and leaves something behind."""

    def __init__(self):
        self.store = MemoryCodeStore(objects={("code", "app.zip"): ARCHIVE, ("code", "text"): b"no zip at all" * 9})
        self.functions = MemoryFunctions(objects=self.store.objects)
        self.records = ObservedRecords()
        self._make_foreign("theirs")

    def resource(self, clock):
        return LambdaFunction(self.store, self.functions, clock)

    def properties(self, value=1, place="", **more):
        """Properties with this value. Without a place, the companion chooses the name."""
        name = {"FunctionName": f"visits-{place}"} if place else {}
        given = {"MemorySize": str(128 * value), "Tags": {"value": str(value)}, "Publish": "true"}
        return wanted_function(Env={"table": f"{SECRET}-{value}"}, **{**given, **name, **more})

    def observe(self, before):
        """Run ``before`` before each call."""
        self.functions.before = self.store.before = self.records.before = before

    def lose(self, call, error):
        """Let the call succeed but raise ``error``. Returns whether the call is a change; other calls are not affected."""
        if call in self.changes:
            self.functions.lost[call].append(error)
        return call in self.changes

    def list_ids(self):
        """The physical IDs of the existing resources."""
        return {name for name, each in self.functions.stored.items() if each.tags.get("hitcounter:stack-id")}

    def value(self, known):
        """The value in use; ``None`` if its parts differ."""
        stored = self.functions.stored[known]
        env = self.functions.files(known)[".env"].decode()
        parts = {stored.configuration["MemorySize"] // 128, int(stored.tags["value"]), int(env.rpartition("-")[2])}
        return parts.pop() if len(parts) == 1 else None

    def is_merged(self, known):
        """Whether the earlier content still exists next to the template's."""
        return self.functions.files(known)[".env"] == f"other=kept\ntable={SECRET}-1\n".encode()

    def find_leftovers(self, known=()):
        """The leftovers: everything that doesn't belong to these physical IDs."""
        return [*(self.list_ids() - set(known)), *self.store.staged, *self.store.uploads]

    def ledger(self):
        return ledger_of(self.records)

    def read_foreign(self):
        """The foreign resources, each with its complete state."""
        functions = [(name, repr(each)) for name, each in self.functions.stored.items() if name not in self.list_ids()]
        return {*functions, *(each for each in self.store.objects.items() if each[0][0] != self.store.bucket)}

    def create_conflict(self, companion):
        """Create a foreign resource with the name of a Create without a place, and return the expected Reason."""
        self._make_foreign(NAME)
        return (
            f"Properties.FunctionName: function {NAME} already exists and, by its tags, does not belong to this resource; "
            "give another FunctionName, or delete the function"
        )

    def remove_by_hand(self, known):
        del self.functions.stored[known]

    def make_busy(self):
        """Let each change take a while."""
        self.functions.busy = 4

    def typed(self):
        """Properties as CloudFormation's text, and the same properties with a template's types."""
        text = self.properties(2, Timeout="7", Description="0014", TracingConfig={"Mode": "Active"})
        return text, {**text, "MemorySize": 256, "Timeout": 7, "Publish": True, "KeepVersions": 3}

    def settings(self, known):
        configuration = self.functions.stored[known].configuration
        return [configuration[name] for name in ("MemorySize", "Timeout", "Description")]

    def unusable(self):
        """Properties that name something unusable, and a part of the expected Reason."""
        return self.properties(Code={"S3Bucket": "code", "S3Key": "text"}), "this is not a zip archive"

    def read_texts(self):
        """All text that other users of the account can read: tags and settings."""
        return repr([(each.tags, each.configuration) for each in self.functions.stored.values()])

    def _make_foreign(self, name):
        self.functions.create({"FunctionName": name, "Code": {"ZipFile": ARCHIVE}, "Role": ROLE, "Tags": {"a": "b"}})


class GatewaySubject:
    """``Custom::APIGatewayResource``. The value is in a template, a header and a function; the place is the path."""

    type = "Custom::APIGatewayResource"
    max_calls = 60
    changes = (*CHANGES, *OF_LAMBDA[1:])
    unconditional = ("AddPermission", "RemovePermission")
    """No other request runs during such a call, because the lock outlasts each call."""
    bounded = changes
    refusable = ("DeleteDeployment",)

    def __init__(self, is_shared):
        self.gateways = MemoryGateways(functions=(FUNCTION, OTHER))
        self.records = ObservedRecords()
        self._namesake = self.gateways.new_api("Shared")
        self._make_foreign(self._namesake, "theirs")
        self.api_id, self.clock = "" if is_shared else self._namesake, Clock()
        self._at_first = self._state()

    def resource(self, clock):
        return ApiGatewayResource(self.gateways, self.records, clock)

    def properties(self, value=1, place="", **more):
        integration = {
            "Type": "Lambda",
            "FunctionArn": FUNCTION if value % 2 else OTHER,
            "RequestTemplates": {"application/json": str(value)},
            "Parameters": {"integration.request.header.X": "method.request.path.name"},
        }
        given = {
            "IntegrationRequest": integration,
            "RequestParameters": {"method.request.path.name": "true"},
            "RequestValidation": {"Parameters" if value % 3 else "Body": "true"},
            "Responses": {"200": {"Parameters": {HEADER: f"'{value}'"}}},
            "Path": f"{place or 'a'}/{{name}}",
        }
        return wanted_gateway(self.api_id or None, **{**given, **more})

    def observe(self, before):
        self.gateways.before = self.records.before = before

    def lose(self, call, error):
        if call in self.changes:
            self.gateways.lost[call].append(error)
        return call in self.changes

    def list_ids(self):
        name = "" if self.api_id else "Shared"
        return {Place(self.api_id, name, verb, path).physical_id for _, path, verb, _ in self._methods(is_ours=True)}

    def value(self, known):
        place = read_place(known)
        live = self.gateways.live(self._api(), "prod", place.path, place.verb)
        integration = live["methodIntegration"]
        value = int(integration["requestTemplates"]["application/json"])
        answered = integration["integrationResponses"]["200"]["responseParameters"][HEADER]
        may_call = FUNCTION if value % 2 else OTHER
        is_whole = answered == f"'{value}'" and may_call in integration["uri"] and self.gateways.policies[may_call]
        return value if is_whole else None

    def is_merged(self, known):
        return self.value(known) == 1 and "GET /theirs" in self.gateways.methods(self._namesake)

    def find_leftovers(self, known=()):
        if not known:
            return [] if self._state() == self._at_first else [self._state()]
        needed = {"/", *(path for each in known for path in prefixes(read_place(each).path))}
        needed |= {"/theirs"} if self.api_id else set()
        granted = [statement for policy in self.gateways.policies.values() for statement in policy]
        surplus = len(granted) > len(known)
        return [*(self.list_ids() - set(known)), *({*self.gateways.paths(self._api())} - needed), *(granted * surplus)]

    def ledger(self):
        return [each for each in ledger_of(self.records) if read_place(each)]

    def read_foreign(self):
        methods = self._methods(is_ours=False)
        return {
            (api, path, verb, repr(each), repr(self.gateways.apis[api]["answer"])) for api, path, verb, each in methods
        }

    def create_conflict(self, companion):
        if self.api_id:
            self._make_foreign(self.api_id, "a", "{name}")
        else:
            companion.create(self.properties(), LogicalResourceId="First")
        self._at_first = self._state()
        return (
            f"Properties.Path: GET /a/{{name}} of API {self._api()} already exists and, by its operationName, does not "
            "belong to this resource; give another Path or Method, or delete the method"
        )

    def remove_by_hand(self, known):
        parts, path = self.gateways.apis[self._api()]["parts"], read_place(known).path
        for number in [number for number, part in parts.items() if part["path"] in prefixes(path)]:
            del parts[number]

    def make_busy(self):
        """Let another request hold the lock on the API for a while."""
        key = key_of_api(self._api())
        record = self.records.stored[key]
        held = {"held": {"another": self.clock.now() + 60}}
        self.records.stored[key] = replace(record, version=record.version + 1, names={**record.names, **held})

    def typed(self):
        text = self.properties(2, ApiKeyRequired="true", Stage={"ThrottlingBurstLimit": "7", "Description": "0014"})
        own = {"RequestParameters": {"method.request.path.name": True}, "RequestValidation": {"Parameters": True}}
        return text, {
            **text,
            **own,
            "ApiKeyRequired": True,
            "Stage": {"ThrottlingBurstLimit": 7, "Description": "0014"},
        }

    def settings(self, known):
        stage = self.gateways.apis[self._api()]["stages"]["prod"]
        method = self.gateways.method(self._api(), "/a/{name}")
        return [method["apiKeyRequired"], stage["methodSettings"]["*/*"]["throttlingBurstLimit"], stage["description"]]

    def unusable(self):
        return self.properties(Stage={"AccessLog": "text"}), "Properties.Stage.AccessLog: must be a map"

    def read_texts(self):
        return repr(self.gateways.apis)

    def _api(self):
        return self.api_id or next(each for each in self.gateways.apis if each != self._namesake)

    def _methods(self, *, is_ours):
        for api, each in self.gateways.apis.items():
            for part in each["parts"].values():
                for verb, method in part["resourceMethods"].items():
                    mark = mark_of(method)
                    if is_ours == bool(mark and mark.who == NAME.replace("-", "_")):
                        yield api, part["path"], verb, method

    def _state(self):
        """The complete state, without API Gateway's internal IDs."""
        kinds = ("deployments", "stages", "validators")
        counts = {api: [len(each[kind]) for kind in kinds] for api, each in self.gateways.apis.items()}
        tree = {api: [self.gateways.paths(api), self.gateways.methods(api)] for api in self.gateways.apis}
        return counts, tree, {name for name, each in self.gateways.policies.items() if each}

    def _make_foreign(self, api, *path):
        part = next(each for each in self.gateways.apis[api]["parts"].values() if each["path"] == "/")
        for name in path:
            part = self.gateways.change("CreateResource", {"restApiId": api, "parentId": part["id"], "pathPart": name})
        where = {"restApiId": api, "resourceId": part["id"], "httpMethod": "GET"}
        self.gateways.change("PutMethod", {**where, "authorizationType": "NONE"})
        self.gateways.change("PutIntegration", {**where, "type": "MOCK"})


SUBJECTS = {
    "function": FunctionSubject,
    "gateway of the stack's API": lambda: GatewaySubject(is_shared=True),
    "gateway of the author's API": lambda: GatewaySubject(is_shared=False),
}
