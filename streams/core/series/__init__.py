"""What is watched of costs, as series: a value for each tenant, model and pool in each window."""
