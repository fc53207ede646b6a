"""Models: the variants, the parts that they are written with, and the structure that they declare."""
