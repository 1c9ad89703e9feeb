"""The `kafkalab` command: doctor, standing clusters, status, leftovers, prefetch, workspaces."""
