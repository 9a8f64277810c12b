"""From run folders' own files to one page: tables over seeds, verdicts, curves and samples.

Nothing of torch is imported here: a report must start at once, also where nothing is trained.
"""
