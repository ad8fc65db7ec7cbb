"""The tenant rules of the published catalog, followed on its topic."""

from collections.abc import Mapping
from pathlib import Path

from agents.catalog_topic import FOLLOW_WAIT_MS, Property
from agents.catalog_topic import TopicCatalog as Followed
from agents.gpu.catalog_text import RuleSet, rules_in
from schemas.topics import CONFIG_CATALOG


class TopicCatalog(Followed[RuleSet]):
    """The rules in force, followed by one thread. `kafka`: librdkafka properties."""

    def __init__(
        self,
        kafka: Mapping[str, Property],
        kept: Path,
        topic: str = CONFIG_CATALOG.name,
        wait_ms: int = FOLLOW_WAIT_MS,
    ) -> None:
        super().__init__(rules_in, kafka, kept, topic, wait_ms)
