"""What goes on looking at the cluster while other cells run."""
