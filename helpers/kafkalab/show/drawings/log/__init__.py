"""The picture of a topic's log: its words, its rows, and how they fold."""
