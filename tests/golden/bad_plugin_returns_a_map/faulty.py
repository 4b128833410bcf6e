"""A plug-in that returns a map instead of a Piece."""

INPUTS = ()
OUTPUTS = ()


def build(values):
    return {}
