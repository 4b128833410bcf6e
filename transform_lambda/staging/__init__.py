"""Rewrite archives inside S3."""
