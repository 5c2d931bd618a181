"""What flows through a composition, and what does not fit.

Multiply every gradient by c, or every parameter by k, and each stream is multiplied by a power of c and of k: its unit,
[g²] or [θ/g]. A third power, [α], counts the learning rate, which an update has once. A stream is declared as

    "gradient [g] → direction [g]"      takes this unit and no other
    "x → x"                             an average: whatever comes
    "moment x² → rate 1/x"              an inverse root: of what comes, whatever it is
    "x → x·[α]"                         times the learning rate

The word before a unit says what it is. Two of them are more than a help to the reader: what takes a `moment` or a
`rate` cannot be fed a gradient, and so makes no sense by itself; and an `update` has its sign and its learning rate.
"""

import dataclasses
import math
import re
import unicodedata
from fractions import Fraction

_LETTERS = "gxαθ"
_FACTOR = r"([1gxαθ])(?:\^(-?\d+(?:/\d+)?))?"
_SIDE = re.compile(r"((?:[a-z]{2,}\s+)*)(.*)")
_WRITTEN = {Fraction(1): ""} | {Fraction(unicodedata.numeric(s)).limit_denominator(4): s for s in "½⅓¼²³⁴"}


@dataclasses.dataclass(frozen=True)
class Unit:
    """A product of powers of the letters g, θ, α, and x for what came in."""

    powers: tuple[Fraction, ...] = (Fraction(0),) * len(_LETTERS)

    @classmethod
    def parse(cls, text: str) -> "Unit":
        """[θ/g], x², 1/x, x·[α], [g^-1/2]; of "[1/g or 1]" the first. Raises ValueError for what is no unit."""
        plain = re.sub("⁻?[½⅓¼⁰¹²³⁴]", lambda m: "^" + unicodedata.normalize("NFKC", m[0]), text.split(" or ")[0])
        plain = plain.translate(str.maketrans("⁄−", "/-", "[]{}· ")).removeprefix("-")
        unit = cls()
        for product, sign in zip(re.split(r"/(?!\d)", plain, maxsplit=1), (1, -1), strict=False):
            if not re.fullmatch(f"({_FACTOR})+", product):
                raise ValueError(text)
            for letter, power in re.findall(_FACTOR, product):
                unit *= cls(tuple(sign * Fraction(power or 1) * (letter == s) for s in _LETTERS))
        return unit

    def __getitem__(self, letter: str) -> Fraction:
        return self.powers[_LETTERS.index(letter)]

    def __mul__(self, other: "Unit") -> "Unit":
        return Unit(tuple(p + q for p, q in zip(self.powers, other.powers, strict=True)))

    def __truediv__(self, other: "Unit") -> "Unit":
        return self * other**-1

    def __pow__(self, p: Fraction | int) -> "Unit":
        return Unit(tuple(p * q for q in self.powers))

    def where(self, x: "Unit") -> "Unit":
        """This unit, with the unit `x` put in for the letter."""
        return self * (x / _X) ** self["x"]

    def with_x_for_g(self) -> "Unit":
        """This unit, with the letter x in the place of g."""
        return self * (_X / GRADIENT) ** self["g"]

    def solved_for(self, unit: "Unit") -> "Unit":
        """The x for which this unit is that one."""
        return (unit / self.where(ONE)) ** (1 / self["x"])

    def __str__(self) -> str:
        def product(sign: int) -> str:
            powers = zip(_LETTERS, self.powers, strict=True)
            return "·".join(s + _WRITTEN.get(sign * p, f"^{sign * p}") for s, p in powers if sign * p > 0)

        over, under = product(1) or "1", product(-1)
        return f"[{over}/{under}]" if under else f"[{over}]"


ONE, GRADIENT, _X = Unit(), Unit.parse("g"), Unit.parse("x")


@dataclasses.dataclass(frozen=True)
class Flow:
    """What comes out of a piece or a composition, by what goes in.

    Attributes:
      needs: the unit that must go in; None for any.
      gives: the unit that comes out, with x for what goes in where `needs` is None; None where nothing is known of it,
        after a transformation from elsewhere.
      needs_word: "moment" or "rate" where that must go in, else "".
      word: what comes out, such as "rate"; "" where no piece says.
      by: what comes last, for an error.
      needed_by: the piece that wants `needs` or `needs_word`.
      reads: a piece that reads `direction`, which only the rate of a precondition shows; "" where none does.
    """

    needs: Unit | None = None
    gives: Unit | None = _X
    needs_word: str = ""
    word: str = ""
    by: str = "what comes in"
    needed_by: str = ""
    reads: str = ""

    @classmethod
    def parse(cls, text: str, by: str = "", *, reads_direction: bool = False) -> "Flow":
        """What a piece takes and gives, as declared. Raises ValueError for what the module's docstring has not."""
        try:
            (takes_word, takes), (word, gives) = (_SIDE.findall(side.strip())[0] for side in text.split("→"))
            needs, gives = Unit.parse(takes), Unit.parse(gives)
            if needs["x"] or gives["x"]:
                needs, gives = None, gives.where(needs.solved_for(_X))
        except (ValueError, ZeroDivisionError):  # no stream; x goes out, and what came in has no x
            raise ValueError(
                f"the stream {text!r} is not of the form 'gradient [g] → direction [g]', 'x → x' or 'x² → 1/x': an "
                "arrow, and on each side a unit of the letters g, θ, α in brackets, or of x, which is what comes in."
            ) from None
        needs_word = takes_word.strip() if takes_word.strip() in ("moment", "rate") else ""
        return cls(
            needs, gives, needs_word, word.strip(), by, by if needs or needs_word else "", by if reads_direction else ""
        )

    def of_its_own_gradient(self) -> "Flow":
        """What flows where [g] is the unit of what enters, whatever that is."""
        if self.needs not in (None, GRADIENT) or self.gives is None:
            return self
        word = "" if self.word in ("gradient", "direction") else self.word
        return dataclasses.replace(self, needs=None, gives=self.gives.where(GRADIENT).with_x_for_g(), word=word)

    @property
    def multiplies_by_the_rate(self) -> bool:
        """Whether the learning rate comes into the stream here."""
        return self.gives is not None and self.gives["α"] - (self.needs or ONE)["α"] == 1

    def at(self, unit: Unit | None = GRADIENT) -> Unit | None:
        """What comes out where this unit goes in, a gradient [g] where none is named; None where nothing is known."""
        if self.gives is None or (unit is None and self.gives["x"]):
            return None
        return self.gives.where(unit or ONE)

    def then(self, other: "Flow") -> "Flow":
        """What comes out of `other`, fed what comes out here. Raises TypeError where it does not fit."""
        needs, needed_by = self.needs, other.needed_by or other.by
        as_is = not self.word and self.gives is not None and (self.gives["x"], self.gives["g"]) == (1, 0)
        # An average may be one of moments; where it stands first in a chain, it is one of gradients.
        elsewhere = self.word != other.needs_word if self.word else as_is and self.by != Flow.by
        misfit = other.needs_word and elsewhere
        if other.needs and self.gives and self.gives["x"]:
            needs = self.gives.solved_for(other.needs)
        elif other.needs and self.gives not in (None, other.needs):
            misfit = True
        if misfit:
            given = "gradient [g], where a chain begins with it" if as_is else f"{self.word or 'stream'} {self.gives}"
            remedy = (
                "it belongs into the second argument of precondition(direction, rate), behind what makes a "
                f"{other.needs_word}"
                if other.needs_word
                else "put between them what leads from one to the other, or leave one out"
            )
            raise TypeError(
                f"{needed_by} takes a {other.needs_word or 'stream'} {other.needs or _X}, and {self.by} gives a "
                f"{given}: {remedy}."
            )
        gives, word = other.at(self.gives), other.word or self.word
        if (self.word == other.word == "update") or (gives is not None and gives["α"] > 1):
            raise TypeError(
                f"{self.by} gives {_a(self.word or 'stream')} {self.gives}, which has the learning rate [α] in it, and "
                f"{other.by} multiplies by one again: an update has it once. Leave one out, or put the step of one in "
                "its place, such as scale_by_adam() for adam(…)."
            )
        needs_word = self.needs_word or (other.needs_word if as_is else "")
        needed_by = self.needed_by or (needed_by if needs or needs_word else "")
        return Flow(needs, gives, needs_word, word, other.by, needed_by, self.reads or other.reads)


def _a(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def side_by_side(flows: list[Flow], *, product: bool, shows_direction: bool) -> Flow:
    """What comes out of branches that are fed the same stream: their product, or what they all have in common."""
    by = (" · " if product else " + ").join(flow.by for flow in flows)
    reads = next((flow.reads for flow in (flows[:1] if shows_direction else flows) if flow.reads), "")
    if len({flow.needs for flow in flows} - {None}) > 1:
        taken = ", ".join(f"{flow.needed_by} takes {flow.needs}" for flow in flows if flow.needs)
        raise TypeError(f"the branches are fed the same stream, and {taken}.")
    asks = max(flows, key=lambda flow: (bool(flow.needs_word), bool(flow.needed_by)))
    needs, needed_by = next((flow.needs for flow in flows if flow.needs), None), asks.needed_by
    gives = [flow.at(needs or _X) for flow in flows]
    known = [unit for unit in gives if unit is not None]
    if product:
        word, out = "step" if shows_direction else "", math.prod(known, start=ONE)
    else:
        unlike = next((unit / known[0] for unit in known if unit["x"] != known[0]["x"]), None)
        if unlike is not None:  # one unit after all, where what goes in has the one that makes them alike
            needs, needed_by = unlike.solved_for(ONE), by
        known = {unit.where(needs or _X) for unit in known}
        if len(known) > 1:
            units = " and ".join(f"{flow.by} gives {flow.gives}" for flow in flows)
            raise TypeError(f"join: {units}: what is added has one unit. For a product say join(…, units='product').")
        words = {flow.word for flow in flows}
        word, out = words.pop() if len(words) == 1 else "", next(iter(known), None)
    return Flow(needs, None if None in gives else out, asks.needs_word, word, by, needed_by, reads)


def apart(flows: list[Flow]) -> Flow:
    """What comes out of branches that are fed different arrays of one tree: nothing is added, so units may differ."""
    first = flows[0]
    rates = {unit["α"] for flow in flows if (unit := flow.at()) is not None}
    if len(rates) > 1 or len({flow.word == "update" for flow in flows if flow.at() is not None}) > 1:
        given = " and ".join(f"{flow.by} gives {_a(flow.word or 'step')} {flow.at()}" for flow in flows)
        raise TypeError(
            f"{given}: either both have the learning rate in them, or neither. Put the step of one in its place, such "
            "as scale_by_adam() for adam(…), or descent(step, learning_rate) for a step."
        )
    needs = next((flow.needs for flow in flows if flow.needs), None)
    known = {flow.at() for flow in flows}
    gives = first.gives if len({flow.gives for flow in flows}) == 1 else None
    if gives is None and None not in known:  # the first's, of which the learning rate is that of all
        needs, gives = GRADIENT, first.at()
    reads = next((flow.reads for flow in flows if flow.reads), "")
    asks = max(flows, key=lambda flow: (bool(flow.needs_word), bool(flow.needed_by)))
    return Flow(needs, gives, asks.needs_word, first.word, first.by, asks.needed_by, reads)


def check_runs(flow: Flow, where: str = "") -> None:
    """Raises TypeError where a composition takes no gradient: run by itself, or as an update or by `where` fed one."""
    wants = f"{flow.reads} reads the direction" if flow.reads else ""
    if not wants and (flow.needs_word or (flow.needs and any(p not in (0, 1) for p in flow.needs.powers))):
        taken = f"{flow.needs_word or 'stream'} {flow.needs or ''}".strip()
        wants = f"{flow.needed_by} takes {_a(taken)}"
    if wants:
        raise TypeError(
            f"{wants}, and what runs by itself is fed a gradient [g] alone: it only makes sense inside the second "
            "argument of precondition(direction, rate), which shows it the gradient and the direction; write "
            "precondition(direction, chain(…, this_piece))."
        )
    if flow.needs not in (None, GRADIENT) and (where or flow.word == "update"):
        raise TypeError(
            f"{where or 'a training loop'} feeds what it is given the gradient [g], and {flow.needed_by} takes "
            f"{flow.needs}: put before it what makes that of a gradient."
        )


def check_step(flow: Flow, *, rate_inside: bool) -> None:
    """Raises TypeError where `descent` is given no step: a rate, a moment, or what is an update already."""
    check_runs(flow, "descent")
    unit = flow.at()
    if unit is None:
        return
    given = f"{flow.by} gives {_a(flow.word or 'step')} {unit}"
    if flow.word == "update" or unit["α"] > rate_inside:
        raise TypeError(
            f"descent: {given}, which has the learning rate in it already: an update has it once. Give descent the "
            "step before it, such as scale_by_adam() in the place of adam(…), or say rate_inside=True where the step "
            "has the rate but not the sign."
        )
    if unit["α"] < rate_inside:
        raise TypeError(
            f"descent(…, rate_inside=True): {given} without a learning rate [α] in it: leave rate_inside out."
        )
    if not 0 <= unit["g"] <= 1 or not 0 <= unit["θ"] <= 1 or unit["g"] + unit["θ"] > 1:
        raise TypeError(
            f"descent: {given}, and a step is between [1], as Adam's, and [g], as SGD's: a rate [1/g] is multiplied on "
            "a direction by precondition(direction, rate), and a moment [g²] becomes a rate by inverse_root()."
        )


def check_update(flow: Flow, wrapper: str) -> None:
    """Raises TypeError where a wrapper that moves parameters is put around what is no update."""
    check_runs(flow, wrapper)
    unit = flow.at()
    if unit is not None and (unit["α"] != 1 or flow.word not in ("update", "")):
        raise TypeError(
            f"{wrapper} goes around an optimizer, and {flow.by} gives {_a(flow.word or 'step')} {unit}, which is no "
            "update: give it adam(1e-3), or descent(step, learning_rate)."
        )
