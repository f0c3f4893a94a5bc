"""What Amazon SES says happened afterwards: proved to be from our topic, stored raw, then applied.

``sns`` proves and unwraps a post; ``queue`` takes the same from SQS; ``ses_events`` reads one
(pure); ``store`` keeps it before anyone is answered; ``apply`` moves the delivery it speaks of.
"""
