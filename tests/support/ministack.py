"""Run MiniStack, unchanged, in a process on a free port of 127.0.0.1."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

REGION = "us-east-1"
ACCOUNT = "000000000000"


def client_for(url, region=REGION, service="s3"):
    config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )


@contextmanager
def ministack(folder, **settings):
    """The URL of an engine that runs as long as the block, and writes only to the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(folder), "HOME": str(folder), "GATEWAY_PORT": str(port)}
    env |= {"BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "LOG_LEVEL": "ERROR", **settings}
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "ministack"]
        server = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, server, folder / "log")
        yield url
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)


def wait_for(url, server, log):
    deadline = time.monotonic() + 30
    while True:
        try:
            return client_for(url).list_buckets()
        except BotoCoreError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
