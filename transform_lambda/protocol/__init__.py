"""One request from CloudFormation, exactly one answer."""
