"""Checks of the exercises: one module per exercise notebook, same name, no number.

    from lmlab.checks import backprop as check
    check.relu_grad(relu_grad)

A check prints one line when the answer is right, and raises `CheckFailed` with
three lines when it is not. How a module is written: see `lmlab.checks.core`, and
`lmlab.checks.start_here` for a whole one.
"""
