"""What lies between the screens and the terminal."""
