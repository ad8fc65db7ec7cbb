"""What gateways tell of model calls, brought to one form; the collector that they push it to."""
