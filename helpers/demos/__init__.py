"""Small real systems that notebooks show at work; they stand on kafkalab, which knows none."""
