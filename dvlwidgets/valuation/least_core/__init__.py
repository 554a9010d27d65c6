"""The least core: payments that leave no subset of points much to complain about.

`constraints` keeps what subsets were scored, `subsidy` solves the linear program, `egalitarian` chooses among its
solutions, `collecting` makes a sampler of all that, for the loop.
"""
