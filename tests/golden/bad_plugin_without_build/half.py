"""A module without build, which is not a plug-in."""

INPUTS = "counter_id"
