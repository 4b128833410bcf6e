"""Which built-in handler this release installs; written by ``python -m macro.local.bundle``."""

SHA256 = "e2c6fb6e87c9dc82d9171f53bf1d91539af160681035de215b2981661bc197d8"
KEY = f"handlers/hit-counter-{SHA256}.zip"
