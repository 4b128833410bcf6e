"""A plug-in whose resource has a Condition."""

from macro.plugin import Piece

INPUTS = ("counter_id",)
OUTPUTS = ()


def build(values):
    return Piece({}, {f"{values['counter_id']}Topic": {"Type": "AWS::SNS::Topic", "Condition": "Mine"}})
