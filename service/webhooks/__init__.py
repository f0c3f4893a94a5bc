"""What happens here, told to other programs: announced in rows, signed, delivered, tried again.

``announce`` writes down what is to be told in the transaction of what happened; ``deliver`` tells
it later, at least once. Neither knows the stages: they call, or are called by the workers.
"""
