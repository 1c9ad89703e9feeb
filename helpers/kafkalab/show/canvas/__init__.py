"""What every picture is made of: shapes in the reader's theme, and the forms it is shown in."""
