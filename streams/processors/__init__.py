"""Thin shells around `core`: Faust apps that read, step, send and commit."""
