"""What a program needs of a broker is asked before it begins, also where nothing is forbidden."""

from collections.abc import Iterator

import pytest

from schemas import topics
from streams.errors import TopicsMissing
from streams.kafka import Access, create_topics, require
from streams.processors.access import ACCESS
from streams.settings import KafkaSettings
from tests import brokers

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    """A broker that lacks one topic."""
    with brokers.running(tmp_path_factory.mktemp("broker")) as address:
        settings = KafkaSettings(bootstrap=address)
        have = [topic for topic in topics.ALL if topic is not topics.ALERT_COST]
        create_topics(settings, partitions=1, wanted=have)
        yield settings


@pytest.mark.parametrize("processor", ["meter", "allocate"])
def test_a_broker_without_an_authorizer_permits_what_is_there(
    kafka: KafkaSettings, processor: str
) -> None:
    require(kafka, ACCESS[processor])


def test_a_topic_that_is_not_there_is_named_with_what_makes_it(kafka: KafkaSettings) -> None:
    with pytest.raises(TopicsMissing, match="apportion topics create") as missing:
        require(kafka, ACCESS["store"])
    assert missing.value.names == (topics.ALERT_COST.name,)


def test_nothing_is_asked_of_who_needs_nothing(kafka: KafkaSettings) -> None:
    require(kafka, Access())
