"""Screens: read and checked, their files, their covariate, their sums."""
