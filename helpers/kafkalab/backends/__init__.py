"""Kafka's nodes, tools and workers in three places: containers, processes, an existing cluster."""
