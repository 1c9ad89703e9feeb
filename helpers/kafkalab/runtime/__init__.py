"""A labeled program: its owner, its ports, how it is found and removed. Knows no Kafka."""
