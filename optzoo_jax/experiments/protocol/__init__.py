"""The protocol of a race: every optimizer on real problems, with the same trials for each.

The folder is not called race: a package's attribute of that name would hide the function.
"""
