"""Make zips of local code, wheels, and an installation's bundles."""
