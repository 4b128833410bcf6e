"""Each sample is deployed, and concurrent clients get each number exactly once.

The engine evaluates no mapping templates. So code that reads ``event["name"]`` is invoked with the event of a template.
"""

import base64
import http.client
import json
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.support.deploying import SAMPLES, counters, hit, hit_together, new_name, write, write_handler, zip_folder
from tests.support.ministack import ACCOUNT, REGION

pytestmark = pytest.mark.thorough

NAMES = ["home", "about", "a b", "zürich"]
SHOW_BASE64 = """
import base64
from pathlib import Path

def handler(event, context):
    lines = Path(__file__).with_name("config").joinpath(".env").read_text("utf-8").split("\\n")
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name: base64.b64decode(value).decode() for name, value in pairs}
"""


def encode(name):
    return name.replace(" ", "%20").replace("ü", "%C3%BC")


@pytest.mark.parametrize("sample", ["minimal.yaml", "http.yaml"])
def test_a_sample_counts_concurrent_hits(cloud, sample):
    stack = new_name()
    url = cloud.deploy(SAMPLES / sample, stack)["Url"]

    numbers = hit_together(url, [encode(name) for name in NAMES * 10])

    assert numbers == {encode(name): list(range(1, 11)) for name in NAMES}
    table = cloud.resources(stack)["VisitsTable"]
    assert {name: cloud.count_of(table, name) for name in NAMES} == dict.fromkeys(NAMES, 10)


def test_two_counters_of_a_template_count_separately_one_with_shards(cloud):
    stack = new_name()
    outputs = cloud.deploy(SAMPLES / "two_counters.yaml", stack)
    downloads, _, rest = outputs["Downloads"].partition(" ")

    numbers = hit_together(outputs["Visits"], ["home"] * 5)
    for _ in range(6):
        last = hit(downloads, "home")

    resources = cloud.resources(stack)
    assert (numbers, last) == ({"home": [1, 2, 3, 4, 5]}, 6)
    assert rest == f"(kept in {resources['DownloadsTable']})"
    assert cloud.count_of(resources["VisitsTable"], "home") == 5
    assert sum(cloud.count_of(resources["DownloadsTable"], f"home#{shard}") for shard in range(4)) == 6


def test_local_code_counts_with_a_mapped_event(cloud):
    stack = new_name()
    cloud.deploy(SAMPLES / "local_code.yaml", stack)
    resources = cloud.resources(stack)

    numbers = [cloud.invoke(resources["VisitsFunction"], {"name": "home"}) for _ in range(3)]

    assert numbers == [1, 2, 3]
    assert cloud.count_of(resources["VisitsTable"], "home") == 3


def test_code_from_a_bucket_counts_with_a_mapped_event(cloud):
    stack, bucket = new_name(), new_name("code")
    cloud.client("s3").create_bucket(Bucket=bucket)
    code = zip_folder(SAMPLES / "handler")
    cloud.client("s3").put_object(Bucket=bucket, Key="hit-counter.zip", Body=code)
    cloud.deploy(SAMPLES / "own_handler.yaml", stack, "--parameter", f"CodeBucket={bucket}")
    resources = cloud.resources(stack)

    numbers = [cloud.invoke(resources["VisitsFunction"], {"name": "home"}) for _ in range(2)]

    assert numbers == [1, 2]
    assert cloud.count_of(resources["VisitsTable"], "home") == 2


@pytest.fixture
def my_companion(cloud):
    """The companion that samples/everything.yaml needs."""
    installed = cloud.client("lambda").get_function(FunctionName="HitCounterMacro-Companion")["Configuration"]
    template = cloud.client("cloudformation").get_template(StackName="HitCounterMacro")["TemplateBody"]
    template = json.loads(template) if isinstance(template, str) else template
    cloud.client("lambda").create_function(
        FunctionName="my-companion",
        Runtime=installed["Runtime"],
        Handler=installed["Handler"],
        Role=installed["Role"],
        Timeout=120,
        Code=template["Resources"]["CompanionFunction"]["Properties"]["Code"],
        Environment={"Variables": installed["Environment"]["Variables"]},
    )
    cloud.client("lambda").get_waiter("function_active_v2").wait(FunctionName="my-companion", WaiterConfig={"Delay": 1})
    yield f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:my-companion"
    cloud.client("lambda").delete_function(FunctionName="my-companion")


def test_the_everything_sample_deploys_and_its_env_file_has_the_values(cloud, my_companion, tmp_path):
    write_handler(tmp_path, SHOW_BASE64).joinpath(".env").write_text("# nothing but what the template gives\n", "utf-8")
    code = zip_folder(tmp_path / "handler", env_file="config/.env")
    cloud.client("s3").create_bucket(Bucket="my-code")
    cloud.client("s3").put_object(Bucket="my-code", Key="hit-counter.zip", Body=code)
    stack = new_name()

    outputs = cloud.deploy(SAMPLES / "everything.yaml", stack, "--parameter", "Size=big")

    resources = cloud.resources(stack)
    function = cloud.client("lambda").get_function(FunctionName=resources["VisitsFunction"])["Configuration"]
    table = cloud.client("dynamodb").describe_table(TableName=resources["VisitsTable"])["Table"]
    source, _, made = outputs["Code"].partition(" as ")
    assert cloud.invoke(resources["VisitsFunction"], {}) == {
        "TOPIC": resources["Topic"],
        "LEVEL": "warning",
        "table": resources["VisitsTable"],
        "shards": "2",
        "exact": "true",
    }
    assert (function["MemorySize"], function["CodeSha256"]) == (1024, made)
    assert len(base64.b64decode(made)) == 32
    assert source not in ("", made)
    assert table["DeletionProtectionEnabled"]
    assert outputs["Url"].endswith("/prod/api/hits/{name}")


def test_the_plugin_sample_deploys_and_counts(cloud):
    stack = new_name()

    outputs = cloud.deploy(SAMPLES / "plugin" / "template.yaml", stack)

    assert hit_together(outputs["Url"], ["home"] * 4) == {"home": [1, 2, 3, 4]}
    assert outputs["Topic"] == cloud.resources(stack)["VisitsTopic"]


def test_a_function_reads_a_plugins_output_from_its_env_file(cloud, tmp_path):
    shutil.copytree(SAMPLES / "plugin", tmp_path, dirs_exist_ok=True)
    write_handler(tmp_path)
    text = (tmp_path / "template.yaml").read_text("utf-8")
    template = write(tmp_path, text.replace("Properties:\n", "Properties:\n      Code: ./handler\n", 1))
    stack = new_name()

    outputs = cloud.deploy(template, stack)

    resources = cloud.resources(stack)
    env = cloud.invoke(resources["VisitsFunction"], {})
    assert env == {"level": "info", "table": resources["VisitsTable"], "topic": outputs["Topic"]}
    assert outputs["Topic"].startswith("arn:aws:sns:")


def test_sixteen_concurrent_clients_get_each_of_four_thousand_numbers_once(cloud, capsys, tmp_path, tally):
    stack = new_name()
    outputs = cloud.deploy(write(tmp_path, counters()), stack)
    threads, each = 16, 250
    begun = time.perf_counter()

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda _: hit_in_a_row(outputs["VisitsUrl"], each), range(threads)))

    seconds = time.perf_counter() - begun
    numbers = Counter(number for row in answers for number, _ in row)
    assert numbers == Counter(range(1, threads * each + 1))
    assert cloud.count_of(outputs["VisitsTable"], "hot") == threads * each
    tally("hits of 16 at once, each counted exactly once", threads * each)
    with capsys.disabled():
        print(f"\n{report([took for row in answers for _, took in row], seconds)}")


def hit_in_a_row(url, times):
    """The numbers and seconds of consecutive hits over one connection."""
    place = urlsplit(url.replace("{name}", "hot"))
    connection = http.client.HTTPConnection(place.netloc, timeout=120)
    row = []
    for _ in range(times):
        begun = time.perf_counter()
        connection.request("GET", place.path)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        row.append((int(body), time.perf_counter() - begun))
    connection.close()
    return row


def report(took, seconds):
    took = sorted(took)
    at = {share: took[int(share / 100 * (len(took) - 1))] * 1000 for share in (50, 95, 99, 100)}
    latency = ", ".join(f"{share} % within {spent:,.0f} ms" for share, spent in at.items())
    return f"{len(took):,} hits, 16 at once: {len(took) / seconds:,.0f} a second; {latency}"
