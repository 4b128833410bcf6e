"""Describes properties, attributes and plug-ins, for people and for editors."""
