"""The price book and catalog that ship."""

from pathlib import Path

import pytest

from streams.config.catalog import load_catalog
from streams.config.price_book import load_price_book
from tests.builders.usage import H100, T0

DAYS_OF_THE_TRACES_US = 1_700_000_000_000_000  # November 2023


def test_the_built_in_book_prices_the_traces_model_as_the_readme_says(root: Path) -> None:
    text = (root / "streams/config/default_prices.yaml").read_text()
    rates = load_price_book(text).token_rates("openai", "gpt-4o").at(DAYS_OF_THE_TRACES_US).at(0)
    assert rates == (2_500_000_000_000, 1_250_000_000_000, None, None, 10_000_000_000_000, None)


def test_the_built_in_book_knows_the_demo_s_gpu(root: Path) -> None:
    text = (root / "streams/config/default_prices.yaml").read_text()
    assert load_price_book(text).gpu_rates(H100, "h100").at(T0) == 6_880_000_000_000


@pytest.mark.parametrize("endpoint", ["llama-70b-prod", "qwen-coder-32b"])
def test_the_built_in_catalog_knows_the_demo_s_endpoints(root: Path, endpoint: str) -> None:
    catalog = load_catalog((root / "streams/config/default_catalog.yaml").read_text())
    found = catalog.gpu_endpoint(endpoint)
    assert found is not None
    assert found.pool == catalog.pool_of_node("gpu-node-1") == "h100"
