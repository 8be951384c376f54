"""What the pages show, as ready-made strings: templates decide nothing."""
