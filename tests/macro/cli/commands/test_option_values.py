"""Invalid values of options are wrong usage, and are reported before anything is done."""

import pytest

from macro.cli.commands.option_values import find_problem, read_stack_name

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize("name", ["1bad", "", "-a", "with space", "under_score", "ä", "a" * 129, "a\n"])
def test_an_invalid_stack_name_is_wrong_usage(command, name):
    code, out, err = command("deploy", "template.yaml", f"--stack-name={name}")

    assert (code, out) == (2, "")
    assert err.endswith(
        "hitcounter deploy: error: argument --stack-name: must be 1 to 128 letters, digits and hyphens, "
        f"beginning with a letter, got {name!r}\n"
    )


@pytest.mark.parametrize("name", ["a", "Hits-2", "a" * 128])
def test_a_valid_stack_name_is_accepted(name):
    assert read_stack_name(name) == name


@pytest.mark.parametrize(
    ("option", "value", "right"),
    [
        (
            "--log-retention",
            "abc",
            "one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, "
            "3288, 3653",
        ),
        ("--kms-key-arn", "alias/mine", "the ARN of a KMS key, or nothing"),
        ("--suffix", "a b", "at most 20 letters and digits"),
        ("--suffix", "x" * 21, "at most 20 letters and digits"),
    ],
)
def test_an_invalid_parameter_of_the_installation_is_wrong_usage(command, option, value, right):
    code, out, err = command("install", option, value)

    assert (code, out) == (2, "")
    assert err.endswith(f"hitcounter install: error: argument {option}: must be {right}, got {value!r}\n")


def test_an_invalid_suffix_is_wrong_usage_of_uninstall(command):
    code, _, err = command("uninstall", "--suffix", "Beta!")

    assert code == 2
    assert err.endswith(
        "hitcounter uninstall: error: argument --suffix: must be at most 20 letters and digits, got 'Beta!'\n"
    )


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("LogRetention", "365"), ("KmsKeyArn", KEY), ("KmsKeyArn", ""), ("Suffix", "Beta2"), ("AnswerHosts", "any:1")],
)
def test_valid_parameters_of_the_installation_are_accepted(parameter, value):
    assert find_problem(parameter, value) == ""
