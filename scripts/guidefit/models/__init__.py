"""Models: the variants, the parts they are written with, and the structure they declare."""
