"""The watch over agents, runs and workers, and the incidents it opens."""
