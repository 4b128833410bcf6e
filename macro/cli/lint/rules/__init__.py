"""cfn-lint rules, one a file; cfn-lint loads this folder (append_rules)."""
