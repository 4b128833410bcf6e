"""Create, update and delete of gateways on the engine, through the companion's handler."""

import urllib.error
from urllib.parse import urlsplit
from urllib.request import urlopen
from uuid import uuid4

import pytest

from tests.engine.fixtures import ROLE, Stack
from tests.engine.test_function_life import make_table, make_zip, put

pytestmark = pytest.mark.thorough

TYPE = "Custom::APIGatewayResource"
COUNT = """
import json, os
import boto3
with open(os.path.join(os.path.dirname(__file__), '.env')) as file:
    env = dict(line.strip().split('=', 1) for line in file if '=' in line)
table = boto3.resource('dynamodb').Table(env['table'])
def handler(event, context):
    name = event.get('name') or (event.get('pathParameters') or {}).get('name') or event['path']
    answer = table.update_item(
        Key={'name': name},
        AttributeUpdates={'counter': {'Action': 'ADD', 'Value': 1}},
        ReturnValues='UPDATED_NEW',
    )
    return {'statusCode': 200, 'body': json.dumps(int(answer['Attributes']['counter']))}
"""


@pytest.fixture
def functions(new_stack):
    return new_stack()


@pytest.fixture
def gateways(functions):
    return Stack(functions.url, functions._sink, TYPE)


@pytest.fixture
def counter(functions):
    return make_counter(functions, "one")


def make_counter(functions, name):
    code = put(functions, f"{name}.zip", make_zip(COUNT))
    table = make_table(functions, name)
    given = {"ServiceToken": "x", "Handler": "index.handler", "Runtime": "python3.11", "Role": ROLE}
    return functions.create({**given, "Code": code, "Env": {"table": table}}, logical_id=name)["Data"]["Arn"]


def properties(function, **more):
    integration = {"Type": "LambdaProxy", "FunctionArn": function}
    given = {"ServiceToken": "x", "ApiName": f"api-{function[-12:]}", "Path": "{name}"}
    return {**given, "IntegrationRequest": integration, "StageName": "prod", **more}


def get(stack, answer, path):
    url = urlsplit(answer["Data"]["Url"])
    place = f"{stack.url}/_aws/execute-api/{url.netloc.split('.')[0]}/{answer['Data']['StageName']}/{path}"
    try:
        with urlopen(place) as found:
            return int(found.read())
    except urllib.error.HTTPError as error:
        return f"status {error.code}"


def apis(stack):
    return [each["id"] for each in stack.client("apigateway").get_rest_apis(limit=500)["items"]]


def policy(stack, function):
    try:
        return stack.client("lambda").get_policy(FunctionName=function)["Policy"]
    except stack.client("lambda").exceptions.ResourceNotFoundException:
        return '"Statement": []'


def test_a_gateway_is_created_updated_replaced_and_deleted(gateways, counter):
    made = gateways.create(properties(counter))
    assert made["Status"] == "SUCCESS", made
    hits = [get(gateways, made, name) for name in ("home", "home", "news")]

    more = properties(
        counter, RequestParameters={"method.request.path.name": "true"}, RequestValidation={"Parameters": "true"}
    )
    changed = gateways.update(more)
    hits.append(get(gateways, changed, "home"))
    same = gateways.update(more)
    moved = gateways.update(properties(counter, Path="visits/{name}"))
    hits += [get(gateways, moved, "visits/home"), get(gateways, moved, "home")]
    gateways.delete(known=moved["old"])
    hits += [get(gateways, moved, "visits/home"), get(gateways, moved, "home")]
    gateways.delete()

    assert hits == [1, 2, 1, 3, 4, 5, 6, "status 403"]
    assert changed["Data"]["DeploymentId"] != made["Data"]["DeploymentId"]
    assert same["Data"] == changed["Data"]
    assert made["Data"]["RestApiId"] == moved["Data"]["RestApiId"]
    assert made["Data"]["RestApiId"] not in apis(gateways)
    assert "hitcounter" not in policy(gateways, counter).partition("Statement")[2].replace(counter, "")


def test_two_gateways_share_an_api_and_are_deleted_one_by_one(gateways, functions, counter):
    other = make_counter(functions, "two")
    name = f"shared-{uuid4().hex[:8]}"
    one = gateways.create(properties(counter, ApiName=name, Path="one/{name}"), logical_id="One")
    two = gateways.create(properties(other, ApiName=name, Path="two/{name}"), logical_id="Two")
    hits = [get(gateways, one, "one/home"), get(gateways, two, "two/home"), get(gateways, one, "one/home")]

    gateways.delete(logical_id="One")
    hits += [get(gateways, two, "two/home"), get(gateways, one, "one/home")]
    client = gateways.client("apigateway")
    left = sorted(each["path"] for each in client.get_resources(restApiId=two["Data"]["RestApiId"])["items"])
    gateways.delete(logical_id="Two")

    assert one["Data"]["RestApiId"] == two["Data"]["RestApiId"]
    assert hits == [1, 1, 2, 2, "status 403"]
    assert left == ["/", "/two", "/two/{name}"]
    assert two["Data"]["RestApiId"] not in apis(gateways)


def test_the_authors_api_is_left_unchanged(gateways, counter):
    client = gateways.client("apigateway")
    api = client.create_rest_api(name="theirs")["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    part = client.create_resource(restApiId=api, parentId=root, pathPart="a")["id"]
    client.put_method(restApiId=api, resourceId=part, httpMethod="GET", authorizationType="NONE")
    client.put_integration(restApiId=api, resourceId=part, httpMethod="GET", type="MOCK")
    before = client.get_resources(restApiId=api)["items"]
    own = {name: value for name, value in properties(counter).items() if name != "ApiName"} | {"RestApiId": api}

    refused = gateways.create({**own, "Path": "a"}, logical_id="Refused")
    made = gateways.create({**own, "Path": "a/{name}/b"})
    hits = get(gateways, made, "a/home/b")
    gateways.delete()

    assert refused["Reason"] == (
        f"Properties.Path: GET /a of API {api} already exists and, by its operationName, does not belong to this resource; "
        "give another Path or Method, or delete the method"
    )
    assert hits == 1
    assert client.get_resources(restApiId=api)["items"] == before
    assert client.get_stages(restApiId=api)["item"] == client.get_deployments(restApiId=api)["items"] == []
