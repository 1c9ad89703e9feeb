"""A shop's orders, clicks and customers as made-up data, and workers that process them.

`data` makes the records, the same in each run; `workers.Workers` runs a stream processing step of
the notebook in two processes, of which one can be killed.
"""
