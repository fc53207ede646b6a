"""Random streams keyed by their purpose, so that order, batches and machines do not change any number."""

import hashlib

import numpy as np


def stream(study: str, variant: str, seed: int, purpose: str) -> np.random.SeedSequence:
    """The random stream for one purpose (such as "data" or "sampling") of one fit or data set.

    Streams for different (study, variant, seed, purpose) are independent; the same four give the same stream on every machine.
    """
    key = "\x1f".join([study, variant, purpose]).encode()
    words = np.frombuffer(hashlib.sha256(key).digest(), dtype="<u4")
    return np.random.SeedSequence([seed, *(int(word) for word in words)])


def generator(study: str, variant: str, seed: int, purpose: str) -> np.random.Generator:
    """A NumPy generator that uses `stream`."""
    return np.random.default_rng(stream(study, variant, seed, purpose))


def integer(study: str, variant: str, seed: int, purpose: str) -> int:
    """A 31-bit integer from `stream`, for samplers that take an integer as seed."""
    return int(stream(study, variant, seed, purpose).generate_state(1)[0] >> 1)
