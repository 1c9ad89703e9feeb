"""Kafka's nodes, tools and Connect workers as containers."""
