"""Where alerts are told: Slack, webhooks, the output; and how a sink's answer is taken."""
