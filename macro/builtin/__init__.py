"""The built-in handler: package data that is zipped and installed, not imported here."""
