"""What a notebook shows: pictures, tables, and the data that the course brings."""
