"""The map of the series with what a learner has done of it: facts, words, and what a cell shows."""
