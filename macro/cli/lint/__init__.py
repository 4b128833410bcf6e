"""Checks a compact template, and with cfn-lint the plain template that it becomes."""
