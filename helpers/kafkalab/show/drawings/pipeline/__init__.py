"""The picture of a pipeline: its words, where each box stands, and the drawing."""
