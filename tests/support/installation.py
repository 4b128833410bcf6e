"""The installation's template, as data and with its intrinsic functions resolved."""

from functools import cache
from pathlib import Path

import macro
from macro.cli.text.files import parse_source
from tests.support.resolved import Resolved

PATH = Path(macro.__file__).parent / "install.yaml"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd"
CODE_BUCKETS = "arn:aws:s3:::my-code,arn:aws:s3:::partners-code"
EVERYTHING = {
    "Suffix": "Beta",
    "LowerSuffix": "beta",
    "KmsKeyArn": KEY,
    "CodeBuckets": CODE_BUCKETS,
    "ApiGatewayLogRole": "true",
    "AnswerHosts": "127.0.0.1:4566",
}


@cache
def read_template():
    """The template as data."""
    return parse_source(PATH.name, PATH.read_text("utf-8")).template


def install(**parameters):
    """The template, resolved with these parameters."""
    return Resolved(read_template(), parameters)
