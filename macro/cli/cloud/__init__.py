"""What the command does in an AWS account or on a local engine."""
