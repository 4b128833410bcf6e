import json
from urllib.parse import quote, quote_plus

import pytest

from transform_lambda.log import redact


def redacted(text, *values):
    return redact(text, {"ResourceProperties": {"Env": {str(index): value for index, value in enumerate(values)}}})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Properties.KeepVersions: needs 'Publish: true'; without it", "true"),
        ("got None, false, null or True", "none"),
        ("got None, false, null or True", "False"),
        ("hitcounter-1-Visits-1234 has 1234 bytes", 1234),
        ("took 12.5 s", "12.5"),
        ("function hitcounter-prod-Visits-1 is there", "prod"),
        ("cannot update function: Lambdas answered", "Lambda"),
        ("PreconditionFailedException", "Failed"),
        ("my_prod_table", "prod"),
    ],
)
def test_ordinary_words_and_parts_of_words_stay_in_a_reason(text, value):
    assert redacted(text, value) == text


@pytest.mark.parametrize(
    ("text", "values", "left"),
    [
        ("value 'prod', or prod", ["prod"], "value '***', or ***"),
        ("key=a.b+c;", ["a.b+c"], "key=***;"),
        ("xs3cr3t-valuex", ["s3cr3t-value"], "x***x"),
        ("s3cr3t-value-2", ["s3cr3t-value", "s3cr3t-value-2"], "***"),
        ("got 'a\\nb\\nc'", ["a\nb\nc"], "got '***'"),
        ('got "a\\"b\\"c"', ['a"b"c'], 'got "***"'),
        ("abc", ["abc"], "abc"),
        ("pin 493817 refused", ["493817"], "pin *** refused"),
    ],
)
def test_a_short_value_is_hidden_as_a_word_and_a_long_value_everywhere(text, values, left):
    assert redacted(text, *values) == left


def test_a_secret_is_hidden_at_any_depth():
    value = "s3cr3t-value"
    for _ in range(5_000):
        value = {"x": [value]}

    assert redacted("got s3cr3t-value", value) == "got ***"


SECRETS = ['it\'s a "secret"', "line\nbreak\x01", "caf\u00e9 \u2028 \U0001f511", "a&b=c d/e+f%", "back\\slash'"]


@pytest.mark.parametrize("secret", SECRETS, ids=range(len(SECRETS)))
@pytest.mark.parametrize(
    "write",
    [
        str,
        repr,
        ascii,
        str.encode,
        json.dumps,
        lambda value: json.dumps(value, ensure_ascii=False),
        quote,
        lambda value: quote(value, safe=""),
        quote_plus,
    ],
    ids=["plain", "repr", "ascii", "bytes", "JSON", "JSON in Unicode", "a path of a URL", "a part of a URL", "a form"],
)
def test_a_value_is_hidden_in_every_form_that_an_error_can_show(secret, write):
    left = redacted(f"refused: <{write(secret)}>", secret)

    assert left in {"refused: <***>", "refused: <'***'>", 'refused: <"***">', "refused: <b'***'>", 'refused: <b"***">'}
