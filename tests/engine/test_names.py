"""One name, one key: each unusual name through the local engine, by every gateway and integration."""

import http.client
import json
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from macro.cli.main import main
from tests.support.deploying import SAMPLES
from tests.support.local_run import Run
from tests.support.ministack import client_for
from tests.support.names import NAMES, REFUSED
from tests.test_names import WAYS
from tests.test_names import name as name_counter

pytestmark = pytest.mark.thorough

SPOKEN = "wörd by+word"
COUNTED = Counter(key for key in NAMES.values() if key is not REFUSED)


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    """The URL of each counter without the name, while the command runs."""
    folder = tmp_path_factory.mktemp("names")
    shutil.copytree(SAMPLES / "handler", folder / "handler")
    counters = {name_counter(way): {"Type": "HitCounter", "Properties": WAYS[way]} for way in WAYS}
    counters["Own"] = {"Type": "HitCounter", "Properties": {"Code": "./handler"}}
    (folder / "t.json").write_text(json.dumps({"Transform": "HitCounterMacro", "Resources": counters}))
    run = Run(folder, "t.json")
    found = [run.read_until(r"(\w+) counts at (http://\S+/)\{name\}") for _ in counters]
    yield {each[1]: each[2] for each in found}
    run.close()


def request(url):
    """The status of a request to exactly this URL: other clients would change some of them."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("GET", url.partition(urlsplit(url).netloc)[2])
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("way", WAYS)
def test_names_are_counted_under_the_keys_that_the_guide_says(bases, way):
    base = bases[name_counter(way)]

    with ThreadPoolExecutor(4) as pool:
        statuses = dict(zip(NAMES, pool.map(lambda spelled: request(base + spelled), NAMES), strict=True))

    assert statuses == {spelled: 400 if key is REFUSED else 200 for spelled, key in NAMES.items()}
    counted = read_table(base, name_counter(way))
    counted.pop(SPOKEN, None)
    assert counted == COUNTED


def test_own_code_behind_a_mapping_gets_the_same_names(bases):
    counted = [spelled for spelled, key in NAMES.items() if key is not REFUSED]

    with ThreadPoolExecutor(4) as pool:
        statuses = set(pool.map(lambda spelled: request(bases["Own"] + spelled), counted))

    assert statuses == {200}
    assert read_table(bases["Own"], "Own") == COUNTED


def read_table(base, counter):
    url = f"http://{urlsplit(base).netloc}"
    (table,) = [
        each for each in client_for(url, service="dynamodb").list_tables()["TableNames"] if f"-{counter}Table-" in each
    ]
    pages = client_for(url, service="dynamodb").get_paginator("scan").paginate(TableName=table)
    return {item["name"]["S"]: int(item["counter"]["N"]) for page in pages for item in page["Items"]}


def test_hits_finds_a_name_as_it_is_spoken(bases, capsys, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    engine = f"http://{urlsplit(bases['Http']).netloc}"
    assert [request(f"{bases[name_counter(way)]}w%c3%b6rd%20by+word") for way in WAYS] == [200] * len(WAYS)

    code = main(["hits", "local-t", SPOKEN, "--json", "--endpoint-url", engine, "--region", "us-east-1"])

    told = capsys.readouterr()
    assert (code, told.err) == (0, "")
    found = {each["counter"]: each["hits"] for each in json.loads(told.out)["counters"] if each["counter"] != "Own"}
    assert found == {name_counter(way): [{"name": SPOKEN, "hits": 1}] for way in WAYS}
