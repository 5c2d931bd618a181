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

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from fractions import Fraction

_POWERS = {
    "½": Fraction(1, 2),
    "⅓": Fraction(1, 3),
    "¼": Fraction(1, 4),
    **{s: Fraction(i) for i, s in enumerate("⁰¹²³⁴")},
}
_LETTER = re.compile(r"([gθαx])(?:(⁻?)([½⅓¼⁰¹²³⁴])|\^(-?\d+(?::\d+)?))?")
_INNER_ONLY = ("moment", "rate")


@dataclasses.dataclass(frozen=True)
class Unit:
    """A product of powers of the letters g, θ, α, and x for what came in."""

    powers: tuple[tuple[str, Fraction], ...] = ()

    @classmethod
    def of(cls, powers: Mapping[str, Fraction]) -> Unit:
        return cls(tuple(sorted((letter, p) for letter, p in powers.items() if p)))

    @classmethod
    def parse(cls, text: str) -> Unit:
        """[θ/g], x², 1/x, x·[α]; of "[1/g or 1]" the first."""
        plain = text.split(" or ")[0].translate(str.maketrans("", "", "[]· ")).removeprefix("−")
        plain = re.sub(r"\^\{?(-?\d+)(?:/(\d+))?\}?", lambda m: f"^{m[1]}:{m[2] or 1}", plain)
        over, _, under = plain.partition("/")
        found: dict[str, Fraction] = {}
        for part, sign in ((over, 1), (under, -1)):
            if part and _LETTER.sub("", part) not in ("", "1"):
                raise ValueError(text)
            for letter, minus, power, written in _LETTER.findall(part):
                p = (
                    Fraction(written.replace(":", "/"))
                    if written
                    else _POWERS.get(power, Fraction(1)) * (-1 if minus else 1)
                )
                found[letter] = found.get(letter, Fraction(0)) + sign * p
        if not plain:
            raise ValueError(text)
        return cls.of(found)

    def __getitem__(self, letter: str) -> Fraction:
        return dict(self.powers).get(letter, Fraction(0))

    def __mul__(self, other: Unit) -> Unit:
        return Unit.of({s: self[s] + other[s] for s in "gθαx"})

    def __pow__(self, p: Fraction | int) -> Unit:
        return Unit.of({s: p * q for s, q in self.powers})

    def where(self, x: Unit) -> Unit:
        """This unit, with the unit `x` put in for the letter."""
        return Unit.of({s: self[s] for s in "gθα"}) * x ** self["x"]

    def __str__(self) -> str:
        def product(sign: int) -> str:
            return "·".join(s + _superscript(sign * p) for s, p in self.powers if sign * p > 0)

        over, under = product(1) or "1", product(-1)
        return f"[{over}/{under}]" if under else f"[{over}]"


def _superscript(p: Fraction) -> str:
    exact = {q: s for s, q in _POWERS.items()}
    return "" if p == 1 else exact.get(p, f"^{p}")


ONE, GRADIENT = Unit(), Unit.parse("g")
_X = Unit.parse("x")


@dataclasses.dataclass(frozen=True)
class Stream:
    """What a piece takes and gives, as declared."""

    text: str
    takes: Unit
    gives: Unit
    takes_word: str
    gives_word: str

    @classmethod
    def parse(cls, text: str) -> Stream:
        """Raises ValueError for what is not written as the module's docstring has it."""
        try:
            coming, going = text.split("→")
            (taken, takes), (given, gives) = (_word_and_unit(side.strip()) for side in (coming, going))
            if gives["x"] and not takes["x"]:
                raise ValueError(text)
        except ValueError:
            raise ValueError(
                f"the stream {text!r} is not of the form 'gradient [g] → direction [g]', 'x → x' or 'x² → 1/x': an "
                "arrow, and on each side a unit of the letters g, θ, α in brackets, or of x, which is what comes in."
            ) from None
        return cls(text, takes, gives, taken, given)

    @property
    def multiplies_by_the_rate(self) -> bool:
        """Whether the learning rate comes into the stream here."""
        return self.gives["α"] - (self.takes["α"] if not self.takes["x"] else Fraction(0)) == 1


def _word_and_unit(side: str) -> tuple[str, Unit]:
    found = re.fullmatch(r"((?:[a-z]{2,}\s+)*)(.+)", side)
    if found is None:
        raise ValueError(side)
    return found[1].strip(), Unit.parse(found[2])


@dataclasses.dataclass(frozen=True)
class Flow:
    """What comes out of a composition, by what goes in.

    Attributes:
      needs: the unit that must go in; None for any.
      gives: the unit that comes out, with x for what goes in where `needs` is None; None where nothing is known of it,
        after a transformation from elsewhere.
      needs_word: "moment" or "rate" where that must go in, else "".
      word: what comes out, such as "rate"; "" where no piece says.
      by: what comes last, for an error.
      needed_by: the piece that wants `needs`.
      reads: a piece that reads `direction`, which only the rate of a precondition shows; "" where none does.
    """

    needs: Unit | None = None
    gives: Unit | None = _X
    needs_word: str = ""
    word: str = ""
    by: str = "what comes in"
    needed_by: str = ""
    reads: str = ""

    def through(self, stream: Stream, call: str) -> Flow:
        """After one more piece. Raises TypeError where it does not fit."""
        word = stream.gives_word or self.word
        untouched = self._as_it_came()
        # An average may be one of moments; where it stands first in a chain, it is one of gradients.
        elsewhere = self.word != stream.takes_word if self.word else untouched and self.by != Flow.by
        if stream.takes_word in _INNER_ONLY and elsewhere:
            raise TypeError(self._misfit(stream, call))
        needs_word = self.needs_word or (stream.takes_word if untouched and stream.takes_word in _INNER_ONLY else "")
        needed_by = self.needed_by or (call if needs_word else "")
        ahead = dataclasses.replace(self, needs_word=needs_word, word=word, by=call, needed_by=needed_by)
        if stream.takes["x"]:
            if self.gives is None:
                gives = None if stream.gives["x"] else stream.gives
            else:
                constant = stream.takes.where(ONE)
                gives = stream.gives.where((self.gives * constant**-1) ** (1 / stream.takes["x"]))
            return dataclasses.replace(ahead, gives=gives)
        if self.gives is None:
            return dataclasses.replace(ahead, gives=stream.gives)
        if self.gives["x"]:
            needs = (stream.takes * self.gives.where(ONE) ** -1) ** (1 / self.gives["x"])
            return dataclasses.replace(ahead, needs=needs, gives=stream.gives, needed_by=needed_by or call)
        if self.gives != stream.takes:
            raise TypeError(self._misfit(stream, call))
        return dataclasses.replace(ahead, gives=stream.gives)

    def then(self, other: Flow) -> Flow:
        """After a whole composition."""
        if other.needs is not None and self.gives is not None:
            passed = self.through(Stream("", other.needs, ONE, other.needs_word, ""), other.needed_by or other.by)
            needs, needs_word, needed_by = passed.needs, passed.needs_word, passed.needed_by
            gives = other.gives
        else:
            stream = Stream("", _X, _X, other.needs_word, "")
            passed = self.through(stream, other.needed_by or other.by)
            needs, needs_word, needed_by = passed.needs, passed.needs_word, passed.needed_by
            gives = None if other.gives is None or (self.gives is None and other.gives["x"]) else other.gives
            gives = gives if gives is None or self.gives is None else gives.where(self.gives)
        if (self.word == other.word == "update") or (gives is not None and gives["α"] > 1):
            raise TypeError(
                f"{self.by} gives {_a(self.word or 'stream')} {self.gives}, which has the learning rate [α] in it, and "
                f"{other.by} multiplies by one again: an update has it once. Leave one out, or put the step of one in "
                "its place, such as scale_by_adam() for adam(…)."
            )
        word = other.word or self.word
        return Flow(needs, gives, needs_word, word, other.by, needed_by, self.reads or other.reads)

    def at(self, unit: Unit = GRADIENT) -> Unit | None:
        """What comes out where this unit goes in; a gradient [g], where none is named."""
        return None if self.gives is None else self.gives.where(unit)

    def _as_it_came(self) -> bool:
        """Whether what flows is still what came in, but for a number."""
        return not self.word and self.gives is not None and self.gives.where(ONE)["g"] == 0 == self.gives["x"] - 1

    def _misfit(self, stream: Stream, call: str) -> str:
        flowing = (
            "gradient [g], where a chain begins with it"
            if self._as_it_came()
            else f"{self.word or 'stream'} {self.gives}"
        )
        remedy = (
            "it belongs into the second argument of precondition(direction, rate), behind what makes a "
            f"{stream.takes_word}"
            if stream.takes_word in _INNER_ONLY
            else "put between them what leads from one to the other, or leave one out"
        )
        return (
            f"{call} takes a {stream.takes_word or 'stream'} {stream.takes}, and {self.by} gives a {flowing}: {remedy}."
        )


def _a(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def unlike(flows: list[Flow]) -> TypeError:
    """The error where streams of two units are to be added."""
    units = " and ".join(f"{flow.by} gives {flow.gives}" for flow in flows)
    return TypeError(f"join: {units}: what is added has one unit. For a product say join(…, units='product').")


def side_by_side(flows: list[Flow], *, product: bool, shows_direction: bool) -> Flow:
    """What comes out of branches that are fed the same stream: their product, or what they all have in common."""
    reads = next((flow.reads for flow in (flows[:1] if shows_direction else flows) if flow.reads), "")
    needs = next((flow.needs for flow in flows if flow.needs is not None), None)
    for flow in flows:
        if flow.needs is not None and flow.needs != needs:
            raise TypeError(
                f"the branches are fed the same stream, and {flows[0].needed_by or flows[0].by} takes {needs}, "
                f"{flow.needed_by} takes {flow.needs}."
            )
    gives = [flow.gives if needs is None or flow.gives is None else flow.gives.where(needs) for flow in flows]
    words = {flow.needs_word: flow.needed_by for flow in flows if flow.needs_word}
    word, by = next(iter(words.items()), ("", next((f.needed_by for f in flows if f.needed_by), "")))
    if product:
        out: Unit | None = ONE
        for unit in gives:
            out = None if out is None or unit is None else out * unit
        made = "step" if shows_direction else ""
        return Flow(needs, out, word, made, " · ".join(flow.by for flow in flows), by, reads)
    known = [unit for unit in gives if unit is not None]
    for other in known[1:]:
        apart = known[0]["x"] - other["x"]
        if apart and needs is None:  # one unit after all, where what goes in has the one that makes them alike
            needs = (other.where(ONE) * known[0].where(ONE) ** -1) ** (1 / apart)
            by = " + ".join(flow.by for flow in flows)
    known = known if needs is None else [unit.where(needs) for unit in known]
    if len(set(known)) > 1:
        raise unlike(flows)
    out = None if None in gives else next(iter(known), None)
    shared = {flow.word for flow in flows}
    kind = shared.pop() if len(shared) == 1 else ""
    return Flow(needs, out, word, kind, " + ".join(flow.by for flow in flows), by, reads)


_REMEDY = (
    "it only makes sense inside the second argument of precondition(direction, rate), which shows it the gradient and "
    "the direction; write precondition(direction, chain(…, this_piece))."
)


def check_runs(flow: Flow) -> None:
    """Raises TypeError where a composition that is run by itself takes what only stands inside `precondition`."""
    if flow.reads:
        raise TypeError(
            f"{flow.reads} reads the direction, and what runs by itself is fed a gradient [g] alone: {_REMEDY}"
        )
    if flow.needs_word or (flow.needs is not None and any(p != 1 for _, p in flow.needs.powers)):
        taken = " ".join(str(x) for x in (flow.needs_word or "stream", flow.needs) if x)
        raise TypeError(f"{flow.needed_by} takes {_a(taken)}, and what runs by itself is fed a gradient [g]: {_REMEDY}")

    if flow.word == "update":
        _check_fed_a_gradient(flow, "a training loop")


def _check_fed_a_gradient(flow: Flow, where: str) -> Unit | None:
    if flow.needs not in (None, GRADIENT):
        raise TypeError(
            f"{where} feeds what it is given the gradient [g], and {flow.needed_by} takes {flow.needs}: put before it "
            "what makes that of a gradient."
        )
    return flow.at()


def check_step(flow: Flow, *, rate_inside: bool) -> None:
    """Raises TypeError where `descent` is given no step: a rate, a moment, or what is an update already."""
    check_runs(flow)
    unit = _check_fed_a_gradient(flow, "descent")
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
    if not 0 <= unit["g"] <= 1 or unit["θ"] not in (0, 1) or unit["g"] + unit["θ"] > 1:
        raise TypeError(
            f"descent: {given}, and a step is between [1], as Adam's, and [g], as SGD's: a rate [1/g] is multiplied on "
            "a direction by precondition(direction, rate), and a moment [g²] becomes a rate by inverse_root()."
        )


def check_update(flow: Flow, wrapper: str) -> None:
    """Raises TypeError where a wrapper that moves parameters is put around what is no update."""
    check_runs(flow)
    unit = _check_fed_a_gradient(flow, wrapper)
    if unit is not None and (unit["α"] != 1 or flow.word not in ("update", "")):
        raise TypeError(
            f"{wrapper} goes around an optimizer, and {flow.by} gives {_a(flow.word or 'step')} {unit}, which is no "
            "update: give it adam(1e-3), or descent(step, learning_rate)."
        )
