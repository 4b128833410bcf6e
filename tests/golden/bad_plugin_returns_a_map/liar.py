"""Gives no Piece."""

INPUTS = ()
OUTPUTS = ()


def build(values):
    return {}
