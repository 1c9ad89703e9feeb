"""What every room stands on: words, deadlines, interrupts; knows no Kafka."""
