"""Make what people read from results: the terminal report, the SVG picture and the HTML page, and the JSON schema."""
