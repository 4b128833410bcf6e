"""Run the expansion as CloudFormation does, with parameters, local code and plug-ins from files."""
