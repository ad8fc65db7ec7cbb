"""What runs next to Kafka: the pure core, the processors around it, replay, and the command."""
