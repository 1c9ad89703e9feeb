"""Questions to a live cluster; they need nothing but what a client needs to reach it."""
