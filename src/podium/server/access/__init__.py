"""How whoever asks is known: a file for each way to sign in, and the limits on what one may send."""
