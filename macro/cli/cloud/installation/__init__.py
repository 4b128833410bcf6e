"""The installation's stack: planned, installed, uninstalled."""
