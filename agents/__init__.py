"""What runs next to the work: node agents, gateway collectors, and the outbox they share."""
