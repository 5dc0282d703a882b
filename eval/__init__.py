"""Measure Youju: gold questions, predictions, measures and reports."""
