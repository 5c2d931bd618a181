"""How the numbers of a race are made, for the page and the docs."""

from __future__ import annotations

HOW = {
    "Tuning": "A bracket of whole decades finds each method's box of rates. In it every method tries the same points "
    "of one sequence, in rate and its own knob together, with a seed each. The lowest validation loss at the end of "
    "the schedule wins. Baselines try twice as many points, so that their numbers are more certain, not better.",
    "Score": "s = (L₀ − L)/(L₀ − L*): L is the test loss, L₀ that of the best constant guess, L* the stored baselines' "
    "best. A run that diverged scores −1. The main number is the score that is expected after half of the trials.",
    "Intervals": "95 %, from 4,000 draws that resample trials and blocks of the test set at once, alike for all.",
    "Groups": "The leader's group holds every method whose difference to it may be .005 or less, by Holm's rule over "
    "all that are left. It is taken out, and the next begins. Inside a group the order is the alphabet's.",
    "Untuned": "The score of the default call, on the fresh seeds on which the chosen one was reported.",
    "Decades": "How many decades of the rate keep the score above .95; ≥ where what was searched ended first.",
    "Steps × adamw": "To the problem's early and late target of validation loss, which are stored with the package; ∞ "
    "where it is not reached.",
    "Seconds × adamw": "Of a step, all methods of a problem in turns in one process: the median, and the quartiles in "
    "brackets.",
    "Bytes and peak": "Bytes of state a parameter; bytes that the compiled update has in hand at once, in sizes of the "
    "parameters.",
    "P(better than adamw)": "The share of problems and draws in which the score is higher.",
    "Profile area": "The area under the performance profile of steps to the targets, up to 4 × the fastest: 1 for a "
    "method that is the fastest everywhere, 0 for one that is never within 4 ×.",
    "What may not be concluded": "The models are small, and nothing here says who leads at scale: what is 1.4 times as "
    "fast at 0.1 billion parameters was measured to be 1.1 times as fast at 1.2 billion (Wen, Hall, Ma & Liang, 2025, "
    "arXiv 2509.02046).",
}
