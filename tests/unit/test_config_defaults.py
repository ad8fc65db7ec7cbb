"""The price book and catalog that ship."""

from pathlib import Path

import pytest

from streams.config.catalog import load_catalog
from streams.config.price_book import load_price_book
from tests.builders.terms import gpu_cost
from tests.builders.usage import T0

DAYS_OF_THE_TRACES_US = 1_700_000_000_000_000  # November 2023


def test_the_built_in_book_prices_the_traces_model_as_the_readme_says(root: Path) -> None:
    text = (root / "streams/config/default_prices.yaml").read_text()
    book = load_price_book(text)
    rates = book.call_rates("openai", "gpt-4o", None, None).at(DAYS_OF_THE_TRACES_US).at(0)
    assert {meter: rate.cost for (meter, _), rate in rates.items()} == {
        "tokens.input": 2_500_000_000_000,
        "tokens.cache_read": 1_250_000_000_000,
        "tokens.output": 10_000_000_000_000,
    }


def test_the_built_in_book_knows_the_demo_s_gpu(root: Path) -> None:
    text = (root / "streams/config/default_prices.yaml").read_text()
    assert gpu_cost(load_price_book(text), "h100", T0) == 6_880_000_000_000


@pytest.mark.parametrize("endpoint", ["llama-70b-prod", "qwen-coder-32b"])
def test_the_built_in_catalog_knows_the_demo_s_endpoints(root: Path, endpoint: str) -> None:
    catalog = load_catalog((root / "streams/config/default_catalog.yaml").read_text())
    found = catalog.gpu_endpoint(endpoint, T0)
    assert found is not None
    assert found.pools == (catalog.pool_of_node("gpu-node-1", T0),) == ("h100",)
