"""Templates as text: read with positions, edited in place, emitted, and printed safely."""
