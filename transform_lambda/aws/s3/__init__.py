"""The port ``CodeStore``, with S3."""
