"""What Amazon SES says happened afterwards: proved to be from our topic, stored raw, then applied.

``sns`` proves and unwraps a post that ``hook`` was given; ``queue`` takes the same from SQS;
``ses_events`` reads one (pure); ``store`` keeps it before anyone is answered. ``apply`` takes those
that wait, a ``batch`` at a time: ``rows`` finds and moves the deliveries that they speak of,
``settle`` writes down what follows. ``leave_alone`` and ``soft_bounces`` say to whom nothing more
goes, ``touches`` keeps opens and clicks, and ``machines`` tells those of no person (pure).
"""
