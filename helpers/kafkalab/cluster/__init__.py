"""What a notebook holds: `KafkaCluster`, its console lines and its Connect workers."""
