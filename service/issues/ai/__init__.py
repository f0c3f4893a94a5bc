"""An editorial drafted by a model: facts in, a draft out, and nothing sent that nobody accepted.

facts    what a model is told: the entries shown and what moved, as data (pure)
check    what a draft says that the facts do not (pure)
client   ask an endpoint that speaks OpenAI's protocol
drafts   ask for a draft, keep it beside the issue, accept it or throw it away
asked    a draft that an editor asked for at the desk, and a worker brings
"""
