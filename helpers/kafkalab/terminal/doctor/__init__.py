"""What is wrong with this machine, and the line that fixes it: `kafkalab doctor`."""
