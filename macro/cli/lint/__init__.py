"""Check a compact template, and run cfn-lint on the plain template that it expands to."""
