"""Agents that sample what a host does, write it to Kafka, and show the same to Prometheus.

`hosts.Hosts` starts and ends them; `agent` is the program that runs on each host.
"""
