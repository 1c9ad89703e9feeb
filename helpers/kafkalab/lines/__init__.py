"""What a documented line means: text in, plain data out; starts nothing."""
