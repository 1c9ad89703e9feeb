"""Agents that tail log files into Kafka, and sinks that land them as Parquet in a central store.

`shipping.LogShipping` starts and ends both; `agent` and `sink` are their programs. `store` has what
a reader of the store needs, `parsing` turns lines into columns.
"""
