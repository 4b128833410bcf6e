"""Deploy a compact template, and compare it with the deployed stack."""
