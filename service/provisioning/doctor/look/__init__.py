"""The edges of the doctor: each reads one place, and gives what it saw or why it saw nothing."""
