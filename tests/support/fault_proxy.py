"""microburst between an SDK and an engine, as a process of ours: faults by rules, and the list of those that fired."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

from tests.support.ministack import client_for

MOST_FIRED = 2000
"""So many it remembers; its list shows a hundred unless told."""
_KNOWN_AS = {
    "UploadPart": {"operation": "PutObject"},
    "UploadPartCopy": {"operation": "PutObject", "headers": {"x-amz-copy-source": ""}},
    "CreateMultipartUpload": {"operation": "CreateMultipartUpload", "headers": {"x-amz-checksum-algorithm": ""}},
    "CompleteMultipartUpload": {"operation": "CreateMultipartUpload", "headers": {"x-amz-mp-object-size": ""}},
    "AbortMultipartUpload": {"operation": "DeleteObject"},
}
"""What microburst 0.10 takes the calls of an upload for, and by which header a rule tells them from each other."""


class FaultProxy:
    """`url` leads to the engine."""

    def __init__(self, url):
        self.url = url
        self._named = {}

    def arm(self, *rules):
        """These rules and no others, and an empty list of what fired; an S3 operation may have its true name."""
        made = self._call("rules", "POST", [{**rule, **_known_as(rule)} for rule in rules])
        self._named = {each["id"]: rule["operation"] for each, rule in zip(made, rules, strict=True)}
        self._call("fired", "DELETE")

    def disarm(self):
        """No rule any more; what fired stays known."""
        self._call("rules", "POST", [])

    @property
    def fired(self):
        """The operations that a rule fired at, in order."""
        return [self._named[event["rule_id"]] for event in self._call(f"fired?limit={MOST_FIRED}")]

    def _call(self, path, method="GET", body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_microburst/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def _known_as(rule):
    return _KNOWN_AS.get(rule["operation"], {}) if rule["service"] == "s3" else {}


@contextmanager
def fault_proxy(upstream, folder):
    """A proxy that ends with the block; it writes to the folder alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(folder), "HOME": str(folder)}
    command = [sys.executable, "-m", "microburst", "--upstream", upstream, "--port", str(port), "--no-resign"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    proxy = FaultProxy(f"http://127.0.0.1:{port}")
    try:
        _wait_for(proxy, server, folder / "log")
        _warm_up(proxy)
        yield proxy
    finally:
        # To a SIGTERM it listens when the last connection is closed.
        server.kill()
        server.wait(timeout=20)


def _wait_for(proxy, server, log):
    deadline = time.monotonic() + 30
    while True:
        try:
            return proxy.fired
        except OSError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def _warm_up(proxy):
    """The first request to a service has it read the service's model."""
    client_for(proxy.url).list_buckets()
    client_for(proxy.url, service="lambda").list_functions()
    client_for(proxy.url, service="dynamodb").list_tables()
    client_for(proxy.url, service="apigateway").get_rest_apis()
