"""Forms over single rows of the operating model: what a browser posts becomes a document row."""
