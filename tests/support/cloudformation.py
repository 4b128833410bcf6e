"""Events as CloudFormation sends them."""

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/app/3d992e90-691c-11e8-96cc-50faeb5cc8d2"
EXPIRY = 1_700_000_000
URL = (
    "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/"
    "arn%3Aaws%3Acloudformation%3Aeu-west-1%3A123456789012%3Astack/app%7CVisits%7C1?AWSAccessKeyId=AKIA&Signature=s3cr3t"
)


def make_event(kind="Create", request_id="1", *, issued=None, url=URL, **fields):
    expiry = "" if issued is None else f"&Expires={EXPIRY + issued}"
    event = {
        "RequestType": kind,
        "RequestId": request_id,
        "StackId": STACK_ID,
        "LogicalResourceId": "Visits",
        "ResourceType": "Custom::Thing",
        "ResponseURL": url + expiry,
        "ServiceToken": "arn:aws:lambda:eu-west-1:123456789012:function:companion",
        "ResourceProperties": {"ServiceToken": "arn:aws:lambda:eu-west-1:123456789012:function:companion"},
    }
    return {**event, **fields}
