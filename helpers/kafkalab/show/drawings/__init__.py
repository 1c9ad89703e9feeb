"""From plain facts to a picture: its words, its drawing and its frame."""
