"""An API Gateway in memory with AWS's checks. A deployment is a snapshot of the API.

botocore validates the parameters of each call.
"""

import copy
import json
import re
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import count

from botocore import xform_name
from botocore.validate import ParamValidator

from transform_lambda.aws.apigateway import CHANGES, OF_LAMBDA, READS
from transform_lambda.aws.client import input_shape
from transform_lambda.contract import ResourceError
from transform_lambda.ports import TryAgain

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:hitcounter-app-Visits"
_MAPS = ("requestParameters", "requestModels", "requestTemplates", "responseParameters", "responseModels")
_MAPS += ("responseTemplates", "variables")
_NUMBERS = ("timeoutInMillis", "minimumCompressionSize")
_BOOLEANS = ("apiKeyRequired", "tracingEnabled", "disableExecuteApiEndpoint")
_LISTS = ("authorizationScopes", "cacheKeyParameters", "binaryMediaTypes")


def gone(what):
    return TryAgain(f"API Gateway answered NotFoundException: Invalid {what} identifier specified")


def conflict(why):
    return TryAgain(f"API Gateway answered ConflictException: {why}")


def wrong_name(why):
    return ResourceError(f"API Gateway answered NotFoundException: {why}")


def refused(why):
    return ResourceError(f"API Gateway answered BadRequestException: {why}")


def refuse_empty_description(call):
    if call.get("description") == "":
        raise refused("Description must not be empty")


def empty_as_null(templates):
    return {kind: text or None for kind, text in templates.items()}


def check_models(models):
    for name in models.values():
        if name not in ("Empty", "Error"):
            raise refused(f"Invalid model identifier specified: {name}")


@dataclass
class MemoryGateways:
    """``apis`` by ID; ``calls`` in order.

    ``faults`` by operation: the errors that the next calls raise instead of a change. ``lost`` by operation: the errors
    that the next calls raise after the change. ``before`` runs before each operation.
    ``resets_by`` is the form in which a patch may reset a text: AWS's page "Patch operations" and callers' reports
    disagree.
    """

    functions: tuple = (FUNCTION,)
    apis: dict = field(default_factory=dict)
    policies: dict = field(default_factory=dict)
    calls: list = field(default_factory=list)
    faults: dict = field(default_factory=lambda: defaultdict(list))
    lost: dict = field(default_factory=lambda: defaultdict(list))
    before: object = None
    resets_by: str = "remove"

    def __post_init__(self):
        self._numbers, self._one = count(1), threading.RLock()

    @property
    def changes(self):
        return [operation for operation, _ in self.calls if operation not in (*READS, "GetPolicy")]

    @property
    def is_empty(self):
        return not self.apis and not any(self.policies.values())

    def new_api(self, name="theirs", **more):
        """Create an API outside of the stack, and return its ID."""
        return self._create_rest_api({"name": name, **more})["id"]

    def takes(self, operation):
        return input_shape("lambda" if operation in OF_LAMBDA else "apigateway", operation)

    def read(self, operation, call):
        assert operation in (*READS, "GetPolicy"), operation
        return self._do(operation, call)

    def change(self, operation, call):
        assert operation in (*CHANGES, *OF_LAMBDA), operation
        return self._do(operation, copy.deepcopy(call)) or {}

    def paths(self, api):
        return sorted(part["path"] for part in self.apis[api]["parts"].values())

    def methods(self, api):
        parts = self.apis[api]["parts"].values()
        return sorted(f"{verb} {part['path']}" for part in parts for verb in part["resourceMethods"])

    def method(self, api, path, verb="GET"):
        return next(part for part in self.apis[api]["parts"].values() if part["path"] == path)["resourceMethods"][verb]

    def live(self, api, stage, path, verb="GET"):
        """The method in the stage's deployment; ``None`` if the deployment has no such method."""
        found = self.apis[api]["stages"].get(stage)
        snapshot = self.apis[api]["deployments"][found["deploymentId"]]["snapshot"] if found else {}
        return snapshot.get(f"{verb} {path}")

    def called(self, api, stage, path, verb="GET"):
        """The function that answers a request to the stage, or the reason for an error."""
        method = self.live(api, stage, path, verb)
        if method is None:
            return "no such method"
        variables = self.apis[api]["stages"][stage].get("variables", {})
        uri = re.search("/functions/(.+)/invocations$", method["methodIntegration"]["uri"])[1]
        if any(name not in variables for name in re.findall(r"\$\{stageVariables\.(\w+)\}", uri)):
            return "no such variable"
        function = re.sub(r"\$\{stageVariables\.(\w+)\}", lambda found: variables[found[1]], uri)
        source = f"arn:aws:execute-api:eu-west-1:123456789012:{api}/{stage}/{verb}{re.sub('{[^}]*}', 'x', path)}"
        statements = self.policies.get(":".join(function.split(":")[:7]), {}).values()
        allowed = [each["Condition"]["ArnLike"]["AWS:SourceArn"] for each in statements]
        return function if any(fnmatchcase(source, pattern) for pattern in allowed) else "not permitted"

    def _do(self, operation, call):
        report = ParamValidator().validate(call, self.takes(operation))
        assert not report.has_errors(), report.generate_report()
        if self.before:
            self.before(operation)
        with self._one:
            self.calls.append((operation, call))
            if self.faults[operation]:
                raise self.faults[operation].pop(0)
            answer = copy.deepcopy(getattr(self, f"_{xform_name(operation)}")(call))
            if self.lost[operation]:
                raise self.lost[operation].pop(0)
        return answer

    def _new_id(self):
        return f"id{next(self._numbers):04}"

    # APIs

    def _create_rest_api(self, call):
        refuse_empty_description(call)
        number = self._new_id()
        root = {"id": f"{number}root", "path": "/", "resourceMethods": {}}
        answer = {"id": number, "apiKeySource": "HEADER", **call, "createdDate": number}
        parts = {"parts": {root["id"]: root}, "deployments": {}, "stages": {}, "validators": {}}
        self.apis[number] = {"answer": answer, **parts}
        return answer

    def _get_rest_api(self, call):
        api = self.apis.get(call["restApiId"])
        return api and api["answer"]

    def _get_rest_apis(self, call):
        return {"items": [api["answer"] for api in self.apis.values()]}

    def _update_rest_api(self, call):
        return self._patch(self._api(call)["answer"], call)

    def _delete_rest_api(self, call):
        self.apis.pop(call["restApiId"], None)

    def _api(self, call):
        if call["restApiId"] not in self.apis:
            raise gone("API")
        return self.apis[call["restApiId"]]

    # parts

    def _get_resources(self, call):
        assert call["embed"] == ["methods"]
        api = self.apis.get(call["restApiId"])
        return api and {"items": list(api["parts"].values())}

    def _create_resource(self, call):
        parts, name = self._api(call)["parts"], call["pathPart"]
        if call["parentId"] not in parts:
            raise gone("Resource")
        parent = parts[call["parentId"]]
        siblings = [part["pathPart"] for part in parts.values() if part.get("parentId") == parent["id"]]
        if name in siblings:
            raise conflict(f"Another resource with the same parent already has this name: {name}")
        if name.endswith("}") and any(each.endswith("}") for each in siblings):
            raise refused("A sibling of this resource already has a variable path part -- only one is allowed")
        if parent["path"].endswith("+}"):
            raise refused("Cannot create a child of a resource with a greedy path variable")
        path = f"{parent['path'].rstrip('/')}/{name}"
        part = {"id": self._new_id(), "parentId": parent["id"], "pathPart": name, "path": path, "resourceMethods": {}}
        parts[part["id"]] = part
        return part

    def _delete_resource(self, call):
        parts = self._api(call)["parts"]
        part = parts.get(call["resourceId"])
        if part is None:
            return
        if (
            "parentId" not in part
            or part["resourceMethods"]
            or any(x.get("parentId") == part["id"] for x in parts.values())
        ):
            raise AssertionError(f"{part['path']} is deleted with resources of others below it")
        del parts[part["id"]]

    # methods

    def _part(self, call):
        part = self._api(call)["parts"].get(call["resourceId"])
        if part is None:
            raise gone("Resource")
        return part

    def _method(self, call):
        methods = self._part(call)["resourceMethods"]
        if call["httpMethod"] not in methods:
            raise gone("Method")
        return methods[call["httpMethod"]]

    def _put_method(self, call):
        methods, verb = self._part(call)["resourceMethods"], call["httpMethod"]
        if verb in methods:
            raise conflict("Method already exists for this resource")
        self._check_method(call, call)
        kept = {name: value for name, value in call.items() if name not in ("restApiId", "resourceId")}
        methods[verb] = {"apiKeyRequired": False, "methodResponses": {}, **kept}
        return methods[verb]

    def _update_method(self, call):
        method = self._patch(self._method(call), call)
        self._check_method(call, method)
        self._check_parameters(method, method.get("methodIntegration") or {})
        return method

    def _check_method(self, call, method):
        number, names = (
            method.get("requestValidatorId"),
            [name.split(".")[-1] for name in method.get("requestParameters", {})],
        )
        if method["authorizationType"] == "CUSTOM" and not method.get("authorizerId"):
            raise refused(
                "Invalid authorizer ID specified. Setting the authorization type to CUSTOM needs an authorizer"
            )
        if len(names) > len(set(names)):
            raise refused("Parameter names must be unique across path, querystring and header")
        check_models(method.get("requestModels", {}))
        if number and number not in self._api(call)["validators"]:
            raise refused("Invalid Request Validator identifier specified")

    def _check_parameters(self, method, integration):
        for value in integration.get("requestParameters", {}).values():
            if value.startswith("method.request.") and value not in method.get("requestParameters", {}):
                raise refused(f"Invalid mapping expression parameter specified: {value}")

    def _delete_method(self, call):
        self._part(call)["resourceMethods"].pop(call["httpMethod"], None)

    def _put_integration(self, call):
        method = self._method(call)
        if call["type"] != "MOCK" and not (call.get("uri") and call.get("integrationHttpMethod")):
            raise refused("Enumeration value for HttpMethod must be non-empty")
        self._check_parameters(method, call)
        kept = {name: value for name, value in call.items() if name not in ("restApiId", "resourceId", "httpMethod")}
        if "requestTemplates" in kept:
            kept["requestTemplates"] = empty_as_null(kept["requestTemplates"])
        verb = kept.pop("integrationHttpMethod", None)
        usual = {"passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29000, "cacheKeyParameters": []}
        usual["cacheNamespace"] = call["resourceId"]
        method["methodIntegration"] = {**usual, **({"httpMethod": verb} if verb else {}), **kept}
        return method["methodIntegration"]

    def _integration(self, call):
        integration = self._method(call).get("methodIntegration")
        if integration is None:
            raise gone("Integration")
        return integration

    def _update_integration(self, call):
        integration = self._patch(self._integration(call), call)
        self._check_parameters(self._method(call), integration)
        return integration

    # responses

    def _put_method_response(self, call):
        responses, status = self._method(call)["methodResponses"], call["statusCode"]
        if status in responses:
            raise conflict("Response already exists for this resource")
        check_models(call.get("responseModels", {}))
        responses[status] = self._response(call)

    def _update_method_response(self, call):
        response = self._method(call)["methodResponses"][call["statusCode"]]
        self._patch(response, call)
        self._check_responses(self._method(call))

    def _delete_method_response(self, call):
        self._method(call)["methodResponses"].pop(call["statusCode"], None)
        self._check_responses(self._method(call))

    def _put_integration_response(self, call):
        self._integration(call).setdefault("integrationResponses", {})[call["statusCode"]] = self._response(call)
        self._check_responses(self._method(call))

    def _update_integration_response(self, call):
        self._patch(self._integration(call)["integrationResponses"][call["statusCode"]], call)
        self._check_responses(self._method(call))

    def _delete_integration_response(self, call):
        self._integration(call).get("integrationResponses", {}).pop(call["statusCode"], None)

    def _response(self, call):
        keys = ("restApiId", "resourceId", "httpMethod")
        answer = {name: value for name, value in call.items() if name not in keys and value != {}}
        return {name: empty_as_null(value) if name == "responseTemplates" else value for name, value in answer.items()}

    def _check_responses(self, method):
        for status, response in (method.get("methodIntegration") or {}).get("integrationResponses", {}).items():
            declared = method["methodResponses"].get(status)
            if declared is None:
                raise wrong_name("Invalid Response status code specified")
            for name in response.get("responseParameters", {}):
                if name not in declared.get("responseParameters", {}):
                    raise refused(f"Invalid mapping expression parameter specified: {name}")

    # validators

    def _get_request_validators(self, call):
        return {"items": list(self._api(call)["validators"].values())}

    def _create_request_validator(self, call):
        validator = {"id": self._new_id(), **call}
        self._api(call)["validators"][validator["id"]] = validator
        return validator

    def _delete_request_validator(self, call):
        api = self._api(call)
        methods = [method for part in api["parts"].values() for method in part["resourceMethods"].values()]
        if any(method.get("requestValidatorId") == call["requestValidatorId"] for method in methods):
            raise conflict("Cannot delete validator, it is used by a method")
        api["validators"].pop(call["requestValidatorId"], None)

    # deployments and stages

    def _create_deployment(self, call):
        refuse_empty_description(call)
        api = self._api(call)
        found = {
            f"{verb} {part['path']}": method
            for part in api["parts"].values()
            for verb, method in part["resourceMethods"].items()
        }
        if not found:
            raise refused("The REST API doesn't contain any methods")
        if any("methodIntegration" not in method for method in found.values()):
            raise TryAgain("API Gateway answered BadRequestException: No integration defined for method")
        deployment = {"id": self._new_id(), "description": call.get("description")}
        api["deployments"][deployment["id"]] = {**deployment, "snapshot": copy.deepcopy(found)}
        return deployment

    def _get_deployment(self, call):
        return self._api(call)["deployments"].get(call["deploymentId"])

    def _get_deployments(self, call):
        return {"items": list(self._api(call)["deployments"].values())}

    def _delete_deployment(self, call):
        api = self._api(call)
        if any(stage["deploymentId"] == call["deploymentId"] for stage in api["stages"].values()):
            raise refused("Active stages pointing to this deployment must be moved or deleted")
        api["deployments"].pop(call["deploymentId"], None)

    def _get_stage(self, call):
        api = self.apis.get(call["restApiId"])
        return api and api["stages"].get(call["stageName"])

    def _get_stages(self, call):
        return {"item": list(self._api(call)["stages"].values())}

    def _create_stage(self, call):
        refuse_empty_description(call)
        api = self._api(call)
        if call["stageName"] in api["stages"]:
            raise conflict("Stage already exists")
        self._check_deployment(api, call["deploymentId"])
        self._check_variables(call)
        api["stages"][call["stageName"]] = {"methodSettings": {}, "tracingEnabled": False, **call}
        return api["stages"][call["stageName"]]

    def _update_stage(self, call):
        api = self._api(call)
        if call["stageName"] not in api["stages"]:
            raise gone("Stage")
        stage = copy.deepcopy(api["stages"][call["stageName"]])
        own, rest = [], []
        for patch in call["patchOperations"]:
            (own if patch["path"].startswith("/*/*") else rest).append(patch)
        self._patch(stage, {"patchOperations": rest})
        for patch in own:
            self._set(stage, patch)
        self._check_deployment(api, stage["deploymentId"])
        self._check_variables(stage)
        api["stages"][call["stageName"]] = stage

    def _set(self, stage, patch):
        if patch["op"] == "remove":
            assert patch["path"] == "/*/*"
            del stage["methodSettings"]["*/*"]
            return
        names = {
            "/*/*/throttling/rateLimit": ("throttlingRateLimit", float),
            "/*/*/throttling/burstLimit": ("throttlingBurstLimit", int),
            "/*/*/logging/loglevel": ("loggingLevel", str),
            "/*/*/metrics/enabled": ("metricsEnabled", json.loads),
            "/*/*/logging/dataTrace": ("dataTraceEnabled", json.loads),
        }
        name, read = names[patch["path"]]
        stage["methodSettings"].setdefault("*/*", {})[name] = read(patch["value"])

    def _check_variables(self, stage):
        variables = stage.get("variables", {})
        if len(variables) > 100:
            raise refused("Stage variables exceed the limit of 100")
        for name, value in variables.items():
            if not re.fullmatch("[A-Za-z0-9_]{1,64}", name):
                raise refused(f"Stage variable name: '{name}' must be 1 to 64 letters, digits and _")
            if not re.fullmatch(r"[A-Za-z0-9\-._~:/?#&=,]{1,512}", value):
                raise refused(f"Stage variable value: '{value}' has characters that are not allowed")

    def _check_deployment(self, api, number):
        if number not in api["deployments"]:
            raise refused("Deployment id does not exist")

    def _delete_stage(self, call):
        self._api(call)["stages"].pop(call["stageName"], None)

    # tags

    def _tagged(self, call):
        _, api, *stage = re.fullmatch(r"arn:aws:apigateway:eu-west-1::/(.*)", call["resourceArn"])[1].split("/")
        found = self._api({"restApiId": api})
        return (found["stages"][stage[1]] if stage else found["answer"]).setdefault("tags", {})

    def _tag_resource(self, call):
        self._tagged(call).update(call["tags"])

    def _untag_resource(self, call):
        for name in call["tagKeys"]:
            self._tagged(call).pop(name, None)

    # functions' policies

    def _get_policy(self, call):
        found = self.policies.get(call["FunctionName"])
        return {"Policy": json.dumps({"Statement": list(found.values())})} if found else None

    def _add_permission(self, call):
        if call["FunctionName"] not in self.functions:
            raise ResourceError(f"AddPermission of function {call['FunctionName']}: there is no such function")
        policy = self.policies.setdefault(call["FunctionName"], {})
        if call["StatementId"] in policy:
            raise conflict("The statement id provided already exists")
        condition = {"ArnLike": {"AWS:SourceArn": call["SourceArn"]}}
        condition["StringEquals"] = {"AWS:SourceAccount": call["SourceAccount"]}
        policy[call["StatementId"]] = {"Sid": call["StatementId"], "Condition": condition}

    def _remove_permission(self, call):
        self.policies.get(call["FunctionName"], {}).pop(call["StatementId"], None)

    # patches

    def _patch(self, thing, call):
        patched = copy.deepcopy(thing)
        for patch in call["patchOperations"]:
            self._apply(patched, patch)
        thing.clear()
        thing.update(patched)
        return thing

    def _apply(self, thing, patch):
        assert patch["op"] in ("add", "replace", "remove"), patch
        _, name, *rest = (each.replace("~1", "/").replace("~0", "~") for each in patch["path"].split("/"))
        value = patch.get("value")
        if name in _MAPS and rest:
            has = rest[0] in thing.get(name, {})
            is_new = name == "variables" and patch["op"] == "replace"
            if (patch["op"] != "add" and not has and not is_new) or (name == "variables" and patch["op"] == "add"):
                raise refused(f"Invalid patch path {patch['path']}")
            if patch["op"] == "remove":
                del thing[name][rest[0]]
            else:
                is_flag = value in ("true", "false") and name in ("requestParameters", "responseParameters")
                value = None if value == "" and name.endswith("Templates") else value
                thing.setdefault(name, {})[rest[0]] = value == "true" if is_flag else value
        elif name in _LISTS:
            items, item = thing.setdefault(name, []), rest[0] if rest else value
            items.append(item) if patch["op"] == "add" else items.remove(item)
        elif rest and name == "endpointConfiguration":
            self._set_endpoint(thing.setdefault(name, {}), patch["op"], rest, value)
        elif rest:
            assert name in ("tlsConfig", "accessLogSettings"), patch
            thing.setdefault(name, {})[rest[0]] = value == "true" if name == "tlsConfig" else value
        elif patch["op"] == "remove":
            if self.resets_by != "remove":
                raise refused(f"Invalid patch path '{patch['path']}' specified for op 'remove'")
            thing.pop(name)
        elif value == "" and self.resets_by != "replace":
            raise refused(f"Invalid patch value specified for {patch['path']}: it must not be empty")
        else:
            thing[name] = int(value or 0) if name in _NUMBERS else value == "true" if name in _BOOLEANS else value

    def _set_endpoint(self, endpoint, op, rest, value):
        if rest[0] == "types":
            assert endpoint["types"] == [rest[1]]
            endpoint["types"] = [value]
        elif rest[0] == "vpcEndpointIds":
            ids = endpoint.setdefault("vpcEndpointIds", [])
            ids.append(value) if op == "add" else ids.remove(value)
        else:
            endpoint[rest[0]] = value
