"""A plug-in with an input that no plug-in makes."""

from macro.plugin import Piece

INPUTS = ("queue_arn", "table_arn")
OUTPUTS = ()


def build(values):
    return Piece({}, {})
