"""Events like those that CloudFormation sends to a custom resource."""

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/app/3d992e90-691c-11e8-96cc-50faeb5cc8d2"
# CloudFormation generates such a physical ID to delete a resource whose create request got no answer.
INVENTED = "app-Visits-1ABCDEF2GHIJK"
EXPIRY = 1_700_000_000
URL = (
    "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/"
    "arn%3Aaws%3Acloudformation%3Aeu-west-1%3A123456789012%3Astack/app%7CVisits%7C1?AWSAccessKeyId=AKIA&Signature=s3cr3t"
)


def make_event(kind="Create", request_id="1", *, issued=None, url=URL, **fields):
    """An event. ``issued`` is the time of the request, in seconds from a fixed point."""
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
