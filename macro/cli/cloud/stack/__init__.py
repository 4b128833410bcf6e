"""One CloudFormation stack: account, change sets, events, progress."""
