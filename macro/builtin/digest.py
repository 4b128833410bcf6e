"""Which built-in handler this release installs; written by ``python -m macro.cli.package.bundle``."""

SHA256 = "15ec3e0890a78695238fd4b3ee4b8e2402c7a3d2766bd738269cfa1e93babf9e"
KEY = f"handlers/hit-counter-{SHA256}.zip"
