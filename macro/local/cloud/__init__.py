"""What the command does in an account, or on an engine: install, deploy, and what both need."""
