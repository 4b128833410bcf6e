"""Rules for cfn-lint, one in each file. cfn-lint loads this folder (``append_rules``)."""
