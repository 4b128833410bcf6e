import pytest
from botocore.exceptions import ClientError

from transform_lambda.aws.s3.errors import explain


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        (
            "InvalidArgument",
            "Invalid version id specified",
            "Code.S3ObjectVersion must have the form of an S3 version ID",
        ),
        ("InvalidArgument", "Range is not valid", "S3 answered InvalidArgument: Range is not valid"),
        ("NoSuchVersion", "none", "the object has no such version"),
    ],
)
def test_a_refusal_of_s3_says_what_to_fix(code, said, reason):
    error = ClientError({"Error": {"Code": code, "Message": said}}, "GetObject")

    assert str(explain(error, "read s3://code/app.zip")) == f"cannot read s3://code/app.zip: {reason}"
