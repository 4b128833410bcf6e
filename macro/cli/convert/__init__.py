"""Convert a hand-written hit counter into a ``HitCounter`` resource."""
