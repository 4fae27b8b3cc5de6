"""The benchmark: Gatehouse against its peers and against itself, in one interleaved run by `./dev bench`.

Words: Server (a program under load), Case (a query and who asks it), Row (a Server answering a Case), Round (every row
once), Sample (one row in one round), Pair (two rows measured back to back, for a difference smaller than the noise).
Stands outside the house: it imports what it measures, and nothing imports it.
"""
