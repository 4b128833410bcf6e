import pytest

from tests.support.node import explain_lack, read_version


@pytest.fixture
def node(tmp_path, monkeypatch):
    """Puts a program in the place of Node that says this."""

    def put(says):
        (tmp_path / "node").write_text(f"#!/bin/sh\necho {says}\n", "utf-8")
        (tmp_path / "node").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        read_version.cache_clear()

    yield put
    read_version.cache_clear()


@pytest.mark.parametrize(
    ("says", "lacks"),
    [("v18.20.4", True), ("v20.11.1", True), ("v20.12.0", False), ("v22.0.0", False), ("nothing", True)],
)
def test_a_node_that_is_too_old_is_a_reason_to_skip(node, says, lacks):
    node(says)

    assert explain_lack(20, 12) == ("needs Node 20.12 or newer" if lacks else "")


def test_without_node_there_is_a_reason_to_skip(monkeypatch):
    monkeypatch.setenv("PATH", "")
    read_version.cache_clear()

    assert explain_lack(18) == "needs Node 18 or newer"
    read_version.cache_clear()
