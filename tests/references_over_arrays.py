"""The equations of methods that look at an array, or at all of them, as plain NumPy float64 loops.

Nothing here is shared with the library. A reference is `name(params, grad_fn, steps, learning_rate, …)`: params a list
of float64 arrays, grad_fn(params, t0) the list of their gradients at the 0-based step t0; every number may be a
schedule, a function of t0. It returns the parameters after every step, flattened and joined, shape (steps, n); where
others are to be evaluated, a pair.
"""

import numpy as np

TINY = np.finfo(np.float64).tiny


def at(value, t):
    return float(value(t - 1) if callable(value) else value)


def flat(arrays):
    return np.concatenate([x.ravel() for x in arrays])


def norm(arrays):
    return float(np.sqrt(sum(np.sum(x**2) for x in arrays)))


def rms(x):
    return np.sqrt(np.mean(x**2))


def over(x, y):
    """x/y, and 0 for 0/0."""
    return np.where(y == 0, 0.0, x / np.where(y == 0, 1.0, y))


class Decay:
    """Weight decay in its places, of which a method may take one inside: begin(…), inside(…), end(…)."""

    def __init__(self, weight_decay, mode, base_learning_rate, learning_rate, inside=None):
        self.of, self.mode, self.here = weight_decay, mode, inside
        self.base, self.rate = base_learning_rate, learning_rate

    def lam(self, t, mode):
        return at(self.of, t) if self.of is not None and self.mode == mode else 0.0

    def gradient(self, gs, ps, t):
        lam = self.lam(t, "l2") if self.here != "l2" else 0.0
        return [g + lam * p for g, p in zip(gs, ps, strict=True)]

    def inside(self, t):
        return self.lam(t, self.here)

    def shrink(self, t):
        """The share of a parameter that decay outside the step takes."""
        if self.mode == self.here or self.of is None:
            return 0.0
        if self.mode == "independent":
            return (1.0 if self.base is None else at(self.rate, t) / self.base) * at(self.of, t)
        return at(self.rate, t) * self.lam(t, "decoupled")


def lamb(
    params,
    grad_fn,
    steps,
    learning_rate,
    b1=0.9,
    b2=0.999,
    eps=1e-6,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    """You et al. 2019, Algorithm 2."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate, "decoupled")
    ps, ms, vs, out = list(params), [0 * p for p in params], [0 * p for p in params], []
    for t in range(1, steps + 1):
        alpha, b, c, e = at(learning_rate, t), at(b1, t), at(b2, t), at(eps, t)
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        for i, (p, g) in enumerate(zip(ps, gs, strict=True)):
            ms[i] = b * ms[i] + (1 - b) * g
            vs[i] = c * vs[i] + (1 - c) * g * g
            u = over(ms[i] / (1 - b**t), np.sqrt(vs[i] / (1 - c**t)) + e) + decay.inside(t) * p
            n, size = norm([p]), norm([u])
            ps[i] = p - alpha * (n / size if n > 0 and size > 0 else 1.0) * u - decay.shrink(t) * p
        out.append(flat(ps))
    return np.array(out)


def lars(
    params,
    grad_fn,
    steps,
    learning_rate,
    momentum=0.9,
    trust_coefficient=1e-3,
    eps=0.0,
    variant="optax",
    weight_decay=None,
    weight_decay_mode="l2",
    base_learning_rate=None,
):
    """You, Gitman & Ginsburg 2017, Algorithm 1."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate, "l2")
    ps, ms, out = list(params), [0 * p for p in params], []
    for t in range(1, steps + 1):
        gs, lam = grad_fn(ps, t - 1), decay.inside(t)
        for i, (p, g) in enumerate(zip(ps, gs, strict=True)):
            decayed = g + lam * p
            size = norm([decayed]) if variant == "optax" else norm([g]) + lam * norm([p])
            r = at(trust_coefficient, t) * norm([p]) / (size + at(eps, t)) if norm([p]) > 0 and size > 0 else 1.0
            ms[i] = at(momentum, t) * ms[i] + r * decayed
            ps[i] = p - at(learning_rate, t) * ms[i] - decay.shrink(t) * p
        out.append(flat(ps))
    return np.array(out)


def novograd(
    params,
    grad_fn,
    steps,
    learning_rate,
    b1=0.9,
    b2=0.25,
    eps=1e-6,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    """Ginsburg et al. 2019, Algorithm 1."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate, "decoupled")
    ps, ms, vs, out = list(params), [0 * p for p in params], [0.0 for p in params], []
    for t in range(1, steps + 1):
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        for i, (p, g) in enumerate(zip(ps, gs, strict=True)):
            q = np.sum(g**2)
            vs[i] = q if t == 1 else at(b2, t) * vs[i] + (1 - at(b2, t)) * q
            ms[i] = at(b1, t) * ms[i] + over(g, np.sqrt(vs[i]) + at(eps, t)) + decay.inside(t) * p
            ps[i] = p - at(learning_rate, t) * ms[i] - decay.shrink(t) * p
        out.append(flat(ps))
    return np.array(out)


def stable_adamw(
    params,
    grad_fn,
    steps,
    learning_rate,
    b1=0.9,
    b2=0.99,
    eps=1e-8,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    """Wortsman et al. 2023, Algorithm 2."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate, "decoupled")
    ps, ms, vs, out = list(params), [0 * p for p in params], [0 * p for p in params], []
    for t in range(1, steps + 1):
        alpha, b, c, e = at(learning_rate, t), at(b1, t), at(b2, t), at(eps, t)
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        for i, (p, g) in enumerate(zip(ps, gs, strict=True)):
            ms[i] = b * ms[i] + (1 - b) * g
            vs[i] = c * vs[i] + (1 - c) * g * g
            root = np.sqrt(vs[i] / (1 - c**t))
            eta = alpha / max(1.0, rms(over(g, np.maximum(root, e))))
            ps[i] = p - eta * (over(ms[i] / (1 - b**t), root + e) + decay.inside(t) * p) - decay.shrink(t) * p
        out.append(flat(ps))
    return np.array(out)


class Factors:
    """The averages of the means of rows and columns, or of a vector in full."""

    def __init__(self, p):
        self.matrix = p.ndim >= 2
        self.row, self.column = 0 * p, 0
        if self.matrix:
            self.row, self.column = np.mean(0 * p, -1, keepdims=True), np.mean(0 * p, -2, keepdims=True)

    def after(self, q, weight, least=0.0):
        if not self.matrix:
            self.row = self.row + weight * (q - self.row)
            return self.row
        self.row = self.row + weight * (np.mean(q, -1, keepdims=True) - self.row)
        self.column = self.column + weight * (np.mean(q, -2, keepdims=True) - self.column)
        return over(self.row * self.column, np.maximum(np.mean(self.row, -2, keepdims=True), least))


def adafactor(
    params,
    grad_fn,
    steps,
    learning_rate,
    decay_exponent=0.8,
    eps1=None,
    d=1.0,
    beta2_decay=None,
    eps2=1e-3,
    variant="paper",
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    """Shazeer & Stern 2018, Algorithms 4 and 5; torch.optim.Adafactor."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate)
    ps, factors, out = list(params), [Factors(p) for p in params], []
    for t in range(1, steps + 1):
        alpha = at(learning_rate, t)
        w = float(t) ** (-at(decay_exponent, t) if beta2_decay is None else at(beta2_decay, t))
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        for i, (p, g) in enumerate(zip(ps, gs, strict=True)):
            if variant == "paper":
                v = factors[i].after(g * g + (1e-30 if eps1 is None else at(eps1, t)), w)
                u, a = over(g, np.sqrt(v)), alpha
            else:
                e = np.finfo(np.float64).eps if eps1 is None else at(eps1, t)
                v = factors[i].after(g * g, w, e)
                u, a = g / np.sqrt(np.maximum(v, e**2)), min(alpha, t**-0.5) * max(at(eps2, t), rms(p))
            ps[i] = p - a * u / max(1.0, rms(u) / at(d, t)) - decay.shrink(t) * p
        out.append(flat(ps))
    return np.array(out)


def came(
    params,
    grad_fn,
    steps,
    learning_rate,
    b1=0.9,
    b2=0.999,
    b3=0.9999,
    eps1=1e-30,
    eps2=1e-16,
    d=1.0,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    """Luo et al. 2023, Algorithm 2."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate)
    ps, ms, out = list(params), [0 * p for p in params], []
    squares, distances = [Factors(p) for p in params], [Factors(p) for p in params]
    for t in range(1, steps + 1):
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        for i, (p, g) in enumerate(zip(ps, gs, strict=True)):
            u = over(g, np.sqrt(squares[i].after(g * g + at(eps1, t), 1 - at(b2, t))))
            u = u / max(1.0, rms(u) / at(d, t))
            ms[i] = at(b1, t) * ms[i] + (1 - at(b1, t)) * u
            step = ms[i]
            if p.ndim >= 2:
                s = distances[i].after((u - ms[i]) ** 2 + at(eps2, t), 1 - at(b3, t))
                step = over(step, np.sqrt(s))
            ps[i] = p - at(learning_rate, t) * step - decay.shrink(t) * p
        out.append(flat(ps))
    return np.array(out)


def sm3(
    params,
    grad_fn,
    steps,
    learning_rate,
    eps=1e-30,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    """Anil et al. 2019, SM3-II."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate)
    ps, out = list(params), []
    sums = [[np.zeros([n if j == i else 1 for j in range(p.ndim)]) for i, n in enumerate(p.shape)] for p in params]
    for t in range(1, steps + 1):
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        for i, (p, g) in enumerate(zip(ps, gs, strict=True)):
            least = sums[i][0]
            for other in sums[i][1:]:
                least = np.minimum(least, other)
            v = least + g * g
            for j in range(p.ndim):
                sums[i][j] = np.max(v, axis=tuple(k for k in range(p.ndim) if k != j), keepdims=True)
            ps[i] = p - at(learning_rate, t) * over(g, np.sqrt(v + at(eps, t))) - decay.shrink(t) * p
        out.append(flat(ps))
    return np.array(out)


def adam_mini(
    params,
    grad_fn,
    steps,
    learning_rate,
    b1=0.9,
    b2=0.95,
    eps=1e-8,
    block="tensor",
    output_axis=-1,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    """Zhang et al. 2024, Algorithm 1."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate)
    ps, ms, vs, out = list(params), [0 * p for p in params], [0.0] * len(params), []
    for t in range(1, steps + 1):
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        for i, (p, g) in enumerate(zip(ps, gs, strict=True)):
            q = g * g
            if block == "tensor":
                q = np.mean(q)
            elif p.ndim > 1:
                q = np.mean(q, axis=tuple(k for k in range(p.ndim) if k != output_axis % p.ndim), keepdims=True)
            ms[i] = at(b1, t) * ms[i] + (1 - at(b1, t)) * g
            vs[i] = at(b2, t) * vs[i] + (1 - at(b2, t)) * q
            u = over(ms[i] / (1 - at(b1, t) ** t), np.sqrt(vs[i] / (1 - at(b2, t) ** t)) + at(eps, t))
            ps[i] = p - at(learning_rate, t) * u - decay.shrink(t) * p
        out.append(flat(ps))
    return np.array(out)


def prodigy(
    params,
    grad_fn,
    steps,
    learning_rate=1.0,
    b1=0.9,
    b2=0.999,
    eps=1e-8,
    d0=1e-6,
    d_coef=1.0,
    growth_rate=np.inf,
    bias_correction=False,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    """Mishchenko & Defazio 2023, Algorithm 4, and the authors' code."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate, "decoupled")
    ps, out = list(params), []
    ms, vs, sums = ([0 * p for p in params] for _ in range(3))
    r, d, most = 0.0, at(d0, 1), at(d0, 1)
    for t in range(1, steps + 1):
        alpha, b, c, first = at(learning_rate, t), at(b1, t), at(b2, t), at(d0, t)
        b3 = np.sqrt(c)
        k = np.sqrt(1 - c**t) / (1 - b**t) if bias_correction else 1.0
        a = d * alpha * k
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        r = b3 * r + d / first * a * sum(np.sum(g * (q - p)) for g, q, p in zip(gs, params, ps, strict=True))
        sums = [b3 * s + d / first * a * g for s, g in zip(sums, gs, strict=True)]
        ms = [b * m + d * (1 - b) * g for m, g in zip(ms, gs, strict=True)]
        vs = [c * v + d**2 * (1 - c) * g * g for v, g in zip(vs, gs, strict=True)]
        total, new = sum(np.sum(np.abs(s)) for s in sums), d
        if total > 0:
            found = at(d_coef, t) * r / total
            grown = max(d, found) if d == first else d
            most = max(most, found)
            new = min(most, grown * at(growth_rate, t))
            steps_of = [
                over(m, np.sqrt(v) + new * at(eps, t)) + decay.inside(t) * p for m, v, p in zip(ms, vs, ps, strict=True)
            ]
        else:
            steps_of = [0 * p for p in ps]
        ps = [p - a * u - decay.shrink(t) * p for p, u in zip(ps, steps_of, strict=True)]
        d = new
        out.append(flat(ps))
    return np.array(out)


def dadapt_adam(
    params,
    grad_fn,
    steps,
    learning_rate=1.0,
    b1=0.9,
    b2=0.999,
    eps=1e-8,
    d0=1e-6,
    growth_rate=np.inf,
    bias_correction=False,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    """Defazio & Mishchenko 2023, Algorithm 5."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate)
    ps, out = list(params), []
    ms, vs, sums = ([0 * p for p in params] for _ in range(3))
    num, d = 0.0, at(d0, 1)
    for t in range(1, steps + 1):
        b, c, e = at(b1, t), at(b2, t), at(eps, t)
        q = np.sqrt(c)
        a = d * at(learning_rate, t) * (np.sqrt(1 - c**t) / (1 - b**t) if bias_correction else 1.0)
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        product = sum(np.sum(a * g * over(s, np.sqrt(v) + e)) for g, s, v in zip(gs, sums, vs, strict=True))
        ms = [b * m + a * (1 - b) * g for m, g in zip(ms, gs, strict=True)]
        vs = [c * v + (1 - c) * g * g for v, g in zip(vs, gs, strict=True)]
        sums = [q * s + a * (1 - q) * g for s, g in zip(sums, gs, strict=True)]
        num = q * num + (1 - q) * product
        total = sum(np.sum(np.abs(s)) for s in sums)
        moved = [over(m, np.sqrt(v) + e) if total > 0 else 0 * m for m, v in zip(ms, vs, strict=True)]
        if total > 0:
            d = max(d, min(num / ((1 - q) * total), d * at(growth_rate, t)))
        ps = [p - u - decay.shrink(t) * p for p, u in zip(ps, moved, strict=True)]
        out.append(flat(ps))
    return np.array(out)


def dog(
    params,
    grad_fn,
    steps,
    learning_rate=1.0,
    reps_rel=1e-6,
    eps=1e-8,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    """Ivgi, Hinder & Carmon 2023."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate)
    ps, out = list(params), []
    r, total = at(reps_rel, 1) * (1 + norm(params)), 0.0
    for t in range(1, steps + 1):
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        r = max(r, norm([p - q for p, q in zip(ps, params, strict=True)]))
        total += norm(gs) ** 2
        below = total + at(eps, t)
        rate = at(learning_rate, t) * (r / np.sqrt(below) if below > 0 else 0.0)
        ps = [p - rate * g - decay.shrink(t) * p for p, g in zip(ps, gs, strict=True)]
        out.append(flat(ps))
    return np.array(out)


def dowg(
    params,
    grad_fn,
    steps,
    learning_rate=1.0,
    eps=1e-4,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    """Khaled, Mishchenko & Jin 2023, Algorithm 1."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate)
    ps, out = list(params), []
    square, total = at(eps, 1), 0.0
    for t in range(1, steps + 1):
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        square = max(square, norm([p - q for p, q in zip(ps, params, strict=True)]) ** 2)
        total += square * norm(gs) ** 2
        rate = at(learning_rate, t) * (square / np.sqrt(total) if total > 0 else 0.0)
        ps = [p - rate * g - decay.shrink(t) * p for p, g in zip(ps, gs, strict=True)]
        out.append(flat(ps))
    return np.array(out)


def sophia(
    params,
    grad_fn,
    steps,
    learning_rate,
    b1=0.965,
    b2=0.99,
    rho=0.04,
    eps=1e-15,
    update_interval=10,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
    *,
    hessians,
):
    """Liu et al. 2023, Algorithm 3, and the authors' code."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate)
    ps, ms, hs, out = list(params), [0 * p for p in params], [0 * p for p in params], []
    for t in range(1, steps + 1):
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        for i, (p, g) in enumerate(zip(ps, gs, strict=True)):
            if (t - 1) % update_interval == 0:
                hs[i] = at(b2, t) * hs[i] + (1 - at(b2, t)) * hessians[t - 1][i]
            ms[i] = at(b1, t) * ms[i] + (1 - at(b1, t)) * g
            u = np.sign(ms[i]) * np.minimum(over(np.abs(ms[i]), at(rho, t) * hs[i] + at(eps, t)), 1)
            ps[i] = p - at(learning_rate, t) * u - decay.shrink(t) * p
        out.append(flat(ps))
    return np.array(out)


def adahessian(
    params,
    grad_fn,
    steps,
    learning_rate,
    b1=0.9,
    b2=0.999,
    power=1.0,
    eps=1e-8,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
    *,
    hessians,
):
    """Yao et al. 2020, Algorithm 2."""
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate)
    ps, ms, vs, out = list(params), [0 * p for p in params], [0 * p for p in params], []
    for t in range(1, steps + 1):
        b, c = at(b1, t), at(b2, t)
        gs = decay.gradient(grad_fn(ps, t - 1), ps, t)
        for i, (p, g) in enumerate(zip(ps, gs, strict=True)):
            ms[i] = b * ms[i] + (1 - b) * g
            vs[i] = c * vs[i] + (1 - c) * hessians[t - 1][i] ** 2
            u = over(ms[i] / (1 - b**t), (vs[i] / (1 - c**t)) ** (at(power, t) / 2) + at(eps, t))
            ps[i] = p - at(learning_rate, t) * u - decay.shrink(t) * p
        out.append(flat(ps))
    return np.array(out)


def schedule_free(params, grad_fn, steps, learning_rate, b1, step, warmup_steps, decay):
    """Defazio et al. 2024, Algorithm 1: the parameters y, and the average x."""
    x, z, y = list(params), list(params), list(params)
    largest, total, out = 0.0, 0.0, []
    for t in range(1, steps + 1):
        warm = min(1.0, t / warmup_steps) if warmup_steps else 1.0
        alpha = at(learning_rate, t) * warm
        us = step(decay.gradient(grad_fn(y, t - 1), y, t), t)
        largest = max(largest, alpha)
        total += largest**2
        c = largest**2 / total if total > 0 else 0.0
        z = [
            a - alpha * u - decay.shrink(t) * warm * b
            for a, u, b in zip(z, us, y, strict=True)
        ]
        x = [a + c * (b - a) for a, b in zip(x, z, strict=True)]
        y = [(1 - at(b1, t)) * a + at(b1, t) * b for a, b in zip(z, x, strict=True)]
        out.append((flat(y), flat(x)))
    return tuple(np.array(column) for column in zip(*out, strict=True))


def schedule_free_sgd(
    params,
    grad_fn,
    steps,
    learning_rate,
    b1=0.9,
    warmup_steps=0,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate)
    return schedule_free(params, grad_fn, steps, learning_rate, b1, lambda gs, t: gs, warmup_steps, decay)


def schedule_free_adamw(
    params,
    grad_fn,
    steps,
    learning_rate,
    b1=0.9,
    b2=0.999,
    eps=1e-8,
    warmup_steps=0,
    weight_decay=None,
    weight_decay_mode="decoupled",
    base_learning_rate=None,
):
    decay = Decay(weight_decay, weight_decay_mode, base_learning_rate, learning_rate)
    vs = [0 * p for p in params]

    def step(gs, t):
        for i, g in enumerate(gs):
            vs[i] = at(b2, t) * vs[i] + (1 - at(b2, t)) * g * g
        return [over(g, np.sqrt(v / (1 - at(b2, t) ** t)) + at(eps, t)) for g, v in zip(gs, vs, strict=True)]

    return schedule_free(params, grad_fn, steps, learning_rate, b1, step, warmup_steps, decay)


def momentum_step(ms, gs, momentum):
    for i, g in enumerate(gs):
        ms[i] = momentum * ms[i] + g
    return ms


def sharpness_aware(params, grad_fn, steps, learning_rate, rho=0.05, adaptive=False, momentum=0.9):
    """Foret et al. 2020; Kwon et al. 2021: around SGD with momentum."""
    ps, ms, out = list(params), [0 * p for p in params], []
    for t in range(1, steps + 1):
        gs, ws = grad_fn(ps, t - 1), [np.abs(p) if adaptive else np.ones_like(p) for p in ps]
        n = norm([w * g for w, g in zip(ws, gs, strict=True)]) + 1e-12
        there = [p + rho * w**2 * g / n for p, w, g in zip(ps, ws, gs, strict=True)]
        ms = momentum_step(ms, grad_fn(there, t - 1), momentum)
        ps = [p - learning_rate * m for p, m in zip(ps, ms, strict=True)]
        out.append(flat(ps))
    return np.array(out)


def outer_nesterov(
    params, grad_fn, steps, learning_rate, outer_learning_rate=0.7, outer_momentum=0.9, sync_period=5, momentum=0.9
):
    """Douillard et al. 2023, one worker: around SGD with momentum."""
    ps, ms, out = list(params), [0 * p for p in params], []
    slow, sums = list(params), [0 * p for p in params]
    for t in range(1, steps + 1):
        ms = momentum_step(ms, grad_fn(ps, t - 1), momentum)
        ps = [p - learning_rate * m for p, m in zip(ps, ms, strict=True)]
        if t % sync_period == 0:
            ways = [a - b for a, b in zip(slow, ps, strict=True)]
            sums = [outer_momentum * s + w for s, w in zip(sums, ways, strict=True)]
            slow = [
                a - outer_learning_rate * (w + outer_momentum * s) for a, w, s in zip(slow, ways, sums, strict=True)
            ]
            ps = list(slow)
        out.append(flat(ps))
    return np.array(out)


def average_params(path, start, decay=0.999, debias=True, begin=0, period=1):
    """The averages of parameters on a recorded path (steps, n), which began at `start`."""
    average, left, n, out = start, 1.0, 0, []
    for t, p in enumerate(path, 1):
        if t <= begin:
            average = p
        elif (t - begin) % period == 0:
            beta = None if decay is None else at(decay, n + 1)
            n += 1
            left *= 1.0 if beta is None else beta
            w = 1 / n if beta is None else (1 - beta) / (1 - left) if debias else 1 - beta
            average = average + w * (p - average)
        out.append(average)
    return np.array(out)


def centralize(g, p, output_axis=0):
    """Yong et al. 2020."""
    if g.ndim < 2:
        return g
    return g - np.mean(g, tuple(i for i in range(g.ndim) if i != output_axis % g.ndim), keepdims=True)


def orthogonal_gradient(g, p, eps=1e-30):
    """Prieto et al. 2025."""
    o = g - np.sum(p * g) / (np.sum(p * p) + eps) * p
    return o * norm([g]) / (norm([o]) + eps)


def adaptive_grad_clip(g, p, clipping=0.01, eps=1e-3, output_axis=-1):
    """Brock et al. 2021."""
    axes = tuple(i for i in range(g.ndim) if g.ndim < 2 or i != output_axis % g.ndim)
    size, length = (np.sqrt(np.sum(x * x, axis=axes, keepdims=True)) for x in (g, p))
    most = clipping * np.maximum(length, eps)
    return np.where(size > most, g * most / np.maximum(size, 1e-6), g)
