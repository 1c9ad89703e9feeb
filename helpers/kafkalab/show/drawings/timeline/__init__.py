"""The picture of a timeline: its words, its lanes, their scale, and the chart."""
