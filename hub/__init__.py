"""The Mover Exchange Hub: a blind broker for notices about young people who move."""

__version__ = "0.1.0"
