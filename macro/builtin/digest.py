"""Digest and S3 key of this release's built-in handler. ``python -m macro.cli.package.bundle`` updates the digest."""

SHA256 = "412fa1b0ca5d4091a58d7b2a83fa56f6e00d32993227ceac1336139b4d5a5256"
KEY = f"handlers/hit-counter-{SHA256}.zip"
