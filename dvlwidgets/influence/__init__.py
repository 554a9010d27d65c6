"""One training point on one prediction: influence functions for torch models.

score(test, train) = grad L(test)^T (H + damping)^-1 grad L(train), positive where the training point helps.
"""
