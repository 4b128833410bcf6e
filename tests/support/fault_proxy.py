"""Run microburst, a proxy between an SDK and an engine that injects faults by rules."""

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
"""The number of fired rules that microburst remembers. Without ``limit``, it lists only a hundred."""
_SEEN_AS = {
    "UploadPart": {"operation": "PutObject"},
    "UploadPartCopy": {"operation": "PutObject", "headers": {"x-amz-copy-source": ""}},
    "CreateMultipartUpload": {"operation": "CreateMultipartUpload", "headers": {"x-amz-checksum-algorithm": ""}},
    "CompleteMultipartUpload": {"operation": "CreateMultipartUpload", "headers": {"x-amz-mp-object-size": ""}},
    "AbortMultipartUpload": {"operation": "DeleteObject"},
}
"""How microburst 0.10 sees the calls of an upload, and the header by which a rule distinguishes them."""


class FaultProxy:
    """The running proxy. ``url`` is its endpoint."""

    def __init__(self, url):
        self.url = url
        self._named = {}

    def arm(self, *rules):
        """Set the rules, and empty ``fired``. A rule names an S3 operation by the name that S3 gives it."""
        made = self._call("rules", "POST", [{**rule, **_seen_as(rule)} for rule in rules])
        self._named = {each["id"]: rule["operation"] for each, rule in zip(made, rules, strict=True)}
        self._call("fired", "DELETE")

    def disarm(self):
        """Remove all rules, and keep ``fired``."""
        self._call("rules", "POST", [])

    @property
    def fired(self):
        """The operations with an injected fault, in order."""
        return [self._named[event["rule_id"]] for event in self._call(f"fired?limit={MOST_FIRED}")]

    def _call(self, path, method="GET", body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_microburst/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def _seen_as(rule):
    return _SEEN_AS.get(rule["operation"], {}) if rule["service"] == "s3" else {}


@contextmanager
def fault_proxy(upstream, folder):
    """A proxy that runs as long as the block, and writes only to the folder."""
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
        # After a SIGTERM, microburst waits until the last connection is closed.
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
    """Send one request to each service, because microburst reads a service's model at its first request."""
    client_for(proxy.url).list_buckets()
    client_for(proxy.url, service="lambda").list_functions()
    client_for(proxy.url, service="dynamodb").list_tables()
    client_for(proxy.url, service="apigateway").get_rest_apis()
