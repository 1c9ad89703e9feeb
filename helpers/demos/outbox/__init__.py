"""A shop and a warehouse, each with a database of its own, and Kafka between them: notebook 29.

An order reaches the warehouse exactly once, whichever program is killed, and whenever. `events.md`
says what is in the topic.
"""
