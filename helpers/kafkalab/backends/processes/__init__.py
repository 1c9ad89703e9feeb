"""Kafka's nodes, tools and Connect workers as processes of this machine."""
