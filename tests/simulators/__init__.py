"""Doubles and simulators that speak the domain's words."""
