"""Digest and S3 key of this release's built-in handler. ``python -m macro.cli.package.bundle`` updates the digest."""

SHA256 = "61c0a8d16cf5dd4e31afa7be408075274bb70ab497b655aa9d82d850be05cc17"
KEY = f"handlers/hit-counter-{SHA256}.zip"
