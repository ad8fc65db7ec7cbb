"""What gateways tell of model calls, brought to one form, and the collector that they push it to."""
