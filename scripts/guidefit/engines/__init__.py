"""Engines: from a variant and a screen to a posterior."""
