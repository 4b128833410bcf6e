"""The ports, implemented with boto3."""
