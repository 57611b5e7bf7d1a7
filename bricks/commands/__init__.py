"""The verbs of `python -m bricks`, one a file, and the files that they read and write.

bricks/__main__.py has the table of them. They only put together what the other rooms have.
"""
