"""The plug-ins that make gateways, and their common code."""
