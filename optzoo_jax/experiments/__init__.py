"""What users do with the library: race methods on small real problems.

Needs `pip install "optzoo_jax[experiments]"`; nothing in the library imports it. Imports between its folders point one
way: what is trained (`data`, `problems`), with what (`training`, `methods`), up to a record (`race`); what measures and
draws beside it (`landscapes`, `bench`, `claims`); what says and shows it (`advice`, `report`); and the command on top.
"""
