"""What a learner has done, in a file of the learner's own: `my-lab/.progress.json`."""
