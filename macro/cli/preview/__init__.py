"""The expansion as CloudFormation runs it, with parameters, local code and plug-ins from files."""
