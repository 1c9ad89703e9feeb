"""What an exercise is, and how it is checked: the engine behind `kafkalab.learn.course`."""
