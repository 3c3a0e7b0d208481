"""The hub's own figures, for Prometheus: how much, how long, how many wait. Never who.

No label names a member, a notice or anything that a member sent; routes are the published ones.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30)


class Metrics:
    """Every series of this process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "hub_requests", "Requests answered", ("route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "hub_request_seconds", "Time to answer, by route", ("route",),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.promised = Counter("hub_notices_promised", "Promises given", registry=self.registry)
        self.problems = Counter("hub_problems", "Refused requests", ("code",), registry=self.registry)
        self.slots = Counter("hub_slots", "Slots closed", registry=self.registry)
        self.slot_seconds = Histogram(
            "hub_slot_seconds", "Work of a slot", buckets=_SECONDS, registry=self.registry
        )
        self.carried = Counter("hub_errands_carried", "Errands carried", registry=self.registry)
        self.faults = Counter("hub_errand_faults", "Errands put off", ("errand",), registry=self.registry)
        self.slot_failures = Counter("hub_slot_failures", "Slots that failed", registry=self.registry)
        self.expired = Counter("hub_notices_expired", "Notices whose time is over", registry=self.registry)
        self.waiting = Gauge("hub_errands_waiting", "Errands that wait", registry=self.registry)
        self.size = Gauge("hub_log_size", "Entries under the last signed checkpoint", registry=self.registry)
        self.signed_at = Gauge(
            "hub_log_signed_timestamp_seconds", "When the log was last signed", registry=self.registry
        )
        self.dropped = Gauge(
            "hub_log_fields_dropped", "Fields kept out of the hub's own log", registry=self.registry
        )
        self.undecided = Gauge(
            "hub_decision_faults",
            "Decisions of this process that failed, and so refused; a worker's are in its log",
            registry=self.registry,
        )
        self.crowded = Gauge(
            "hub_notices_crowded",
            "Notices left unmatched for too many candidates; look at who sends them",
            registry=self.registry,
        )
        self.polls = Gauge("hub_polls_waiting", "Polls that wait for something", registry=self.registry)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self.requests.labels(route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)
