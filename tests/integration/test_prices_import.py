"""A price map is imported into the book in force, and the book of it can be put in force."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from streams.config.price_book import load_price_book
from streams.config_topic import PRICES, in_force, publish_default, publish_document
from streams.settings import KafkaSettings

pytestmark = pytest.mark.integration

WAIT_S = 60.0
MONTHS = ("2025-08", "2026-11")
OWN = """
currency: USD
prices:
  - {meter: gpu, model: H100, price: "2.40", unit: GPU-Hours, effective_from: 2023-01-01T00:00:00Z,
     source: "our contract"}
"""


def importing(kafka: KafkaSettings, map_file: Path, begin: str) -> str:
    """Return the book that the command makes of a map and the book in force."""
    command = ["-m", "streams", "prices", "import", "litellm", str(map_file)]
    options = ["--effective-from", begin, "--kafka", kafka.bootstrap]
    done = subprocess.run(
        [sys.executable, *command, *options],
        capture_output=True,
        encoding="utf-8",
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.shared
def test_the_built_in_book_takes_up_a_map(kafka: KafkaSettings, shared_data: Path) -> None:
    text = importing(kafka, shared_data / "prices" / "litellm_2026-11.json", "2026-11-20")
    built_in = load_price_book(PRICES.default())
    book = load_price_book(text)
    assert {p.model for p in built_in.prices} < {p.model for p in book.prices}
    # It was made from this very map: none of its prices is ended by it.
    assert set(built_in.prices) < set(book.prices)


def test_a_map_goes_into_the_book_in_force_and_leaves_its_prices(
    kafka: KafkaSettings, tmp_path: Path
) -> None:
    publish_default(kafka, PRICES)
    model = {"litellm_provider": "acme", "mode": "chat", "input_cost_per_token": 2e-06}
    map_file = tmp_path / "map.json"
    map_file.write_text(json.dumps({"acme/m": model}), encoding="utf-8")
    before = set(load_price_book(PRICES.default()).prices)
    after = set(load_price_book(importing(kafka, map_file, "2026-11-01")).prices)
    assert before < after
    assert {price.model for price in after - before} == {"m"}


@pytest.mark.shared
def test_real_maps_can_be_put_in_force_one_after_the_other(
    kafka: KafkaSettings, shared_data: Path
) -> None:
    publish_document(kafka, PRICES, OWN, "own.yaml")
    for month in MONTHS:
        map_file = shared_data / "prices" / f"litellm_{month}.json"
        text = importing(kafka, map_file, f"{month}-01")
        version = publish_document(kafka, PRICES, text, "book.yaml")
        assert in_force(kafka, PRICES) == version
        again = importing(kafka, map_file, f"{month}-02")
        assert load_price_book(again).version == version
