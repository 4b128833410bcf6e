"""Parameters with ``NoEcho`` can't decide what is generated."""

import pytest

from macro.counter.literals import is_no_echo
from macro.counter.read import Setting
from macro.errors import MacroError
from macro.expand import expand

SECRET = "parameter Kind is NoEcho, but the generated resources reveal its value; use another parameter"


def template(no_echo, properties):
    parameter = {"Type": "String", "Default": "rest", **({} if no_echo is None else {"NoEcho": no_echo})}
    return {
        "Parameters": {"Kind": parameter},
        "Resources": {"Visits": {"Type": "HitCounter", "Properties": properties}},
    }


@pytest.mark.parametrize("no_echo", [True, "true", "True", "TRUE"])
@pytest.mark.parametrize(
    "properties",
    [{"Gateway": {"Ref": "Kind"}}, {"Path": {"Ref": "Kind"}}, {"Stages": {"Ref": "Kind"}}, {"Shards": {"Ref": "Kind"}}],
    ids=str,
)
def test_a_no_echo_parameter_cannot_decide_what_is_generated(no_echo, properties):
    assert is_no_echo({"NoEcho": no_echo})
    with pytest.raises(MacroError, match=SECRET):
        expand(template(no_echo, properties), Setting({"Kind": "rest"}))


@pytest.mark.parametrize("no_echo", [None, False, "false", "False", "no", 0])
def test_another_parameter_can_decide_what_is_generated(no_echo):
    assert not is_no_echo({"NoEcho": no_echo})
    assert expand(template(no_echo, {"Gateway": {"Ref": "Kind"}}), Setting({"Kind": "rest"}))
