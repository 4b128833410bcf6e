"""The plug-ins that make gateways, and what they have in common."""
