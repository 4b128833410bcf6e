"""The installation template: its names, policies and encryption, and its agreement with the code."""

import configparser
import importlib
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from cfnlint.config import ConfigMixIn
from cfnlint.runner import Runner

from macro.plugins.companion import SERVICE_TIMEOUT, name_companion
from macro.plugins.function import name_bucket
from macro.plugins.role import ROLE_PATH, name_boundary
from macro.template.transform import MACRO
from tests.support.installation import EVERYTHING, PATH, install, read_template
from tests.support.thorough import mark_thorough
from transform_lambda.function.code import KEPT
from transform_lambda.identity import PREFIX
from transform_lambda.staging.prepare import STAGED

ROOT = Path(__file__).parent.parent.parent
INSTALLATIONS = {"default": {}, "everything": EVERYTHING}
LARGEST_POLICY = 6_144
REGIONS = ("us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1")


@pytest.fixture(params=INSTALLATIONS.values(), ids=INSTALLATIONS)
def stack(request):
    return install(**request.param)


def lint(path):
    config = ConfigMixIn(["-c", "I", "E", "W", "-e", "--", str(path)])
    return [f"{found.rule.id} {found.message}" for found in Runner(config).run()]


def test_cfn_lint_finds_nothing_in_the_template():
    assert lint(PATH) == []


@pytest.mark.parametrize("region", mark_thorough(REGIONS, quick=["cn-north-1"]))
def test_cfn_lint_finds_nothing_in_the_uploaded_template(tmp_path, region):
    template = json.loads(json.dumps(read_template()))
    template["Metadata"].pop("cfn-lint")
    for name in ("Macro", "Companion"):
        function = template["Resources"][f"{name}Function"]["Properties"]
        function["Code"] = {"S3Bucket": "my-artifacts", "S3Key": f"macro/{name}.zip"}
    path = tmp_path / "packaged.json"
    path.write_text(json.dumps(template), "utf-8")

    config = ConfigMixIn(["-c", "I", "E", "W", "-e", "-i", "I4010", "-r", region, "--", str(path)])

    assert [found.message for found in Runner(config).run()] == []


def test_the_package_contains_the_template():
    assert (files("macro") / "install.yaml").is_file()
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    assert "*.yaml" in settings["options.package_data"]["macro"].split()


def test_the_template_names_its_release():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    version = settings["metadata"]["version"]

    template = read_template()

    assert template["Outputs"]["Version"]["Value"] == version
    assert f" {version}: " in template["Description"]


@pytest.mark.parametrize(("suffix", "lower"), [("", ""), ("Beta", "beta"), ("V2", "v2")])
def test_an_expansion_uses_the_names_of_the_installation(suffix, lower):
    stack = install(Suffix=suffix, LowerSuffix=lower)

    assert stack.resolve(name_companion(suffix)) == stack.arn("CompanionFunction")
    assert stack.resolve(name_bucket(suffix)) == stack.refer("Bucket")
    assert stack.resolve(name_boundary(suffix)) == stack.arn("Boundary")
    assert stack.properties("Macro")["Name"] == MACRO + suffix


def test_export_names_start_with_the_installations_name():
    stack = install(**EVERYTHING)

    outputs = {name: stack.resolve(each) for name, each in read_template()["Outputs"].items()}

    assert {name: each["Export"]["Name"] for name, each in outputs.items()} == {
        name: f"HitCounterMacroBeta-{name}" for name in outputs
    }
    assert outputs["CompanionArn"]["Value"] == stack.arn("CompanionFunction")
    assert outputs["BucketName"]["Value"] == "hitcountermacrobeta-111122223333-eu-west-1"
    assert outputs["MacroName"]["Value"] == "HitCounterMacroBeta"
    assert outputs["BoundaryArn"]["Value"] == stack.arn("Boundary")


@pytest.mark.parametrize(("suffix", "lower", "fits"), [("", "", True), ("Beta", "beta", True), ("Beta", "", False)])
def test_a_suffix_in_only_one_parameter_is_refused(suffix, lower, fits):
    (rule,) = read_template()["Rules"]["SuffixInLowerCase"]["Assertions"]

    assert install(Suffix=suffix, LowerSuffix=lower).resolve(rule["Assert"]) is fits
    assert rule["AssertDescription"] == "LowerSuffix must be Suffix in lower case"


@pytest.mark.parametrize(
    ("parameter", "value", "fits"),
    [
        ("Suffix", "Beta2", True),
        ("Suffix", "be-ta", False),
        ("Suffix", "B" * 21, False),
        ("LowerSuffix", "Beta", False),
        ("KmsKeyArn", EVERYTHING["KmsKeyArn"], True),
        ("KmsKeyArn", "alias/mine", False),
        ("CodeBuckets", EVERYTHING["CodeBuckets"], True),
        ("CodeBuckets", "arn:aws-cn:s3:::my-code", True),
        ("CodeBuckets", "my-code", False),
        ("CodeBuckets", "arn:aws:s3:::my-code/*", False),
    ],
)
def test_a_parameter_accepts_only_valid_values(parameter, value, fits):
    pattern = read_template()["Parameters"][parameter]["AllowedPattern"]

    assert (re.fullmatch(pattern, value) is not None) is fits


def test_the_longest_suffix_fits_all_names():
    stack = install(Suffix="S" * 20, LowerSuffix="s" * 20)
    longest_region = "ap-southeast-1"

    bucket = stack.refer("Bucket").replace("eu-west-1", longest_region)
    assert len(bucket) <= 63
    assert len(stack.properties("CompanionFunction")["FunctionName"]) <= 64


@pytest.mark.parametrize("name", ["Macro", "Companion"])
def test_the_functions_handlers_exist(stack, name):
    function = stack.properties(f"{name}Function")

    module, _, attribute = function["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), attribute))
    assert function["Code"] == f"{name.lower()}.zip"


def test_the_companions_environment_has_every_variable_that_it_reads():
    source = (ROOT / "transform_lambda" / "handler.py").read_text("utf-8")

    variables = install(**EVERYTHING).properties("CompanionFunction")["Environment"]["Variables"]

    assert set(variables) == set(re.findall(r'"(HITCOUNTER_\w+)"', source))
    assert variables["HITCOUNTER_ANSWER_HOSTS"] == "127.0.0.1:4566"


def test_only_hosts_of_cloudformation_get_answers_by_default():
    variables = install().properties("CompanionFunction")["Environment"]["Variables"]

    assert "HITCOUNTER_ANSWER_HOSTS" not in variables


def test_a_request_is_delivered_only_while_cloudformation_waits(stack):
    delivery = stack.properties("CompanionDelivery")

    assert delivery["MaximumEventAgeInSeconds"] <= SERVICE_TIMEOUT
    assert delivery["DestinationConfig"]["OnFailure"]["Destination"] == stack.arn("DeadLetters")


def test_the_companion_passes_the_roles_of_counters_and_no_role_of_the_installation(stack):
    statements = stack.policy("CompanionPolicy")["Statement"]
    (passed,) = [each["Resource"] for each in statements if each["Action"] == "iam:PassRole"]

    assert passed.endswith(f":role{ROLE_PATH}*")
    roles = [stack.arn(name) for name in stack.ids("AWS::IAM::Role")]
    assert [arn for arn in roles if arn.startswith(passed.removesuffix("*"))] == []


def test_names_and_prefixes_equal_those_in_the_companions_code(stack):
    functions = f"arn:aws:lambda:eu-west-1:111122223333:function:{PREFIX}*"
    bucket = stack.arn("Bucket")

    found = {each["Sid"]: each["Resource"] for name in ("", "Code") for each in statements_of(stack, name)}

    assert found["MakeFunctions"] == functions
    assert functions in found["SetCodeSigning"]
    assert found["StageCode"] == [f"{bucket}/{STAGED}*", f"{bucket}/{KEPT}*"]


def statements_of(stack, name):
    return stack.policy(f"Companion{name}Policy")["Statement"]


def test_only_staged_objects_expire(stack):
    rules = stack.properties("Bucket")["LifecycleConfiguration"]["Rules"]

    expiring = [rule for rule in rules if {"ExpirationInDays", "NoncurrentVersionExpiration"} & set(rule)]
    assert [rule["Prefix"] for rule in expiring] == [STAGED]
    assert any("AbortIncompleteMultipartUpload" in rule and "Prefix" not in rule for rule in rules)


def test_the_records_table_has_the_companions_keys(stack):
    table = stack.properties("RecordsTable")

    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


def test_every_policy_fits_iams_size_limit(stack):
    sizes = {
        name: len(re.sub(r"\s", "", json.dumps(stack.policy(name)))) for name in stack.ids("AWS::IAM::ManagedPolicy")
    }

    assert {name: size for name, size in sizes.items() if size > LARGEST_POLICY} == {}


def test_the_installations_policies_and_roles_have_their_own_path(stack):
    kinds = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Role")

    paths = {stack.properties(name)["Path"] for kind in kinds for name in stack.ids(kind)}

    assert paths == {"/hitcounter-installation/"}


def test_a_given_key_encrypts_all_stored_data():
    stack = install(**EVERYTHING)

    key = EVERYTHING["KmsKeyArn"]
    default = stack.properties("Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert default["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert stack.properties("RecordsTable")["SSESpecification"]["KMSMasterKeyId"] == key
    assert stack.properties("DeadLetters")["KmsMasterKeyId"] == key
    assert [stack.properties(name)["KmsKeyId"] for name in stack.ids("AWS::Logs::LogGroup")] == [key, key]


def test_keys_of_aws_encrypt_all_stored_data_by_default():
    stack = install()

    default = stack.properties("Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert default == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert stack.properties("RecordsTable")["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert stack.properties("DeadLetters")["SqsManagedSseEnabled"] is True


def test_the_accounts_role_for_gateway_logs_is_set_only_on_request():
    asked = install(ApiGatewayLogRole="true")

    assert install().ids("AWS::ApiGateway::Account") == []
    assert asked.ids("AWS::ApiGateway::Account") == ["ApiGatewayAccount"]
    assert asked.properties("ApiGatewayAccount") == {"CloudWatchRoleArn": asked.arn("ApiGatewayRole")}


def test_a_failed_creation_keeps_no_retained_resource():
    resources = read_template()["Resources"]

    kept = {name: each["DeletionPolicy"] for name, each in resources.items() if "DeletionPolicy" in each}

    assert kept == {
        "MacroLog": "RetainExceptOnCreate",
        "CompanionLog": "RetainExceptOnCreate",
        "RecordsTable": "Delete",
        "DeadLetters": "Delete",
        "Bucket": "RetainExceptOnCreate",
        "ApiGatewayAccount": "Retain",
        "ApiGatewayRole": "Retain",
    }
