"""Simulated screens with a known truth: designs, blueprints, the tables made from them, and simulators of variants."""
