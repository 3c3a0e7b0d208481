"""The edge of the hub: routes, their credentials, their problems."""
