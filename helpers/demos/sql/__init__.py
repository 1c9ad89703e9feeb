"""Statements for Flink's SQL gateway, and the changes that a continuous query sends back."""
