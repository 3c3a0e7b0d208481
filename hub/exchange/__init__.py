"""The broker: it keeps notices, matches them, decides, records and hands over."""
