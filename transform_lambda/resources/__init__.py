"""Custom resources: each three functions on the ports."""
