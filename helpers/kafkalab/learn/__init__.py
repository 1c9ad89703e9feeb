"""What guides and checks a learner: cards, predictions, exercises."""
