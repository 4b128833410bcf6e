"""Archives rewritten inside S3."""
