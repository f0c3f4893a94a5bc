"""What is wrong with an issue before it goes: on its largest mail, and what to do about it.

    finding     what a check says, and how grave it is
    page        the HTML part, read
    checks      pure: a rendering → findings
    issue       the edge with rows: which choice has the largest mail
    spam        the edge with SpamAssassin, where it is installed

A *failure* blocks a send; a *warning* does not. Failures are what readers or the law cannot do
without, and what only we or an editor can have got wrong. Text of a feed can at most warn: a
stranger must not be able to hold an issue.
"""
