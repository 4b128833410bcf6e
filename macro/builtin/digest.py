"""Which built-in handler this release installs; written by ``python -m macro.local.bundle``."""

SHA256 = "31a49d1f5d5057f3f48681b15c8d52c1d80c5de11ebd1ac43100b68db27506ea"
KEY = f"handlers/hit-counter-{SHA256}.zip"
