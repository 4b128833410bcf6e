import pytest

from transform_lambda.aws.client import input_shape
from transform_lambda.function.settings import setting_changes, settings_in

SHAPE = input_shape("lambda", "UpdateFunctionConfiguration")
GROUP = "/aws/lambda/visits"
DURABLE = {"DurableConfig": {"ExecutionTimeout": 9}}
CURRENT = {
    "FunctionName": "visits",
    "Role": "r",
    "Handler": "index.handler",
    "Runtime": "python3.13",
    "Timeout": 3,
    "MemorySize": 128,
    "Description": "",
    "TracingConfig": {"Mode": "PassThrough"},
    "EphemeralStorage": {"Size": 512},
    "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", "Ipv6AllowedForDualStack": False},
    "LoggingConfig": {"LogFormat": "Text", "LogGroup": GROUP},
}


def differ(wanted, current=None):
    return setting_changes(SHAPE, {"Role": "r", **wanted}, {**CURRENT, **(current or {})})


@pytest.mark.parametrize(
    ("wanted", "current"),
    [
        ({}, {}),
        ({"Timeout": 3, "Description": ""}, {}),
        ({"VpcConfig": {"SubnetIds": ["a", "b"]}}, {"VpcConfig": {"SubnetIds": ["b", "a"], "VpcId": "v"}}),
        ({"Layers": ["a"]}, {"Layers": [{"Arn": "a", "CodeSize": 1}]}),
        ({"ImageConfig": {"Command": ["a"]}}, {"ImageConfigResponse": {"ImageConfig": {"Command": ["a"]}}}),
        ({"ImageConfig": {}}, {}),
        ({"Environment": {"Variables": {}}}, {}),
        ({"Environment": {}}, {}),
        ({"DeadLetterConfig": {"TargetArn": ""}}, {}),
        ({"LoggingConfig": {"LogGroup": GROUP}}, {}),
        ({"LoggingConfig": {"LogGroup": "mine"}}, {"LoggingConfig": {"LogGroup": "mine"}}),
        (
            {},
            {"CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": "a"}}},
        ),
        ({}, {"DurableConfig": {"ExecutionTimeout": 60}}),
        ({"LoggingConfig": {"LogFormat": "Text"}}, {"LoggingConfig": {"LogFormat": "Text", "LogGroup": GROUP}}),
        ({"FileSystemConfigs": [{"Arn": "a", "LocalMountPath": "/mnt"}]},) * 2,
    ],
)
def test_an_equal_setting_is_not_sent(wanted, current):
    assert differ(wanted, current) == {}


def test_a_setting_that_an_engine_omits_has_lambdas_default():
    assert setting_changes(SHAPE, {"Role": "r"}, {"FunctionName": "visits", "Role": "r"}) == {}


@pytest.mark.parametrize(
    ("wanted", "current", "changes"),
    [
        ({"Timeout": 5}, {}, {"Timeout": 5}),
        ({}, {"Timeout": 5}, {"Timeout": 3}),
        ({}, {"KMSKeyArn": "k"}, {"KMSKeyArn": ""}),
        ({}, {"Layers": [{"Arn": "a"}]}, {"Layers": []}),
        ({"Layers": ["b", "a"]}, {"Layers": [{"Arn": "a"}, {"Arn": "b"}]}, {"Layers": ["b", "a"]}),
        ({}, {"Environment": {"Variables": {"A": "1"}}}, {"Environment": {"Variables": {}}}),
        (
            {"Environment": {"Variables": {"A": "1"}}},
            {"Environment": {"Variables": {"A": "1", "B": "2"}}},
            {"Environment": {"Variables": {"A": "1"}}},
        ),
        ({}, {"VpcConfig": {"SubnetIds": ["a"]}}, {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}}),
        (
            {"VpcConfig": {"SubnetIds": ["a"]}},
            {"VpcConfig": {"SubnetIds": ["a"], "Ipv6AllowedForDualStack": True}},
            {"VpcConfig": {"SubnetIds": ["a"], "Ipv6AllowedForDualStack": False}},
        ),
        ({"DurableConfig": {"ExecutionTimeout": 9}}, {"DurableConfig": {"ExecutionTimeout": 60}}, DURABLE),
        ({}, {"DeadLetterConfig": {"TargetArn": "q"}}, {"DeadLetterConfig": {"TargetArn": ""}}),
        ({}, {"ImageConfigResponse": {"ImageConfig": {"Command": ["a"]}}}, {"ImageConfig": {}}),
        ({}, {"FileSystemConfigs": [{"Arn": "a"}]}, {"FileSystemConfigs": []}),
        (
            {"LoggingConfig": {"LogGroup": "mine"}},
            {"LoggingConfig": {"LogFormat": "JSON", "LogGroup": "mine"}},
            {"LoggingConfig": {"LogFormat": "Text", "LogGroup": "mine"}},
        ),
        (
            {"LoggingConfig": {"LogFormat": "JSON", "LogGroup": "mine"}},
            {"LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "LogGroup": "mine"}},
            {
                "LoggingConfig": {
                    "LogFormat": "JSON",
                    "LogGroup": "mine",
                    "ApplicationLogLevel": "INFO",
                    "SystemLogLevel": "INFO",
                }
            },
        ),
        (
            {"LoggingConfig": {"LogGroup": "mine"}},
            {"LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "LogGroup": "mine"}},
            {"LoggingConfig": {"LogFormat": "Text", "LogGroup": "mine"}},
        ),
        (
            {"ImageConfig": {"Command": ["a"]}},
            {"ImageConfigResponse": {"ImageConfig": {"Command": ["a"], "EntryPoint": ["b"], "WorkingDirectory": "c"}}},
            {"ImageConfig": {"Command": ["a"], "EntryPoint": [], "WorkingDirectory": ""}},
        ),
        ({}, {"Role": "other"}, {"Role": "r"}),
        ({"Runtime": "python3.14"}, {}, {"Runtime": "python3.14"}),
    ],
)
def test_a_different_setting_is_sent_and_an_omitted_one_returns_to_its_default(wanted, current, changes):
    assert differ(wanted, current) == changes


@pytest.mark.parametrize(
    ("wanted", "current"),
    [({}, {"A": ""}), ({"A": ""}, {}), ({"A": "1"}, {"A": ""})],
    ids=["gone", "new", "changed"],
)
def test_an_empty_variable_is_a_variable(wanted, current):
    changes = differ({"Environment": {"Variables": wanted}}, {"Environment": {"Variables": current}})

    assert changes == {"Environment": {"Variables": wanted}}


def test_current_settings_have_the_members_of_an_update():
    found = {**CURRENT, "Layers": [{"Arn": "a", "CodeSize": 1}], "Environment": {"Variables": {"A": "1"}}}

    settings = settings_in(SHAPE, found)

    assert settings["Layers"] == ["a"]
    assert settings["VpcConfig"] == {"SubnetIds": [], "SecurityGroupIds": [], "Ipv6AllowedForDualStack": False}
    assert settings["SnapStart"] == {"ApplyOn": "None"}
    assert settings["Environment"] == {"Variables": {"A": "1"}}
    assert setting_changes(SHAPE, settings, found) == {}
