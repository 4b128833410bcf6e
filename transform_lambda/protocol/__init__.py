"""Answer each request from CloudFormation exactly once."""
