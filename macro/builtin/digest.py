"""Which built-in handler this release installs; written by ``python -m macro.local.bundle``."""

SHA256 = "929c80b9164370a874a5f2c24a7adac52467badcbdaad7c6a3dffb5f6441464b"
KEY = f"handlers/hit-counter-{SHA256}.zip"
