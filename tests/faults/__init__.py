"""Faults on purpose, against real processes: killed at any moment, fed with anything."""
