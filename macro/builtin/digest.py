"""Which built-in handler this release installs; written by ``python -m macro.local.bundle``."""

SHA256 = "623a588a8ae2a0818b68f24554504bfd2fa3cb016b7a01f0fd8d780ceab7a7d8"
KEY = f"handlers/hit-counter-{SHA256}.zip"
