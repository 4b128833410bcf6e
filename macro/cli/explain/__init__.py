"""Describe properties, attributes and plug-ins for people and editors."""
