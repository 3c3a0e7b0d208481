"""What an index of tokens gives away to somebody without the linkage key, measured by attacking it.

Serves `hub match leak`: the attacks are run on made-up or own people, of whom the truth is known.
The attacker knows everything that is public (the layout, how tokens are made, who lives in the
country), may know what some members' records say in clear, and counts. Each attack ends in a share
of records guessed right; what counts is how much that is above always guessing the commonest value.
Nothing here is used by the broker or by a gateway.
"""
