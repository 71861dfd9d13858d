"""Where messages go, and how the way there is protected."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Topic = Annotated[str, Field(pattern=r"^[^/+#\x00$][^+#\x00]{0,99}$")]
"""The beginning of a topic name, without wildcards."""


class Broker(BaseModel):
    """Where messages go."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    host: Annotated[str, Field(min_length=1)] = "localhost"
    """Name or address of the MQTT broker."""
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    """Its port; 8883 is usual with TLS."""
    transport: Literal["tcp", "websockets"] = "tcp"
    """How MQTT travels: by itself, or inside a websocket, which passes web proxies."""
    websocket_path: Annotated[str, Field(pattern=r"^/[!-~]{0,199}$")] = "/mqtt"
    """Path of the websocket on the broker."""
    client_id: Annotated[str, Field(max_length=64)] | None = None
    """MQTT client id; None: edged-<device>."""
    username: str | None = None
    """User name at the broker; also from the systemd credential edged-broker-username."""
    password: SecretStr | None = None
    """Only from the environment (EDGED_BROKER__PASSWORD) or the systemd credential edged-broker-password."""
    password_file: Path | None = None
    """File that holds the password, nothing else."""
    tls: bool = False
    """Encrypt, and check the broker's certificate."""
    ca_file: Path | None = None
    """CA certificates (PEM) to trust; None: the system's."""
    certificate_file: Path | None = None
    """This device's own certificate (PEM, with its chain), for a broker that asks for one."""
    key_file: Path | None = None
    """Its private key (PEM, without a passphrase)."""
    insecure: bool = False
    """Allow sending user name and password in the clear to a broker on another machine."""
    status_interval_s: Annotated[float, Field(ge=5, le=3600)] = 60.0
    """The retained status is sent anew so often."""
    message_expiry_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """So long after its window has ended, a message that waits at the broker for an absent subscriber is of use."""

    @model_validator(mode="after")
    def _combinations(self) -> Self:
        if not self.tls:
            for key in ("ca_file", "certificate_file", "key_file"):
                if getattr(self, key) is not None:
                    raise ValueError(f"{key} needs tls = true")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file go together: give both or neither")
        if self.password is not None and self.password_file is not None:
            raise ValueError("password and password_file are both set: keep one")
        if (self.password is not None or self.password_file is not None) and self.username is None:
            raise ValueError("a password needs a username: set broker.username, too")
        if self.username is not None and not (self.tls or self.insecure or is_loopback(self.host)):
            raise ValueError(
                "user name and password would travel in the clear: set tls = true, or insecure = true if you must"
            )
        return self


class HomeAssistant(BaseModel):
    """Home Assistant's MQTT discovery."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    discovery: bool = False
    """Announce this device to Home Assistant, and listen to its birth message: the only subscription there is."""
    prefix: Topic = "homeassistant"
    """Home Assistant's discovery prefix; its birth message is expected on <prefix>/status."""


def is_loopback(host: str) -> bool:
    """Say whether a host is this very machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
