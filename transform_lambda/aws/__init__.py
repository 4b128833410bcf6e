"""The ports on AWS, by boto3."""
