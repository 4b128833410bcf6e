"""Zips: local code, wheels, and the bundles of an installation."""
