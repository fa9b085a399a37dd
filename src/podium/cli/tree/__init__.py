"""What draws a run: tree, chart, source."""
