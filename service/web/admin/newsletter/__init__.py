"""What a newsletter is: its settings, its look, its sources."""
