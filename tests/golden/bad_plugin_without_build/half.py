"""Half a plug-in."""

INPUTS = "counter_id"
