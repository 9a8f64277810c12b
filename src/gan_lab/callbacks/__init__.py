"""What a run does beside training: curves, sample grids, metrics, checkpoints, a progress bar."""
