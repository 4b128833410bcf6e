"""Digest and S3 key of this release's built-in handler. ``python -m macro.cli.package.bundle`` updates the digest."""

SHA256 = "97843666e5b52e9f6d557e22071bb589b3eeb580bb0b2679a35e17dfd10811b3"
KEY = f"handlers/hit-counter-{SHA256}.zip"
