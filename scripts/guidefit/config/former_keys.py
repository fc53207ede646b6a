"""Keys that earlier versions had, so that a config written for one gets an answer that names the successor."""

FORMER_KEYS: dict[str, str] = {}
"""Former key -> what to write today, as a sentence."""
