"""What has to be on the machine: Java, Kafka, class archives, and where each comes from."""
