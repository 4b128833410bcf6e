import os
import select

import pytest

from tests.corpus.fetch import PACKAGES_LOCK, fetch_mermaid, fetch_node_packages, find_node_packages

LEFT_OUT = "can't be fetched here, so the tests with them are left out: npm"


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Puts a program in the place of npm: ``npm("exit 1")``."""

    def put(script):
        path = tmp_path / "bin" / "npm"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(path.parent), prepend=":")

    return put


def fetch_packages(folder, seconds):
    fetch_node_packages(folder / "node", seconds)


def fetch_picture(folder, seconds):
    fetch_mermaid(folder / "mermaid.min.js", seconds)


@pytest.mark.parametrize(("fetch", "what"), [(fetch_packages, "packages for Node"), (fetch_picture, "Mermaid")])
def test_an_npm_that_fails_is_reported_and_nothing_counts_as_fetched(fetch, what, npm, tmp_path, capfd):
    npm("exit 7")

    fetch(tmp_path, 60)

    assert capfd.readouterr().err == f"{what}: {LEFT_OUT} ended with 7\n"
    assert find_node_packages(tmp_path / "node") is None
    assert not (tmp_path / "mermaid.min.js").exists()


@pytest.mark.parametrize(("fetch", "what"), [(fetch_packages, "packages for Node"), (fetch_picture, "Mermaid")])
def test_an_npm_that_hangs_is_ended_with_all_that_it_started(fetch, what, npm, tmp_path, capfd):
    os.mkfifo(tmp_path / "held")
    held = os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK)
    npm(f"exec 3> {tmp_path / 'held'}; sleep 60 & wait")

    fetch(tmp_path, 0.2)

    assert capfd.readouterr().err == f"{what}: {LEFT_OUT} gave no answer within 0.2 s\n"
    assert select.select([held], [], [], 10)[0], "something still holds what npm opened"
    os.close(held)
    assert find_node_packages(tmp_path / "node") is None


def test_packages_of_another_lock_are_fetched_again(npm, tmp_path):
    npm("exit 0")

    fetch_node_packages(tmp_path / "node", 60)

    assert find_node_packages(tmp_path / "node") == tmp_path / "node"
    (tmp_path / "node" / "fetched").write_bytes(PACKAGES_LOCK.read_bytes() + b"\n")
    assert find_node_packages(tmp_path / "node") is None
