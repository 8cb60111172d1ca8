"""What people see, made from results: the terminal report, the HTML page, the class's CSV."""
