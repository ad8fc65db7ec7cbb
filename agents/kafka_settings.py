"""How an agent reaches Kafka: the settings that agents share, and librdkafka's names for them."""

from typing import Literal, Self

from pydantic import Field, FilePath, SecretStr, model_validator

from agents.groups import Group
from agents.outbox.kafka_channel import Property

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class KafkaSettings(Group):
    """How to reach Kafka, as a producer that may write usage and read the catalog."""

    bootstrap: str = Field(
        default="127.0.0.1:9092", min_length=1, description="host:port, comma separated"
    )
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism | None = Field(default=None, description="null: no SASL")
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_ca: FilePath | None = Field(default=None, description="CA file (PEM); null: the system's")
    ssl_cert: FilePath | None = Field(
        default=None, description="client certificate (PEM); null: none"
    )
    ssl_key: FilePath | None = Field(default=None, description="client key (PEM); null: none")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        sasl = (self.sasl_mechanism, self.sasl_username, self.sasl_password)
        if self.security_protocol.startswith("SASL") and None in sasl:
            raise ValueError("SASL needs sasl_mechanism, sasl_username and sasl_password")
        if (self.ssl_cert is None) != (self.ssl_key is None):
            raise ValueError("ssl_cert and ssl_key go together")
        return self

    def properties(self) -> dict[str, Property]:
        """Return librdkafka's configuration. The password is in it: never log it."""
        said = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.security_protocol,
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.sasl_username,
            "sasl.password": self.sasl_password.get_secret_value() if self.sasl_password else None,
            "ssl.ca.location": self.ssl_ca,
            "ssl.certificate.location": self.ssl_cert,
            "ssl.key.location": self.ssl_key,
        }
        return {name: str(value) for name, value in said.items() if value is not None}
