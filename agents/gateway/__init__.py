"""What gateways tell of model calls, brought to one form."""
