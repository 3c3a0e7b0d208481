"""Whole journeys in memory, in the domain's words."""
