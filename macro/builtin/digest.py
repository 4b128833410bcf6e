"""Which built-in handler this release installs; written by ``python -m macro.local.bundle``."""

SHA256 = "486dfa599020fe582872f8b2f9393f450608994da05293a2b3316544d46b10ff"
KEY = f"handlers/hit-counter-{SHA256}.zip"
