"""Fixtures every folder of tests may ask for."""

from tests.support.services import postgres_server_url, postgres_url, rabbitmq_server, rabbitmq_url

__all__ = ["postgres_server_url", "postgres_url", "rabbitmq_server", "rabbitmq_url"]
