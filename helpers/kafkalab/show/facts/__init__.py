"""What a picture tells, collected once from the live cluster and held as plain data."""
