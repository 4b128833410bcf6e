import pytest

from tests.gate.tools import NPM, REQUIREMENTS, RULES, check_tools, find_locks, find_missing, install, name_tool

pytestmark = pytest.mark.gate


@pytest.fixture
def requirements(tmp_path):
    folder = tmp_path / "requirements"
    folder.mkdir()
    (folder / "cdk-preflight.txt").write_text("hitcounter-no-such-package==1\n", "utf-8")
    return folder


def test_a_tool_that_cannot_be_fetched_is_named(requirements, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    problems = install(requirements, tmp_path / "tools")

    (problem,) = problems
    assert problem.startswith("cdk-preflight: could not be installed from PyPI: ")
    assert "hitcounter-no-such-package==1" in problem
    assert find_missing(requirements, tmp_path / "tools") == [requirements / "cdk-preflight.txt"]


def test_a_tool_is_installed_once_for_its_requirements(requirements, tmp_path, capsys):
    path = requirements / "cdk-preflight.txt"
    path.write_text("", "utf-8")

    problems = install(requirements, tmp_path / "tools")
    again = install(requirements, tmp_path / "tools")
    path.write_text("# of another release\n", "utf-8")

    assert (problems, again) == ([], [])
    assert capsys.readouterr().out.startswith("cdk-preflight: installed in ")
    assert find_missing(requirements, tmp_path / "tools") == [path]


def test_without_the_tools_the_gate_says_how_to_get_them(tmp_path):
    names = ", ".join(name_tool(path) for path in find_locks(REQUIREMENTS))

    with pytest.raises(AssertionError) as refused:
        check_tools(tmp_path)

    assert str(refused.value) == f"not installed: {names}; `python tests/gate/tools.py` installs them"


def test_every_tool_is_locked_with_all_that_it_depends_on():
    sources = {path.stem for path in REQUIREMENTS.glob("*.in")} | {NPM, RULES}

    assert {name_tool(path) for path in find_locks(REQUIREMENTS)} == sources
    for path in REQUIREMENTS.glob("*.in"):
        assert set(path.read_text("utf-8").split()) <= set(path.with_suffix(".txt").read_text("utf-8").split())
