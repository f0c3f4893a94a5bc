"""Who asked for what: sign up, confirm, choose, leave; the proof of it; who is left alone."""
