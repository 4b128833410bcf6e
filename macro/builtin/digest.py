"""Which built-in handler this release installs; written by ``python -m macro.local.bundle``."""

SHA256 = "613692beed183e494dc8dd829b987891782b62fc1b3559df04b86a80ec4a3e1c"
KEY = f"handlers/hit-counter-{SHA256}.zip"
