"""What can go wrong at the gateway, by whose act it goes away."""


class GatewayFault(Exception):
    """The gateway cannot do this; `code` is stable, the text says what to do next."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class HubUnreachable(GatewayFault):
    """The hub did not answer: nothing is lost, it is tried again."""


class HubRefused(GatewayFault):
    """The hub answered with a problem document."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.status = status
