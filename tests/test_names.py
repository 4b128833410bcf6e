"""One name, one key: whatever the gateway, the integration, and the way in which the name is spelled in the URL.

Each name goes through the event that the expansion's own integration makes of it, and through the built-in handler.
The guide shows the table; ``pytest tests/test_names.py --update-golden`` writes it.
"""

import importlib.util
import json
import re
import types
from pathlib import Path
from urllib.parse import unquote

import pytest

from macro.cli.engine.api_gateway import http_api, proxy
from macro.cli.engine.api_gateway.calls import Call
from macro.expand import expand
from tests.support.blocks import GUIDE
from tests.support.names import NAMES, REFUSED
from tests.support.velocity import evaluate

BUILTIN = Path(__file__).parent.parent / "macro" / "builtin" / "index.py"
WAYS = {
    "rest mapped": {"Integration": "mapped"},
    "rest proxy": {"Integration": "proxy"},
    "http": {"Gateway": "http"},
    "custom mapped": {"Gateway": "custom", "Integration": "mapped"},
    "custom proxy": {"Gateway": "custom", "Integration": "proxy"},
}
MAPPED = [way for way in WAYS if way.endswith("mapped")]
# Where API Gateway decodes a name before the mapping does, a percent sign before two hex digits is decoded again.
DECODED_TWICE = {"%2525": "%", "%252F": "/", "%2541": "A", "%4%41": "J"}
BLOCK = re.compile("(<!-- names: pytest tests/test_names.py --update-golden -->\n).*?(<!-- /names -->)", re.DOTALL)


@pytest.fixture(scope="module")
def plain():
    """The resources of each counter without its prefix, from one expansion."""
    template = {"Resources": {name(way): {"Type": "HitCounter", "Properties": WAYS[way]} for way in WAYS}}
    resources = expand(template)["Resources"]
    return {
        way: {key.removeprefix(name(way)): each for key, each in resources.items() if key.startswith(name(way))}
        for way in WAYS
    }


@pytest.fixture
def index(monkeypatch):
    """The built-in handler, with a table in memory."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    spec = importlib.util.spec_from_file_location("macro.builtin.index", BUILTIN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.keys = []
    module.DYNAMODB = types.SimpleNamespace(update_item=lambda **call: record(module.keys, call))
    return module


def name(way):
    return way.title().replace(" ", "")


def record(keys, call):
    keys.append(call["Key"]["name"]["S"])
    return {"Attributes": {"counter": {"N": "1"}}}


def count(index, resources, spelled, is_decoded=False):
    """The key that is written, or ``None`` after a 400."""
    handler = resources["Function"]["Properties"]["Handler"].removeprefix("index.")
    event = make_event(resources, spelled, is_decoded)
    index.keys.clear()
    try:
        answer = getattr(index, handler)(json.loads(event), None)
        assert handler == "handler" or answer["statusCode"] == (200 if index.keys else 400)
    except index.CounterError as error:
        assert (handler, error.status) == ("handler", 400)
    return index.keys[0] if index.keys else REFUSED


def make_event(resources, spelled, is_decoded):
    call = Call("GET", "a1b2", "prod", spelled, "", [])
    if "Route" in resources:
        return http_api.make_event(call, resources["Route"]["Properties"]["RouteKey"], {})
    if "Gateway" in resources:
        integration = resources["Gateway"]["Properties"]["IntegrationRequest"]
    else:
        integration = resources["Method"]["Properties"]["Integration"]
    if integration["Type"] in ("AWS_PROXY", "LambdaProxy"):
        return proxy.make_event(call, "/{name}", {"name": spelled}, {})
    template = integration["RequestTemplates"]["application/json"]
    return evaluate(template, {"name": unquote(spelled) if is_decoded else spelled})


@pytest.mark.parametrize("spelled", NAMES, ids=lambda spelled: ascii(spelled[:30]))
def test_a_name_has_one_key_whatever_the_gateway_and_the_integration(plain, index, spelled):
    keys = {way: count(index, plain[way], spelled) for way in WAYS}

    assert keys == dict.fromkeys(WAYS, NAMES[spelled])


@pytest.mark.parametrize("spelled", NAMES, ids=lambda spelled: ascii(spelled[:30]))
def test_a_mapping_does_no_harm_to_a_name_that_is_decoded_already(plain, index, spelled):
    keys = {way: count(index, plain[way], spelled, is_decoded=True) for way in MAPPED}

    assert keys == dict.fromkeys(MAPPED, DECODED_TWICE.get(spelled, NAMES[spelled]))


def test_the_guide_has_the_table(update_golden):
    rows = [f"| {show(spelled)} | {show(key)} | {tell_exception(spelled)} |" for spelled, key in NAMES.items()]
    head = [f"| in the URL | counted as, by {', '.join(WAYS)} | except |", "| --- | --- | --- |"]
    table = "\n" + "\n".join([*head, *rows]) + "\n\n"
    if update_golden:
        text = GUIDE.read_text("utf-8")
        GUIDE.write_text(BLOCK.sub(lambda match: match[1] + table + match[2], text), "utf-8")

    found = BLOCK.search(GUIDE.read_text("utf-8"))
    assert found[0] == found[1] + table + found[2], "run: pytest tests/test_names.py --update-golden"


def tell_exception(spelled):
    """What may differ: in a mapping, and behind an HTTP API, which changes paths with these signs itself."""
    mapped = [f"mapped: {show(DECODED_TWICE[spelled])}"] if spelled in DECODED_TWICE else []
    return ", ".join([*mapped, *(["http"] if re.search("%25|%3F", spelled) else [])])


def show(text):
    """A cell: code, with what can't be seen as an escape of Python's, and long texts by their length in bytes."""
    if text is REFUSED:
        return "400"
    seen = "".join(letter if letter.isprintable() or letter == " " else ascii(letter)[1:-1] for letter in text)
    if len(text) > 60:
        return f"`{text[:6]}…`, {len(text.encode()):,} bytes"
    return f"`{seen}`"
