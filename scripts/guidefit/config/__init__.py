"""The config: its keys, defaults and checks."""
