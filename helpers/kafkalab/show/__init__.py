"""Pictures of the live cluster, each with a text form and the same facts as a DataFrame."""
