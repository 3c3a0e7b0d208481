"""The unit file for systemd: it runs the gateway, starts it again, and lets it do nothing else."""

from collections import defaultdict

from typer.testing import CliRunner

from adapters.member.cli import app


def settings() -> dict[str, dict[str, list[str]]]:
    """The unit that the command prints, by section and key; a key may stand several times."""
    printed = CliRunner().invoke(app, ["gateway", "unit"])
    assert printed.exit_code == 0
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in printed.stdout.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals, line
            found[section][key].append(value)
    return found


def test_it_runs_the_gateway_and_starts_it_again() -> None:
    """After whatever has ended it, and at every start of the machine."""
    unit = settings()
    service = unit["Service"]
    (start,) = service["ExecStart"]
    program, *words = start.split()
    assert program.startswith("/")
    run = CliRunner().invoke(app, [*words[:2], "--help"])
    assert run.exit_code == 0
    assert words[:2] == ["gateway", "run"]
    assert all(word in run.stdout for word in words[2:] if word.startswith("--"))
    assert service["Restart"] == ["always"]
    assert unit["Install"]["WantedBy"] == ["multi-user.target"]


def test_it_runs_under_a_user_of_its_own_in_a_folder_of_its_own() -> None:
    """That nobody else can look into."""
    service = settings()["Service"]
    assert service["User"] == ["hub-gateway"]
    assert service["StateDirectory"] == ["hub-gateway"]
    assert service["StateDirectoryMode"] == ["0700"]
    assert service["UMask"] == ["0077"]
    assert service["Environment"] == ["HUB_GATEWAY_HOME=/var/lib/hub-gateway"]


def test_it_can_do_nothing_else() -> None:
    """No privilege, no other file, no device, no core dump that would hold keys."""
    service = settings()["Service"]
    hardened = {
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "ProtectKernelTunables": "yes",
        "ProtectKernelModules": "yes",
        "ProtectControlGroups": "yes",
        "RestrictNamespaces": "yes",
        "RestrictSUIDSGID": "yes",
        "MemoryDenyWriteExecute": "yes",
        "LimitCORE": "0",
    }
    assert {key: service[key] for key in hardened} == {key: [value] for key, value in hardened.items()}
    assert "~@privileged @resources" in service["SystemCallFilter"]
