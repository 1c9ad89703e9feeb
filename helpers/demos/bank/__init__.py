"""A bank that keeps what has happened, and works out balances from it: notebook 28.

The events are the only truth. `events.md` says what they look like.
"""
