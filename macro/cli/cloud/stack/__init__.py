"""Connect to an account, and run and follow operations on one CloudFormation stack."""
