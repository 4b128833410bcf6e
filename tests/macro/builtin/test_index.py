"""The built-in handler, with DynamoDB's real protocol: counts, lost answers, throttling and every form of event."""

import hashlib
import importlib.util
import json
import threading
import time
import types
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from macro.builtin.digest import KEY, SHA256
from macro.cli.package.bundle import BUILTIN, write_digest, zip_builtin
from tests.support.events import read_event

TABLE = "hits"
CONTEXT = types.SimpleNamespace(aws_request_id="6f1c2b1e-8d7a-4a51-9d7c-0f3a5c1b2d3e")
THROTTLE = {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "slow"}
DENIED = {"__type": "com.amazon.coral.service#AccessDeniedException", "message": "no"}


class Proxy:
    """A proxy between handler and DynamoDB. ``faults`` lists what happens to the next calls, in order."""

    def __init__(self, upstream):
        self.faults = []
        self.calls = []
        self.lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            # Without this option, an answer of several packets waits until the client acknowledges the first packet.
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                proxy.calls.append((self.headers["X-Amz-Target"].partition(".")[2], json.loads(body)))
                fault = proxy.faults.pop(0) if proxy.faults else None
                if isinstance(fault, dict):
                    self.answer(400, json.dumps(fault).encode())
                elif fault == "error":
                    self.answer(500, b'{"__type": "InternalServerError"}')
                else:
                    request = urllib.request.Request(upstream, body, dict(self.headers), method="POST")
                    # Moto's ADD is not atomic.
                    with proxy.lock, urllib.request.urlopen(request) as response:
                        content = response.read()
                    if fault == "lost":
                        self.close_connection = True
                    else:
                        self.answer(200, content)

            def answer(self, status, content):
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture(scope="module")
def dynamodb():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def proxy(dynamodb, monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("dynamodb", endpoint_url=dynamodb)
    client.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    proxy = Proxy(dynamodb)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", proxy.url)
    yield proxy
    proxy.server.shutdown()
    proxy.server.server_close()
    client.delete_table(TableName=TABLE)


@pytest.fixture
def start(proxy, tmp_path):
    """Start the handler as Lambda does: from its unpacked zip, with the env file of a deployment."""

    def start(**env):
        folder = tmp_path / "unpacked_handler"
        with zipfile.ZipFile(BytesIO(zip_builtin())) as archive:
            archive.extractall(folder)
        lines = [f"{name}={value}" for name, value in {"table": TABLE, **env}.items()]
        (folder / ".env").write_text("\ufeff# a comment\n" + "\r\n".join(lines) + "\n", "utf-8")
        spec = importlib.util.spec_from_file_location("macro.builtin.index", folder / "index.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return start


def get_calls(proxy):
    return [name for name, _ in proxy.calls]


def find_calls(proxy, operation):
    return [call for name, call in proxy.calls if name == operation]


def test_each_hit_of_a_name_adds_one(start):
    index = start()

    numbers = [index.handler({"name": "about"}, CONTEXT) for _ in range(3)]

    assert numbers == [1, 2, 3]
    assert index.handler({"name": "home"}, CONTEXT) == 1


def test_a_hit_is_one_write_call(start, proxy):
    start().handler({"name": "about"}, CONTEXT)

    ((name, call),) = proxy.calls
    assert name == "UpdateItem"
    assert (call["TableName"], call["Key"]) == (TABLE, {"name": {"S": "about"}})
    assert call["UpdateExpression"] == "ADD #counter :one"


def test_concurrent_hits_are_all_counted_and_get_different_numbers(start):
    index = start()
    # Handler, proxy and table share one process, so sixteen threads may wait long on a busy machine.
    index.DYNAMODB = boto3.client("dynamodb", config=index.CONFIG.merge(Config(read_timeout=60)))

    with ThreadPoolExecutor(16) as pool:
        numbers = list(pool.map(lambda _: index.handler({"name": "hot"}, CONTEXT), range(200)))

    assert sorted(numbers) == list(range(1, 201))


@pytest.mark.parametrize(
    "event",
    [
        {"name": "about"},
        {"pathParameters": {"name": "about"}, "requestContext": {}},
        {"version": "2.0", "rawPath": "/prod/about", "pathParameters": {"name": "about"}},
    ],
    ids=["mapped", "proxy 1.0", "proxy 2.0"],
)
def test_the_name_is_found_in_every_form_of_event(start, event):
    index = start()

    assert index.handler(event, CONTEXT) == 1
    assert index.proxy(event, CONTEXT) == {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json", "Cache-Control": "no-store"},
        "body": "2",
    }


@pytest.mark.parametrize("event", ["rest_proxy", "http_2_0"])
def test_events_of_both_gateways_have_one_name(start, proxy, event):
    answer = start().proxy(read_event(event), CONTEXT)

    ((_, call),) = proxy.calls
    assert (answer["statusCode"], call["Key"]["name"]["S"]) == (200, "café a+b+c")


@pytest.mark.parametrize(
    "event",
    [
        {"name": "a%20b"},
        {"version": "2.0", "pathParameters": {"name": "a%20b"}},
        {"pathParameters": {"name": "a%2520b"}},
    ],
    ids=["mapped", "proxy 2.0", "proxy 1.0"],
)
def test_a_name_is_decoded_once(start, proxy, event):
    start().handler(event, CONTEXT)

    ((_, call),) = proxy.calls
    assert call["Key"]["name"]["S"] == "a%20b"


@pytest.mark.parametrize("name", ["a/b", 'a"b', "a\nb", "世界 👋", "../x", "%2F", "a#1", "x" * 2045])
def test_any_text_can_be_a_name(start, name):
    assert start().handler({"name": name}, CONTEXT) == 1


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({}, "the request must have a name to count"),
        ({"name": ""}, "the request must have a name to count"),
        ({"name": 7}, "the request must have a name to count"),
        ({"pathParameters": None}, "the request must have a name to count"),
        ({"name": "ü" * 1023}, "a name must have at most 2045 bytes"),
        ({"pathParameters": {"name": "%ff"}}, "a name must be UTF-8"),
        ({"name": "a\ufffd"}, "a name must be UTF-8"),
        ({"name": "\ud83d"}, "a name must be UTF-8"),
    ],
)
def test_an_event_without_a_usable_name_is_status_400(start, proxy, event, message):
    index = start()

    with pytest.raises(index.CounterError) as error:
        index.handler(event, CONTEXT)

    assert str(error.value) == f"[400] {message}"
    assert index.proxy(event, CONTEXT)["statusCode"] == 400
    assert json.loads(index.proxy(event, CONTEXT)["body"]) == {"message": message}
    assert proxy.calls == []


def test_a_hit_is_not_repeated_after_a_lost_answer(start, proxy):
    index = start()
    proxy.faults = ["lost"]

    with pytest.raises(Exception, match="closed"):
        index.handler({"name": "about"}, CONTEXT)

    assert get_calls(proxy) == ["UpdateItem"]
    assert index.handler({"name": "about"}, CONTEXT) == 2


def test_a_hit_is_not_repeated_after_a_server_error(start, proxy):
    index = start()
    proxy.faults = ["error"]

    with pytest.raises(Exception, match="InternalServerError"):
        index.handler({"name": "about"}, CONTEXT)

    assert get_calls(proxy) == ["UpdateItem"]


def test_a_throttled_hit_is_retried_and_counted_once(start, proxy):
    index = start()
    proxy.faults = [THROTTLE, THROTTLE]

    assert index.handler({"name": "about"}, CONTEXT) == 1
    assert get_calls(proxy) == ["UpdateItem"] * 3


def test_endless_throttling_is_status_503(start, proxy):
    index = start()
    proxy.faults = [THROTTLE] * 4

    answer = index.proxy({"name": "about"}, CONTEXT)

    assert (answer["statusCode"], json.loads(answer["body"])) == (503, {"message": "the table is too busy; try again"})
    assert get_calls(proxy) == ["UpdateItem"] * 4


def test_an_unreachable_table_is_status_503(start, proxy):
    index = start()
    proxy.server.shutdown()
    proxy.server.server_close()

    with pytest.raises(index.CounterError, match=r"^\[503\] the table is too busy; try again$"):
        index.handler({"name": "about"}, CONTEXT)


def test_a_denied_hit_is_not_retried(start, proxy):
    index = start()
    proxy.faults = [DENIED]

    with pytest.raises(Exception, match="AccessDenied"):
        index.handler({"name": "about"}, CONTEXT)

    assert get_calls(proxy) == ["UpdateItem"]


def test_an_exact_hit_is_a_transaction_with_the_requests_id_as_token(start, proxy):
    index = start(exact="true")

    assert index.handler({"name": "about"}, CONTEXT) == 1

    (call,) = find_calls(proxy, "TransactWriteItems")
    assert call["ClientRequestToken"] == CONTEXT.aws_request_id


def test_the_env_value_true_may_have_any_case(start, proxy):
    start(exact="True").handler({"name": "about"}, CONTEXT)

    assert find_calls(proxy, "TransactWriteItems")


@pytest.mark.parametrize("fault", ["lost", "error", THROTTLE], ids=["lost", "error", "throttle"])
def test_an_exact_hit_is_repeated_with_the_same_token(start, proxy, fault):
    index = start(exact="true", shards="4")
    proxy.faults = [fault]

    index.handler({"name": "about"}, CONTEXT)

    first, second = find_calls(proxy, "TransactWriteItems")
    assert first == second


def test_an_exact_hit_is_retried_more_often_than_a_plain_one(start, proxy):
    index = start(exact="true")
    proxy.faults = [THROTTLE, "lost", "error", THROTTLE, THROTTLE, "lost", "error"]

    index.handler({"name": "about"}, CONTEXT)

    first, *others = find_calls(proxy, "TransactWriteItems")
    assert proxy.faults == []
    assert all(other == first for other in others)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (THROTTLE, "the table is too busy; try again"),
        ("lost", "the table did not answer; the hit may be counted or not"),
        ("error", "the table did not answer; the hit may be counted or not"),
    ],
    ids=["throttle", "lost", "error"],
)
def test_a_hit_that_may_be_counted_does_not_ask_for_a_retry(start, proxy, fault, message):
    index = start(exact="true")
    proxy.faults = [fault, *[THROTTLE] * 7]

    answer = index.proxy({"name": "about"}, CONTEXT)

    assert (answer["statusCode"], json.loads(answer["body"])) == (503, {"message": message})


def test_writing_ends_before_the_functions_timeout(start, proxy):
    index = start(exact="true")
    index.RETRY_SECONDS = 0
    proxy.faults = ["lost"]

    with pytest.raises(index.CounterError, match="may be counted or not"):
        index.handler({"name": "about"}, CONTEXT)

    assert get_calls(proxy) == ["TransactWriteItems"]


def test_reading_ends_before_the_functions_timeout(start):
    index = start(shards="2")
    asked = []
    rest = {TABLE: {"Keys": [{"name": {"S": "hot#0"}}]}}

    def answer(RequestItems):  # noqa: N803
        asked.append(RequestItems)
        return {"Responses": {}, "UnprocessedKeys": rest}

    index.DYNAMODB = types.SimpleNamespace(batch_get_item=answer)

    with pytest.raises(index.CounterError, match="the hit is counted, but the table is too busy to be read"):
        index.read("hot", time.monotonic() - 1)

    assert len(asked) == 1


def test_a_repeated_exact_hit_uses_the_same_shard(start, proxy):
    index = start(exact="true", shards="64")
    requests = [types.SimpleNamespace(aws_request_id=f"{number}-8d7a-4a51-9d7c-0f3a5c1b2d3e") for number in range(8)]

    for request in (*requests, *requests):
        index.handler({"name": "about"}, request)

    writes = [call["TransactItems"] for name, call in proxy.calls if name == "TransactWriteItems"]
    assert writes[:8] == writes[8:]


def test_the_hits_of_all_shards_are_summed(start, proxy):
    start().handler({"name": "hot"}, CONTEXT)
    index = start(shards="4")

    numbers = [index.handler({"name": "hot"}, types.SimpleNamespace(aws_request_id=str(n))) for n in range(40)]

    assert numbers == list(range(2, 42))
    keys = {call["Key"]["name"]["S"] for name, call in proxy.calls if name == "UpdateItem"}
    assert keys == {"hot", "hot#0", "hot#1", "hot#2", "hot#3"}


def test_a_table_that_answers_in_parts_is_read_completely(start, proxy):
    index = start(shards="2")
    pending = {TABLE: {"Keys": [{"name": {"S": "hot#0"}}], "ConsistentRead": True}}
    answers = iter([{"Responses": {}, "UnprocessedKeys": pending}, {"Responses": {TABLE: [{"counter": {"N": "5"}}]}}])
    index.DYNAMODB = types.SimpleNamespace(batch_get_item=lambda RequestItems: next(answers))  # noqa: N803

    assert index.read("hot", time.monotonic() + 10) == 5


def test_a_table_that_never_answers_completely_is_status_503(start):
    index = start(shards="2")
    index.FIRST_PAUSE = 0
    answer = {"Responses": {}, "UnprocessedKeys": {TABLE: {"Keys": [{"name": {"S": "hot#0"}}]}}}
    index.DYNAMODB = types.SimpleNamespace(batch_get_item=lambda RequestItems: answer)  # noqa: N803

    with pytest.raises(index.CounterError, match="the hit is counted, but the table is too busy to be read"):
        index.read("hot", time.monotonic() + 10)


@pytest.mark.parametrize("env", [{"shards": "2"}, {"exact": "true"}])
def test_a_counted_hit_without_a_number_does_not_ask_for_a_retry(start, proxy, env):
    index = start(**env)
    proxy.faults = [None, *[THROTTLE] * 4]

    answer = index.proxy({"name": "about"}, CONTEXT)

    message = "the hit is counted, but the table is too busy to be read"
    assert (answer["statusCode"], json.loads(answer["body"])) == (503, {"message": message})


def test_the_zip_always_has_the_same_bytes_and_a_known_key():
    content = zip_builtin()

    assert hashlib.sha256(content).hexdigest() == SHA256, "run: python -m macro.cli.package.bundle"
    assert f"handlers/hit-counter-{SHA256}.zip" == KEY
    with zipfile.ZipFile(BytesIO(content)) as archive:
        infos = archive.infolist()
        assert {info.filename: archive.read(info) for info in infos} == {
            name: (BUILTIN / name).read_bytes() for name in (".env", "index.py")
        }
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}


def test_the_digest_is_updated(tmp_path):
    current = (BUILTIN / "digest.py").read_text("utf-8")
    module = tmp_path / "digest.py"
    module.write_text(current.replace(SHA256, "old"), "utf-8")

    write_digest(module)

    assert module.read_text("utf-8") == current


def read_log(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_counted_hit_logs_nothing(start, capsys):
    index = start()

    index.handler({"name": "home"}, CONTEXT)
    index.proxy({"pathParameters": {"name": "home"}}, CONTEXT)

    assert read_log(capsys) == []


def test_a_refused_hit_is_one_log_line_without_the_name(start, capsys):
    index = start()
    name = "someone@example.org " * 200

    answer = index.proxy({"pathParameters": {"name": name}}, CONTEXT)

    (line,) = read_log(capsys)
    assert (answer["statusCode"], line.pop("timestamp")[-1], line.pop("durationMs") >= 0) == (400, "Z", True)
    assert line == {
        "level": "WARN",
        "requestId": CONTEXT.aws_request_id,
        "status": 400,
        "reason": "a name must have at most 2045 bytes",
        "nameLength": 4000,
    }


@pytest.mark.parametrize(
    ("faults", "status", "reason"),
    [
        ([DENIED], 500, "UpdateItem: AccessDeniedException"),
        ([THROTTLE] * 9, 503, "the table is too busy; try again"),
        (["lost"], 500, "ConnectionClosedError"),
    ],
    ids=["denied", "throttled", "lost"],
)
def test_a_failed_hit_is_an_error_in_the_log(start, proxy, capsys, faults, status, reason):
    index = start()
    proxy.faults = faults

    with pytest.raises(Exception, match=r"An error occurred|^\[503\]|closed"):
        index.handler({"name": "home"}, CONTEXT)

    (line,) = read_log(capsys)
    assert (line["level"], line["status"], line["reason"]) == ("ERROR", status, reason)
    assert line["nameLength"] == 4


@pytest.mark.parametrize("event", [None, [], "home", {"pathParameters": "home"}], ids=repr)
def test_an_event_of_another_kind_is_refused_and_logged(start, capsys, event):
    index = start()

    answer = index.proxy(event, CONTEXT)

    (line,) = read_log(capsys)
    assert (answer["statusCode"], line["nameLength"]) == (400, None)
